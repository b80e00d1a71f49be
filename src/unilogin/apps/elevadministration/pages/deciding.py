"""Saying one's word about a parked delivery, and taking back one that counts. Two people decide, never one twice."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from unilogin.apps.elevadministration import queries
from unilogin.apps.elevadministration.access import Desk
from unilogin.apps.elevadministration.rules import brought
from unilogin.apps.elevadministration.shown import pass_to_delivery, pass_to_school, render, url_of
from unilogin.domain.access.administering import AdministeredSchool
from unilogin.house import House
from unilogin.kit.db.connection import acquire, transaction
from unilogin.kit.places import FullError
from unilogin.kit.web.errors import RefusedError
from unilogin.roster.deciding import Decided, Decision, decide
from unilogin.roster.model import DeliveryId
from unilogin.roster.queries import receipt
from unilogin.roster.undoing import NotUndone, UndoRefused, undo

_TOLD = {Decision.RELEASE: "released", Decision.REJECT: "rejected"}


async def release(house: House, request: Request, desk: Desk) -> Response:
    """Say that a parked delivery may count (Frigiv)."""
    return await _decide(house, request, desk, Decision.RELEASE)


async def reject(house: House, request: Request, desk: Desk) -> Response:
    """Say that a parked delivery must not count (Afvis)."""
    return await _decide(house, request, desk, Decision.REJECT)


async def _decide(house: House, request: Request, desk: Desk, decision: Decision) -> Response:
    async with acquire(house.pool) as connection:
        school = await pass_to_school(connection, request, desk)
        delivery_id = await pass_to_delivery(connection, request, school)
        twice = await queries.has_said(connection, delivery_id, decision.value, reader=desk.visit.account_id)
    if twice:
        return _back(school, delivery_id, "twice")  # B-A05: the same person's second word is no second person's
    try:
        async with house.heavy.one(), acquire(house.pool) as connection:
            decided = await decide(connection, delivery_id, decision, actor=desk.actor, secrets=house.secrets)
    except FullError as error:
        raise RefusedError(503, "look.stopped.busy", restart_url=_url(school, delivery_id)) from error
    return _back(school, delivery_id, _said(decided, decision))


def _said(decided: Decided | None, decision: Decision) -> str:
    if decided is None:
        return "late"
    return "said" if decided.needs_another else _TOLD[decision]


async def take_back(house: House, request: Request, desk: Desk) -> Response:
    """Take a delivery back: everybody is who they were before it came."""
    async with transaction(house.pool) as tx:
        school = await pass_to_school(tx, request, desk)
        delivery_id = await pass_to_delivery(tx, request, school)
        told = await receipt(tx, delivery_id)
        if told is None or await queries.is_for_the_operator(tx, school, source=told.source, people=brought(told.plan)):
            return _back(school, delivery_id, "too_many")
        done = await undo(tx, delivery_id, actor=desk.actor)
    if not isinstance(done, UndoRefused):
        return _back(school, delivery_id, "undone")
    if done.why is NotUndone.CHANGED_LATER:
        context = {"people": done.people, "here_url": _url(school, delivery_id)}
        return render(house, request, desk, template="not_undone", school=school, context=context, status=409)
    return _back(school, delivery_id, "too_old" if done.why is NotUndone.TOO_OLD else "late")


def _url(school: AdministeredSchool, delivery_id: DeliveryId) -> str:
    return f"{url_of(school)}/import/{delivery_id}"


def _back(school: AdministeredSchool, delivery_id: DeliveryId, told: str) -> Response:
    return RedirectResponse(f"{_url(school, delivery_id)}?told={told}", status_code=303)
