"""Navnebeskyttelse: who is protected, by alias alone, and an alias for those whose system gave none."""

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from unilogin.apps.elevadministration import actions
from unilogin.apps.elevadministration.access import Desk
from unilogin.apps.elevadministration.forms import read_alias
from unilogin.apps.elevadministration.shown import as_uuid, pass_to_school, render, sought, url_of
from unilogin.domain.access.administering import people_in_reach, person_in_reach
from unilogin.domain.directory.protection import give_alias, protected_people
from unilogin.house import House
from unilogin.kit.db.connection import acquire, transaction
from unilogin.kit.web.errors import RefusedError

_TOLD = ("given", "rename_late", "wrong", "alias_late")


async def show_protected(house: House, request: Request, desk: Desk) -> Response:
    """Show who is protected at a school."""
    return await _list(house, request, desk, term="")


async def search_protected(house: House, request: Request, desk: Desk) -> Response:
    """Show those whose alias holds what was typed. Posted, because a name does not belong in an address."""
    return await _list(house, request, desk, term=sought(desk.value("q")))


async def _list(house: House, request: Request, desk: Desk, *, term: str) -> Response:
    async with acquire(house.pool) as connection:
        school = await pass_to_school(connection, request, desk)
        found = await protected_people(connection, school.institution_id, term=term)
        reached = await people_in_reach(connection, school, [one.person_id for one in found])
    people = [replace(one, tells_name=one.tells_name and one.person_id in reached) for one in found]
    note = request.query_params.get("told", "")
    context = {
        "waiting": [one for one in people if one.is_neutral and one.person_id in reached],
        "lines": [one for one in people if not (one.is_neutral and one.person_id in reached)],
        "term": term,
        "note": note if note in _TOLD else None,
        "here_url": f"{url_of(school)}/navnebeskyttelse",
    }
    return render(house, request, desk, template="protection", school=school, context=context)


async def set_alias(house: House, request: Request, desk: Desk) -> Response:
    """Give somebody protected the alias that their system did not give."""
    alias = read_alias(desk.value)
    async with transaction(house.pool) as tx:
        school = await pass_to_school(tx, request, desk)
        key = as_uuid(request.path_params["person_id"])
        person = await person_in_reach(tx, school, key) if key else None
        url = f"{url_of(school)}/navnebeskyttelse"
        if person is None:
            raise RefusedError(404, "elevadministration.stopped.person", restart_url=url)
        if alias is None:
            return RedirectResponse(f"{url}?told=wrong", status_code=303)
        given = await give_alias(
            tx,
            person.person_id,
            first_name=alias[0],
            family_name=alias[1],
            institution_id=school.institution_id,
            actor=desk.actor,
        )
    return RedirectResponse(f"{url}?told={'given' if given else 'alias_late'}", status_code=303)


async def rename(house: House, request: Request, desk: Desk) -> Response:
    """Give somebody protected a username that does not tell the hidden name, and show it to be handed over.

    Pressed twice it gives one and shows it twice; whoever is offered none is not named.
    """
    async with transaction(house.pool) as tx:
        school = await pass_to_school(tx, request, desk)
        url = f"{url_of(school)}/navnebeskyttelse"
        key = as_uuid(request.path_params["person_id"])
        person = await person_in_reach(tx, school, key) if key else None
        if person is None:
            raise RefusedError(404, "elevadministration.stopped.person", restart_url=url)
        renamed = await actions.rename(tx, person, secrets=house.secrets, actor=desk.actor)
    if renamed is None:
        return RedirectResponse(f"{url}?told=rename_late", status_code=303)
    context = {"renamed": renamed, "back_url": url}
    return render(house, request, desk, template="new_username", school=school, context=context)
