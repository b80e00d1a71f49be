"""Skift af administrativt system: who of the new system is whom, decided where only people can tell."""

from datetime import datetime, timedelta
from functools import partial

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from unilogin.apps.elevadministration import queries
from unilogin.apps.elevadministration.access import Desk
from unilogin.apps.elevadministration.model import SwitchLine
from unilogin.apps.elevadministration.shown import (
    Sheets,
    as_uuid,
    page_of,
    pass_to_school,
    render,
    sought,
    url_of,
)
from unilogin.domain.access.administering import AdministeredSchool
from unilogin.house import House
from unilogin.kit.danish_time import danish_time
from unilogin.kit.db.connection import Connection, acquire, transaction
from unilogin.kit.web.errors import RefusedError
from unilogin.roster.messages import grade_in_words, what_is_wrong, what_to_do
from unilogin.roster.switching.actions import decide_doubt
from unilogin.roster.switching.going_back import adults_who_come_back
from unilogin.roster.switching.model import Doubt, GradeJump, Leaving, NotSwitched, Unread
from unilogin.roster.switching.ordering import FAILED, KEPT_DAYS, order_of
from unilogin.roster.switching.queries import plan
from unilogin.roster.switching.retiring import MOST_DAYS_BESIDE, USUAL_DAYS_BESIDE
from unilogin.roster.switching.uploads import being_read, unread_of

_TOLD = (
    "decided",
    "no_fit",
    "planned",
    "wanted",
    "agreed",
    "withdrawn",
    "switch_done",
    "bad_time",
    "bad_end",
    "end_moved",
    "not_back",
    "switch_changed",
    "switch_undone",
    "switch_late",
    "too_many",
)
_GOOD = ("decided", "planned", "wanted", "agreed", "withdrawn", "switch_done", "switch_undone", "end_moved", "not_back")
_PAGE = 50
_NOBODY = "="
"""Sent for somebody new. No local id is this: they hold letters and digits."""

ANSWERS = {
    NotSwitched.UNDECIDED.value: "undecided",
    NotSwitched.REFUSED.value: "refused",
    NotSwitched.MANY_LEAVE.value: "changed",
    NotSwitched.TOO_OLD.value: "late",
    NotSwitched.GUARDED.value: "guarded",
    FAILED: "failed",
}
"""What came of an order that came to nothing, as a part of a message code."""


async def show_switches(house: House, request: Request, desk: Desk) -> Response:
    """Show the changes of system of a school, newest first."""
    async with acquire(house.pool) as connection:
        school = await pass_to_school(connection, request, desk)
        lines = await queries.switches(connection, school)
        reading = await being_read(connection, school.institution_id)
    context = {"lines": lines, "reading": reading, "here_url": url_of_switches(school)}
    return render(house, request, desk, template="switches", school=school, context=context)


async def show_switch(house: House, request: Request, desk: Desk) -> Response:
    """Show one: who is recognised and how, who is in doubt, who would leave, and who wants it run when."""
    return await _show(house, request, desk, term="")


async def search_switch(house: House, request: Request, desk: Desk) -> Response:
    """Show those of a name, a class or a LocalPersonId. Posted: a name does not belong in an address."""
    return await _show(house, request, desk, term=sought(desk.value("q")))


async def _show(house: House, request: Request, desk: Desk, *, term: str) -> Response:
    async with acquire(house.pool) as connection:
        school = await pass_to_school(connection, request, desk)
        line = await pass_to_switch(connection, request, school)
        found = await plan(connection, line.switch_id)
        order = await order_of(connection, line.switch_id, reader=desk.visit.account_id)
        adults = await adults_who_come_back(connection, line.switch_id) if line.run_at else 0
        unread = Unread() if line.run_at or line.undone_at else await unread_of(connection, line.switch_id)
    if found is None or order is None:
        raise _unknown(school)
    texts, language = house.texts, house.pages.language(request)
    doubts = sorted((one for one in found.doubts if _is_doubt_of(one, term)), key=lambda one: one.decided is not None)
    leaving = [one for one in found.leaving if _is_leaving_of(one, term)]
    jumps = [one for one in found.jumps if _is_jump_of(one, term)]
    asked = "" if term else request.query_params.get("tvivl", "")
    of_doubts = Sheets.of(len(doubts), page=page_of(asked), size=_PAGE)
    of_jumps = Sheets.of(len(jumps), page=1 if term else page_of(request.query_params.get("spring", "")), size=_PAGE)
    of_leaving = Sheets.of(len(leaving), page=1 if term else page_of(request.query_params.get("side", "")), size=_PAGE)
    note = request.query_params.get("told", "")
    context = {
        "line": line,
        "found": found,
        "order": order,
        "adults": adults,
        "answer": ANSWERS.get(order.answer, "failed") if order.answer else None,
        "kept_days": KEPT_DAYS,
        **_ends(desk.visit.who.now, line),
        "doubts": of_doubts.part(doubts),
        "of_doubts": of_doubts,
        "jumps": of_jumps.part(jumps),
        "of_jumps": of_jumps,
        "grade": partial(grade_in_words, texts, language),
        "unread": unread,
        "why_unread": [
            (one, what_is_wrong(texts, language, one), what_to_do(texts, language, one)) for one in unread.findings
        ],
        "leaving": of_leaving.part(leaving),
        "of_leaving": of_leaving,
        "term": term,
        "nobody": _NOBODY,
        "note": note if note in _TOLD else None,
        "is_good": note in _GOOD,
        "list_url": url_of_switches(school),
        "here_url": f"{url_of_switches(school)}/{line.switch_id}",
    }
    return render(house, request, desk, template="switch", school=school, context=context)


def _ends(now: datetime, line: SwitchLine) -> dict[str, object]:
    """Return the days between which the old system's people may go, and the one that is proposed."""
    first = danish_time(line.run_at or now).date()
    day = danish_time(line.retire_at).date() if line.retire_at else first + timedelta(days=USUAL_DAYS_BESIDE)
    return {
        "end_day": day.isoformat(),
        "end_first": (danish_time(now).date() + timedelta(days=1)).isoformat(),
        "end_last": (first + timedelta(days=MOST_DAYS_BESIDE)).isoformat(),
        "most_beside": MOST_DAYS_BESIDE,
        "goes_soon": line.retire_at is not None and line.retire_at <= now,
    }


def _is_doubt_of(one: Doubt, term: str) -> bool:
    wanted = term.lower()
    ids = (one.local_person_id.lower(), *(fit.local_person_id.lower() for fit in one.fits))
    names = (one.name or "", *(fit.name for fit in one.fits))
    return wanted in ids or wanted == (one.group or "").lower() or any(wanted in name.lower() for name in names)


def _is_leaving_of(one: Leaving, term: str) -> bool:
    wanted = term.lower()
    return wanted in one.name.lower() or wanted in (one.local_person_id.lower(), (one.group or "").lower())


def _is_jump_of(one: GradeJump, term: str) -> bool:
    wanted = term.lower()
    ids = ((one.local_person_id or "").lower(), (one.group or "").lower())
    return wanted in (one.name or "").lower() or wanted in ids or not wanted


async def decide(house: House, request: Request, desk: Desk) -> Response:
    """Say who somebody in the new system's file is."""
    who, same_as = desk.value("who"), desk.value("same_as")
    async with transaction(house.pool) as tx:
        school = await pass_to_school(tx, request, desk)
        line = await pass_to_switch(tx, request, school)
        said = bool(same_as) and await decide_doubt(
            tx, line.switch_id, who, same_as=None if same_as == _NOBODY else same_as, actor=desk.actor
        )
    return back(school, line, "decided" if said else "no_fit")


async def pass_to_switch(connection: Connection, request: Request, school: AdministeredSchool) -> SwitchLine:
    """Pass to a change of the school's own system; another school's is as unknown as one that never was."""
    key = as_uuid(request.path_params["switch_id"])
    lines = await queries.switches(connection, school) if key else []
    line = next((one for one in lines if one.switch_id == key), None)
    if line is None:
        raise _unknown(school)
    return line


def _unknown(school: AdministeredSchool) -> RefusedError:
    return RefusedError(404, "elevadministration.stopped.switch", restart_url=url_of_switches(school))


def url_of_switches(school: AdministeredSchool) -> str:
    """Return the address of the list of a school's changes of system."""
    return f"{url_of(school)}/systemskift"


def back(school: AdministeredSchool, line: SwitchLine, told: str) -> Response:
    """Go back to the page of a change of system, and say there what came of it."""
    address = f"{url_of_switches(school)}/{line.switch_id}"
    return RedirectResponse(f"{address}?told={told}" if told else address, status_code=303)
