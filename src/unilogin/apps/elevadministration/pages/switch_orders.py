"""Skift af administrativt system: when the new system takes over by the word of two, and the way back.

Loading is done by a process of its own: nobody else waits for it.
"""

import re
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from unilogin.apps.elevadministration import queries
from unilogin.apps.elevadministration.access import Desk
from unilogin.apps.elevadministration.actions import ask_for_second_word
from unilogin.apps.elevadministration.pages.switching import back, pass_to_switch
from unilogin.apps.elevadministration.shown import pass_to_school
from unilogin.domain.directory.model import AccountId
from unilogin.house import House
from unilogin.kit.danish_time import moment_of
from unilogin.kit.db.connection import acquire, transaction
from unilogin.roster.switching.actions import undo_switch
from unilogin.roster.switching.going_back import agree_to_undo, order_undo
from unilogin.roster.switching.model import NotSwitched, SwitchId
from unilogin.roster.switching.ordering import (
    agree_to_run,
    drop_first_file,
    order_of,
    order_run,
    withdraw,
)
from unilogin.roster.switching.queries import plan
from unilogin.roster.switching.retiring import MOST_DAYS_BESIDE, move_retirement
from unilogin.roster.tasks import begin, soon

_DAY, _CLOCK = re.compile(r"\d{4}-\d\d-\d\d", re.A), re.compile(r"\d\d[:.]\d\d", re.A)
AT_NIGHT = "04:00"
"""When the old system's people go, on the day that was chosen."""


async def order(house: House, request: Request, desk: Desk) -> Response:
    """Want a plan run, now or at a time; somebody else has to agree."""
    is_later = desk.value("when") == "later" or bool(desk.value("day"))  # whoever chose a day did not mean now
    due_at = _moment(desk.value("day"), desk.value("clock")) if is_later else None
    async with transaction(house.pool) as tx:
        school = await pass_to_school(tx, request, desk)
        line = await pass_to_switch(tx, request, school)
        if is_later and (due_at is None or due_at <= desk.visit.who.now):
            return back(school, line, "bad_time")
        retire_at = _moment(desk.value("until"), AT_NIGHT) if desk.value("retire") == "later" else None
        if desk.value("retire") == "later" and not _is_end(retire_at, after=due_at or desk.visit.who.now):
            return back(school, line, "bad_end")
        by = desk.visit.account_id
        why = await order_run(tx, line.switch_id, by=by, due_at=due_at, retire_at=retire_at, actor=desk.actor)
        if why is None:
            await ask_for_second_word(tx, school)
    if why is None:
        return back(school, line, "wanted")
    return back(school, line, "bad_time" if is_later and why is NotSwitched.UNKNOWN else "switch_changed")


def _is_end(moment: datetime | None, *, after: datetime) -> bool:
    return moment is not None and after < moment <= after + timedelta(days=MOST_DAYS_BESIDE)


def _moment(day: str, clock: str) -> datetime | None:
    """Return the moment of a day and a time as the clocks in Denmark show it, or None for what is none."""
    if not (_DAY.fullmatch(day) and _CLOCK.fullmatch(clock)):
        return None
    try:
        return moment_of(datetime.fromisoformat(f"{day}T{clock.replace('.', ':')}"))
    except ValueError:
        return None


async def agree(house: House, request: Request, desk: Desk) -> Response:
    """Agree to what another one wants; what is due is run at once."""
    async with transaction(house.pool) as tx:
        school = await pass_to_school(tx, request, desk)
        line = await pass_to_switch(tx, request, school)
        seen, is_back = desk.value("seen"), line.run_at is not None
        if is_back:
            agreed = await agree_to_undo(tx, line.switch_id, seen=seen, actor=desk.actor)
        else:
            agreed = await agree_to_run(tx, line.switch_id, seen=seen, actor=desk.actor) is None
    if not agreed:
        return back(school, line, "switch_changed")
    done = "switch_undone" if is_back else "switch_done"
    return back(school, line, await _carried_out(house, line.switch_id, reader=desk.visit.account_id, done=done))


async def withdraw_order(house: House, request: Request, desk: Desk) -> Response:
    """Want a run no more."""
    async with transaction(house.pool) as tx:
        school = await pass_to_school(tx, request, desk)
        line = await pass_to_switch(tx, request, school)
        done = await withdraw(tx, line.switch_id, actor=desk.actor)
    said = "withdrawn" if line.run_at is None else "not_back"
    return back(school, line, said if done else "switch_changed")


async def move_end(house: House, request: Request, desk: Desk) -> Response:
    """Let the old system's people go at another time, or soon: before it comes, one word is enough."""
    is_now = desk.value("when") == "now"
    to = None if is_now else _moment(desk.value("until"), AT_NIGHT)
    async with transaction(house.pool) as tx:
        school = await pass_to_school(tx, request, desk)
        line = await pass_to_switch(tx, request, school)
        if line.state != "both":
            return back(school, line, "switch_changed")
        if not is_now and (to is None or not desk.visit.who.now < to):
            return back(school, line, "bad_end")
        moved = await move_retirement(tx, line.switch_id, to=to, actor=desk.actor)
    return back(school, line, "end_moved" if moved else "bad_end")


async def take_back(house: House, request: Request, desk: Desk) -> Response:
    """Drop a plan, or go back to the old system."""
    async with transaction(house.pool) as tx:
        school = await pass_to_school(tx, request, desk)
        line = await pass_to_switch(tx, request, school)
        if line.run_at is None:
            why = await undo_switch(tx, line.switch_id, actor=desk.actor)
            await drop_first_file(tx, line.switch_id)
            return back(school, line, "switch_late" if why else "switch_undone")
        found = await plan(tx, line.switch_id)
        new = found.found.get("new", 0) if found else 0
        if await queries.is_for_the_operator(tx, school, source=line.new_source, people=new):
            return back(school, line, "too_many")
        if not await order_undo(tx, line.switch_id, by=desk.visit.account_id, actor=desk.actor):
            return back(school, line, "switch_late")
        order = await order_of(tx, line.switch_id, reader=desk.visit.account_id)
        if order is not None and order.agreed_at is None:
            await ask_for_second_word(tx, school)
            return back(school, line, "wanted")
    return back(
        school, line, await _carried_out(house, line.switch_id, reader=desk.visit.account_id, done="switch_undone")
    )


async def _carried_out(house: House, switch_id: SwitchId, *, reader: AccountId, done: str) -> str:
    """Have what is due done by a process of its own; return what to say, nothing while it is under way or not due."""
    async with acquire(house.pool) as connection:
        ordered = await order_of(connection, switch_id, reader=reader)
    if ordered is None or not ordered.is_due:
        return "agreed"
    begin(house.heavy)
    ordered = await soon(
        house.pool,
        lambda connection: order_of(connection, switch_id, reader=reader),
        is_done=lambda found: found is None or not found.is_under_way,
    )
    return done if ordered and not ordered.is_under_way and ordered.answer is None else ""
