"""Deling: two pupils who were taken for one; what is whose, and the name and number of the one who gets an account."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from unilogin.apps.elevadministration.access import Desk
from unilogin.apps.elevadministration.actions import ask_for_second_word
from unilogin.apps.elevadministration.forms import is_name
from unilogin.apps.elevadministration.pages.merging import merging_page, url_of_merging
from unilogin.apps.elevadministration.shown import as_uuid, pass_to_school, render, sought
from unilogin.domain.access.administering import AdministeredSchool
from unilogin.domain.access.correcting import NotCorrectable, PupilToCorrect, pupil_to_correct
from unilogin.domain.directory.cpr import Cpr, CprError, read_cpr
from unilogin.domain.identity import proposing
from unilogin.domain.identity.foreseeing import places_of
from unilogin.domain.identity.queries import side_of_account
from unilogin.domain.services.following import services_that_know
from unilogin.house import House
from unilogin.kit.db.connection import Connection, acquire, transaction

_TYPED = ("first_name", "family_name")


async def analyse(house: House, request: Request, desk: Desk) -> Response:
    """Show what an account has, to say what is whose. Posted: usernames do not belong in an address."""
    return await _form(house, request, desk, wrong={})


async def _form(house: House, request: Request, desk: Desk, *, wrong: dict[str, str]) -> Response:
    async with acquire(house.pool) as connection:
        school = await pass_to_school(connection, request, desk)
        kept = await _pass_to_pupil(connection, desk, school)
        if not isinstance(kept, NotCorrectable):
            side = await side_of_account(connection, kept.account_id, vault=house.secrets.cpr_vault())
            places = await places_of(connection, kept.person_id)
            services = await services_that_know(connection, kept.account_id)
    if isinstance(kept, NotCorrectable):
        return await merging_page(house, request, desk, wrong={"username": kept.value})
    context = {
        "side": side,
        "places": [(one, one.institution_id == school.institution_id) for one in places],
        "chosen": set(_sent(desk, "membership")),
        "services": services,
        "theirs": set(_sent(desk, "service")),
        "typed": {name: desk.value(name) for name in _TYPED},
        "wrong": wrong,
        "here_url": url_of_merging(school),
    }
    return render(house, request, desk, template="split", school=school, context=context, status=422 if wrong else 200)


async def propose(house: House, request: Request, desk: Desk) -> Response:
    """Propose a split to a second person."""
    number, wrong = _read(desk)
    if wrong:
        return await _form(house, request, desk, wrong=wrong)
    async with transaction(house.pool) as tx:
        school = await pass_to_school(tx, request, desk)
        kept = await _pass_to_pupil(tx, desk, school)
        made = None
        if not isinstance(kept, NotCorrectable):
            theirs = set(_sent(desk, "service"))
            known = await services_that_know(tx, kept.account_id)
            made = await proposing.propose_split(
                tx,
                school,
                kept=kept,
                names=(desk.value("first_name"), desk.value("family_name")),
                memberships=_sent(desk, "membership"),
                subjects=[one.subject for one in known if one.service_id in theirs],
                number=number,
                vault=house.secrets.cpr_vault(),
                actor=desk.actor,
            )
        if made is not None:
            await ask_for_second_word(tx, school)
            return RedirectResponse(f"{url_of_merging(school)}/{made}?told=proposed", status_code=303)
    return await _form(house, request, desk, wrong={"membership": "membership"})


def _read(desk: Desk) -> tuple[Cpr | None, dict[str, str]]:
    """Return the number, if one was typed, and field → code of what is wrong."""
    wrong = {name: "name" for name in _TYPED if not is_name(desk.value(name))}
    if not _sent(desk, "membership"):
        wrong["membership"] = "membership"
    number = None
    if text := desk.value("cpr"):
        try:
            number = read_cpr(text)
        except CprError:
            wrong["cpr"] = "cpr"
    return number, wrong


def _sent(desk: Desk, name: str) -> list[UUID]:
    sent = (desk.fields or {}).get(name, [])
    return [key for key in map(as_uuid, sent) if key is not None]


async def _pass_to_pupil(
    connection: Connection, desk: Desk, school: AdministeredSchool
) -> PupilToCorrect | NotCorrectable:
    found = await pupil_to_correct(connection, desk.administrator, sought(desk.value("username")))
    if isinstance(found, PupilToCorrect) and school.institution_id not in found.places:
        return NotCorrectable.UNKNOWN
    return found
