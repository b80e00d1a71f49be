"""Saying one's word about a parked delivery, and taking back one that counts. Two people decide, never one twice."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from unilogin.apps.elevadministration import queries
from unilogin.apps.elevadministration.access import Desk
from unilogin.apps.elevadministration.actions import ask_for_second_word
from unilogin.apps.elevadministration.rules import brought
from unilogin.apps.elevadministration.shown import pass_to_delivery, pass_to_school, render, url_of
from unilogin.domain.access.administering import AdministeredSchool
from unilogin.house import House
from unilogin.kit.db.connection import transaction
from unilogin.roster.asking import say_right
from unilogin.roster.deciding import Decision, say
from unilogin.roster.model import DeliveryId, DeliveryStatus
from unilogin.roster.queries import receipt
from unilogin.roster.tasks import DONE, FAILED, Task, begin, last_ordered, order, wait_for
from unilogin.roster.undo_words import adults_let_in_again, say_undo, take_words_back
from unilogin.roster.undoing import NotUndone, UndoRefused, undo

_LONGEST_NUMBER = 9


async def release(house: House, request: Request, desk: Desk) -> Response:
    """Say that a parked delivery may count (Frigiv)."""
    return await _decide(house, request, desk, Decision.RELEASE)


async def reject(house: House, request: Request, desk: Desk) -> Response:
    """Say that a parked delivery must not count (Afvis)."""
    return await _decide(house, request, desk, Decision.REJECT)


async def _decide(house: House, request: Request, desk: Desk, decision: Decision) -> Response:
    async with transaction(house.pool) as tx:
        school = await pass_to_school(tx, request, desk)
        delivery_id = await pass_to_delivery(tx, request, school)
        ordered = await last_ordered(tx, delivery_id)
        if ordered is not None and ordered.answer is None:
            return _back(school, delivery_id, "")  # it is under way: too late to think again
        said_before = await queries.has_said(tx, delivery_id, decision.value, reader=desk.visit.account_id)
        if said_before and ordered is None:
            return _back(school, delivery_id, "twice")  # B-A05: the same person's second word is no second person's
        decided = await say(tx, delivery_id, decision, actor=desk.actor)
        if decided is None:
            return _back(school, delivery_id, "late")
        if decided.needs_another:
            return _back(school, delivery_id, "said")
        if decision is Decision.REJECT:
            return _back(school, delivery_id, "rejected")
        await order(tx, delivery_id, Task.RELEASE, actor=desk.actor)
    return _back(school, delivery_id, await _carried_out(house, delivery_id, done="released"))


async def _carried_out(house: House, delivery_id: DeliveryId, *, done: str) -> str:
    """Have it done by a process of its own; return what to say: a large delivery takes longer than anybody waits."""
    begin(house.heavy)
    ordered = await wait_for(house.pool, delivery_id)
    if ordered is None or ordered.answer is None:
        return ""  # the page says by itself what is under way
    return done if ordered.answer == DONE else ordered.answer


async def take_back(house: House, request: Request, desk: Desk) -> Response:
    """Take a delivery back: everybody is who they were before it came. Two say so where adults get in again (B-A05)."""
    async with transaction(house.pool) as tx:
        school = await pass_to_school(tx, request, desk)
        delivery_id = await pass_to_delivery(tx, request, school)
        told = await receipt(tx, delivery_id)
        if told is None or await queries.is_for_the_operator(tx, school, source=told.source, people=brought(told.plan)):
            return _back(school, delivery_id, "too_many")
        if told.status is not DeliveryStatus.APPLIED:
            return _back(school, delivery_id, "late")
        if await adults_let_in_again(tx, [delivery_id]) and not await say_undo(tx, delivery_id, actor=desk.actor):
            await ask_for_second_word(tx, school)
            return _back(school, delivery_id, "undo_said")
        await order(tx, delivery_id, Task.UNDO, actor=desk.actor)
    said = await _carried_out(house, delivery_id, done="undone")
    if said in ("", "undone", FAILED):
        return _back(school, delivery_id, said)
    async with transaction(house.pool) as tx:
        done = await undo(tx, delivery_id, actor=desk.actor)  # the same answer once more, and whom it is about
    if not isinstance(done, UndoRefused):
        return _back(school, delivery_id, "undone")
    if done.why in (NotUndone.CHANGED_LATER, NotUndone.CORRECTED, NotUndone.SWITCHED):
        context = {"why": done.why, "people": done.people, "here_url": _url(school, delivery_id)}
        return render(house, request, desk, template="not_undone", school=school, context=context, status=409)
    return _back(school, delivery_id, "too_old" if done.why is NotUndone.TOO_OLD else "late")


async def keep(house: House, request: Request, desk: Desk) -> Response:
    """Do not take it back after all, as long as only one person wanted that."""
    async with transaction(house.pool) as tx:
        school = await pass_to_school(tx, request, desk)
        delivery_id = await pass_to_delivery(tx, request, school)
        ordered = await last_ordered(tx, delivery_id)
        under_way = ordered is not None and ordered.answer is None
        kept = not under_way and await take_words_back(tx, delivery_id, actor=desk.actor)
    return _back(school, delivery_id, "undo_dropped" if kept else "late")


async def say_it_is_right(house: House, request: Request, desk: Desk) -> Response:
    """Say that what a delivery asks about is right, one question or all: nobody is changed, or asked again."""
    asked = desk.value("question")
    is_number = asked.isascii() and asked.isdigit() and len(asked) < _LONGEST_NUMBER
    async with transaction(house.pool) as tx:
        school = await pass_to_school(tx, request, desk)
        delivery_id = await pass_to_delivery(tx, request, school)
        number = None if asked == "" else int(asked) if is_number else -1  # no question has that (B-A09)
        answered = await say_right(tx, school.institution_id, delivery_id, number=number, actor=desk.actor)
    return _back(school, delivery_id, "right" if answered else "late")


def _url(school: AdministeredSchool, delivery_id: DeliveryId) -> str:
    return f"{url_of(school)}/import/{delivery_id}"


def _back(school: AdministeredSchool, delivery_id: DeliveryId, told: str) -> Response:
    address = _url(school, delivery_id)
    return RedirectResponse(f"{address}?told={told}" if told else address, status_code=303)
