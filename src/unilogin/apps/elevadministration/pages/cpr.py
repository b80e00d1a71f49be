"""Skift CPR-nummer: people who came with another number, both sides of each, what follows, and somebody's word."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from unilogin.apps.elevadministration.access import Desk
from unilogin.apps.elevadministration.forms import masked
from unilogin.apps.elevadministration.shown import Sheets, as_uuid, page_of, pass_to_school, render, sought, url_of
from unilogin.domain.access.administering import AdministeredSchool
from unilogin.house import House
from unilogin.kit.db.connection import Connection, acquire, transaction
from unilogin.kit.web.errors import RefusedError
from unilogin.roster.cpr_cases import CprCase, accept, analyse, dismiss, open_cases

_PAGE = 50
_TOLD = ("accepted", "dismissed", "taken", "cpr_late", "holds_rights")


async def show_cases(house: House, request: Request, desk: Desk) -> Response:
    """Show who waits because of another CPR number."""
    return await _list(house, request, desk, term="")


async def search_cases(house: House, request: Request, desk: Desk) -> Response:
    """Show those of a name or a LocalPersonId. Posted, because a name does not belong in an address."""
    return await _list(house, request, desk, term=sought(desk.value("q")))


async def _list(house: House, request: Request, desk: Desk, *, term: str) -> Response:
    async with acquire(house.pool) as connection:
        school = await pass_to_school(connection, request, desk)
        cases = await open_cases(connection, school.institution_id)
    note = request.query_params.get("told", "")
    wanted = term.lower()
    found = [one for one in cases if wanted in one.name.lower() or wanted == one.local_person_id.lower()]
    page = 1 if term else page_of(request.query_params.get("side", ""))
    sheets = Sheets.of(len(found), page=page, size=_PAGE)
    context = {
        "cases": sheets.part(found),
        "sheets": sheets,
        "term": term,
        "note": note if note in _TOLD else None,
        "here_url": _url(school),
    }
    return render(house, request, desk, template="cpr", school=school, context=context)


async def show_case(house: House, request: Request, desk: Desk) -> Response:
    """Show both sides of one, and what follows from taking the number over (Analysér)."""
    async with acquire(house.pool) as connection:
        school = await pass_to_school(connection, request, desk)
        case = await _pass_to_case(connection, request, school)
        analysis = await analyse(connection, case.case_id, secrets=house.secrets)
    if analysis is None:
        raise _unknown(school)
    context = {
        "case": case,
        "found": analysis,
        "number": masked(analysis.number, protected=case.protected),
        "told_number": masked(analysis.told_number, protected=case.protected),
        "back_url": _url(school),
        "here_url": f"{_url(school)}/{case.case_id}",
    }
    return render(house, request, desk, template="cpr_case", school=school, context=context)


async def accept_number(house: House, request: Request, desk: Desk) -> Response:
    """Take the number over: the same person, the same username."""
    async with transaction(house.pool) as tx:
        school = await pass_to_school(tx, request, desk)
        case = await _pass_to_case(tx, request, school)
        if not case.for_office:
            return RedirectResponse(f"{_url(school)}?told=holds_rights", status_code=303)
        accepted = await accept(tx, case.case_id, secrets=house.secrets, actor=desk.actor)
    told = "cpr_late" if accepted is None else "accepted" if accepted else "taken"
    return RedirectResponse(f"{_url(school)}?told={told}", status_code=303)


async def dismiss_number(house: House, request: Request, desk: Desk) -> Response:
    """Say that the number is wrong: the person stays as they are."""
    async with transaction(house.pool) as tx:
        school = await pass_to_school(tx, request, desk)
        case = await _pass_to_case(tx, request, school)
        dismissed = await dismiss(tx, case.case_id, actor=desk.actor)
    return RedirectResponse(f"{_url(school)}?told={'dismissed' if dismissed else 'cpr_late'}", status_code=303)


async def _pass_to_case(connection: Connection, request: Request, school: AdministeredSchool) -> CprCase:
    """Pass to a case of the school; another school's is as unknown as one that is settled or never was."""
    key = as_uuid(request.path_params["case_id"])
    cases = await open_cases(connection, school.institution_id) if key else []
    case = next((one for one in cases if one.case_id == key), None)
    if case is None:
        raise _unknown(school)
    return case


def _unknown(school: AdministeredSchool) -> RefusedError:
    return RefusedError(404, "elevadministration.stopped.case", restart_url=_url(school))


def _url(school: AdministeredSchool) -> str:
    return f"{url_of(school)}/cpr"
