"""Manuelle tilknytninger: people whom the office adds by hand, for a year at a time, and "Bekræft"."""

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from unilogin.apps.elevadministration.access import Desk
from unilogin.apps.elevadministration.actions import ask_for_second_word
from unilogin.apps.elevadministration.forms import LEVELS, ROLES, Typed, masked, read_person
from unilogin.apps.elevadministration.shown import as_uuid, pass_to_school, render, sought, url_of
from unilogin.domain.access.administering import AdministeredSchool
from unilogin.domain.access.returning import Asked, add_or_ask, agree, is_return_of, open_returns, refuse
from unilogin.domain.directory import manual
from unilogin.domain.directory.manual import AddedPerson, NotAdded, Place
from unilogin.domain.directory.model import AccountId
from unilogin.domain.directory.newcomers import Newcomer
from unilogin.house import House
from unilogin.kit.db.connection import Connection, Transaction, acquire, transaction
from unilogin.kit.secrets import CprVault
from unilogin.kit.web.errors import RefusedError

_TOLD = ("added", "confirmed", "ended", "return_asked", "return_refused", "return_late")
_FIELDS = (
    "first_name",
    "family_name",
    "role",
    "level",
    "group",
    "protected",
    "alias_first_name",
    "alias_family_name",
)
"""What a form that was wrong shows again. The CPR number is typed anew."""


class _Line(NamedTuple):
    person: AddedPerson
    cpr: str | None


async def show_manual(house: House, request: Request, desk: Desk) -> Response:
    """Show who was added by hand, and until when."""
    return await _list(house, request, desk, term="")


async def search_manual(house: House, request: Request, desk: Desk) -> Response:
    """Show those whose name holds what was typed. Posted, because a name does not belong in an address."""
    return await _list(house, request, desk, term=sought(desk.value("q")))


async def _list(house: House, request: Request, desk: Desk, *, term: str) -> Response:
    async with acquire(house.pool) as connection:
        school = await pass_to_school(connection, request, desk)
        people = await manual.added_people(connection, school.institution_id, term=term)
        returns = await open_returns(connection, school.institution_id, reader=desk.visit.account_id)
    vault = house.secrets.cpr_vault()
    note = request.query_params.get("told", "")
    context = {
        "lines": [_Line(one, _cpr(vault, one)) for one in people],
        "returns": returns,
        "term": term,
        "note": note if note in _TOLD else None,
        "here_url": f"{url_of(school)}/manuel",
    }
    return render(house, request, desk, template="manual", school=school, context=context)


def _cpr(vault: CprVault, person: AddedPerson) -> str | None:
    if person.cpr_sealed is None:
        return None
    return masked(vault.open(person.cpr_sealed, person.person_id), protected=person.protected)


async def show_new(house: House, request: Request, desk: Desk) -> Response:
    """Show the form for somebody new."""
    async with acquire(house.pool) as connection:
        school = await pass_to_school(connection, request, desk)
    return _form(house, request, desk, school=school, wrong={})


def _form(
    house: House,
    request: Request,
    desk: Desk,
    *,
    school: AdministeredSchool,
    wrong: Mapping[str, str],
    why: NotAdded | None = None,
) -> Response:
    context = {
        "typed": {name: desk.value(name) for name in _FIELDS},
        "wrong": wrong,
        "why": why,
        "roles": ROLES,
        "levels": LEVELS,
        "here_url": f"{url_of(school)}/manuel",
    }
    status = 422 if wrong or why else 200
    return render(house, request, desk, template="add", school=school, context=context, status=status)


async def add(house: House, request: Request, desk: Desk) -> Response:
    """Add somebody for a year."""
    typed = read_person(desk.value)
    async with transaction(house.pool) as tx:
        school = await pass_to_school(tx, request, desk)
        if not isinstance(typed, Typed):
            return _form(house, request, desk, school=school, wrong=typed)
        added = await _add(tx, desk, school, typed, vault=house.secrets.cpr_vault())
    if isinstance(added, NotAdded):
        return _form(house, request, desk, school=school, wrong={}, why=added)
    return _back(school, "return_asked" if isinstance(added, Asked) else "added")


def _back(school: AdministeredSchool, told: str) -> Response:
    return RedirectResponse(f"{url_of(school)}/manuel?told={told}", status_code=303)


async def _add(
    tx: Transaction, desk: Desk, school: AdministeredSchool, typed: Typed, *, vault: CprVault
) -> AccountId | NotAdded | Asked:
    who = Newcomer.read(
        typed.cpr, first_name=typed.first_name, family_name=typed.family_name, alias=typed.alias, vault=vault
    )
    place = Place(school.institution_id, typed.actor_group, typed.role, typed.level, typed.group)
    added = await add_or_ask(tx, who, place, by=desk.visit.account_id, actor=desk.actor, vault=vault)
    if isinstance(added, Asked) and added.is_new:
        await ask_for_second_word(tx, school)
    return added


async def _pass_to_return(connection: Connection, request: Request, school: AdministeredSchool) -> UUID:
    """Pass to what was proposed at the school; another school's is as unknown as what never was."""
    key = as_uuid(request.path_params["return_id"])
    if key is None or not await is_return_of(connection, key, institution_id=school.institution_id):
        raise RefusedError(404, "elevadministration.stopped.person", restart_url=f"{url_of(school)}/manuel")
    return key


async def agree_to_return(house: House, request: Request, desk: Desk) -> Response:
    """Say yes, as the second person, to adding somebody who holds a right."""
    async with transaction(house.pool) as tx:
        school = await pass_to_school(tx, request, desk)
        key = await _pass_to_return(tx, request, school)
        added = await agree(tx, key, institution_id=school.institution_id, actor=desk.actor)
    return _back(school, "return_late" if added is None or isinstance(added, NotAdded) else "added")


async def refuse_return(house: House, request: Request, desk: Desk) -> Response:
    """Say no to it, or want it no more."""
    async with transaction(house.pool) as tx:
        school = await pass_to_school(tx, request, desk)
        key = await _pass_to_return(tx, request, school)
        refused = await refuse(tx, key, institution_id=school.institution_id, actor=desk.actor)
    return _back(school, "return_refused" if refused else "return_late")


async def confirm(house: House, request: Request, desk: Desk) -> Response:
    """Let somebody stay another year from now."""
    async with transaction(house.pool) as tx:
        school = await pass_to_school(tx, request, desk)
        key = as_uuid(request.path_params["membership_id"])
        here = school.institution_id
        if key is None or not await manual.confirm(
            tx, key, institution_id=here, by=desk.visit.account_id, actor=desk.actor
        ):
            raise RefusedError(404, "elevadministration.stopped.person", restart_url=f"{url_of(school)}/manuel")
    return _back(school, "confirmed")


async def end(house: House, request: Request, desk: Desk) -> Response:
    """End what was added by hand."""
    async with transaction(house.pool) as tx:
        school = await pass_to_school(tx, request, desk)
        key = as_uuid(request.path_params["membership_id"])
        if key is None or not await manual.end(tx, key, institution_id=school.institution_id, actor=desk.actor):
            raise RefusedError(404, "elevadministration.stopped.person", restart_url=f"{url_of(school)}/manuel")
    return _back(school, "ended")
