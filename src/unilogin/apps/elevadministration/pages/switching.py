"""Skift af administrativt system: who of the new system is whom, decided where only people can tell."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from unilogin.apps.elevadministration import queries
from unilogin.apps.elevadministration.access import Desk
from unilogin.apps.elevadministration.model import SwitchLine
from unilogin.apps.elevadministration.shown import as_uuid, pass_to_school, render, sought, url_of
from unilogin.domain.access.administering import AdministeredSchool
from unilogin.house import House
from unilogin.kit.db.connection import Connection, acquire, transaction
from unilogin.kit.web.errors import RefusedError
from unilogin.roster.switching.actions import decide_doubt, undo_switch
from unilogin.roster.switching.queries import plan

_TOLD = ("decided", "no_fit", "switch_undone", "switch_late", "too_many")
_MOST_SHOWN = 200
_NOBODY = "="
"""Sent for somebody new. No local id is this: they hold letters and digits."""


async def show_switches(house: House, request: Request, desk: Desk) -> Response:
    """Show the changes of system of a school, newest first."""
    async with acquire(house.pool) as connection:
        school = await pass_to_school(connection, request, desk)
        lines = await queries.switches(connection, school)
    context = {"lines": lines, "here_url": _url(school)}
    return render(house, request, desk, template="switches", school=school, context=context)


async def show_switch(house: House, request: Request, desk: Desk) -> Response:
    """Show one: who is recognised and how, who is in doubt, who would leave."""
    return await _show(house, request, desk, term="")


async def search_switch(house: House, request: Request, desk: Desk) -> Response:
    """Show those of a name or a LocalPersonId. Posted, because a name does not belong in an address."""
    return await _show(house, request, desk, term=sought(desk.value("q")))


async def _show(house: House, request: Request, desk: Desk, *, term: str) -> Response:
    async with acquire(house.pool) as connection:
        school = await pass_to_school(connection, request, desk)
        line = await _pass_to_switch(connection, request, school)
        found = await plan(connection, line.switch_id)
    if found is None:
        raise _unknown(school)
    note, wanted = request.query_params.get("told", ""), term.lower()
    leaving = [one for one in found.leaving if wanted in one.name.lower() or wanted == one.local_person_id.lower()]
    doubts = [
        one
        for one in found.doubts
        if wanted == one.local_person_id.lower() or any(wanted in name.lower() for _, _, name in one.fits)
    ]
    context = {
        "line": line,
        "found": found,
        "doubts": doubts[:_MOST_SHOWN],
        "leaving": leaving[:_MOST_SHOWN],
        "term": term,
        "nobody": _NOBODY,
        "note": note if note in _TOLD else None,
        "list_url": _url(school),
        "here_url": f"{_url(school)}/{line.switch_id}",
    }
    return render(house, request, desk, template="switch", school=school, context=context)


async def decide(house: House, request: Request, desk: Desk) -> Response:
    """Say who somebody in the new system's file is."""
    who, same_as = desk.value("who"), desk.value("same_as")
    async with transaction(house.pool) as tx:
        school = await pass_to_school(tx, request, desk)
        line = await _pass_to_switch(tx, request, school)
        said = bool(same_as) and await decide_doubt(
            tx, line.switch_id, who, same_as=None if same_as == _NOBODY else same_as, actor=desk.actor
        )
    return _back(school, line, "decided" if said else "no_fit")


async def take_back(house: House, request: Request, desk: Desk) -> Response:
    """Drop a plan, or go back to the old system."""
    async with transaction(house.pool) as tx:
        school = await pass_to_school(tx, request, desk)
        line = await _pass_to_switch(tx, request, school)
        found = await plan(tx, line.switch_id)
        new = found.found.get("new", 0) if found and line.run_at else 0
        if await queries.is_for_the_operator(tx, school, source=line.new_source, people=new):
            return _back(school, line, "too_many")
        why = await undo_switch(tx, line.switch_id, actor=desk.actor)
    return _back(school, line, "switch_late" if why else "switch_undone")


async def _pass_to_switch(connection: Connection, request: Request, school: AdministeredSchool) -> SwitchLine:
    """Pass to a change of the school's own system; another school's is as unknown as one that never was."""
    key = as_uuid(request.path_params["switch_id"])
    lines = await queries.switches(connection, school) if key else []
    line = next((one for one in lines if one.switch_id == key), None)
    if line is None:
        raise _unknown(school)
    return line


def _unknown(school: AdministeredSchool) -> RefusedError:
    return RefusedError(404, "elevadministration.stopped.switch", restart_url=_url(school))


def _url(school: AdministeredSchool) -> str:
    return f"{url_of(school)}/systemskift"


def _back(school: AdministeredSchool, line: SwitchLine, told: str) -> Response:
    return RedirectResponse(f"{_url(school)}/{line.switch_id}?told={told}", status_code=303)
