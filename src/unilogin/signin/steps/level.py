"""Sikringsniveau: who is signed in proves more than at first, or says that they cannot, or would rather not.

Comes after the proof and before the role, where a service asks for more than was proved. What a person cannot do is not
offered; who can do nothing is told why, and the service is told so too.
"""

from starlette.requests import Request
from starlette.responses import Response

from unilogin.domain.audit import actions as audit
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.sessions.vouching import waive
from unilogin.house import House
from unilogin.kit import metrics
from unilogin.kit.db.connection import Transaction, acquire, again_if_rolled_back, transaction
from unilogin.kit.web.forms import Fields, one
from unilogin.kit.web.frame import request_id
from unilogin.signin import actions
from unilogin.signin.access import Raising
from unilogin.signin.browser import journey_url
from unilogin.signin.errands import Told, errand_named, note_told, take_identity
from unilogin.signin.matching import Match
from unilogin.signin.means import means_of
from unilogin.signin.model import ErrandId, ExternalIdentity, Failure, Lacking, Step, Way
from unilogin.signin.opening import Proved, open_surer_session_of, opened
from unilogin.signin.pages import render, see_other
from unilogin.signin.providers import mitid_providers
from unilogin.signin.raising import (
    leave_with,
    level_url,
    on_from,
    refuse,
    settle_if_reached,
    sure_match,
    tell_again,
)
from unilogin.signin.rules import ways_to, why_no_way
from unilogin.signin.steps.external import METHOD


async def ask_level(house: House, request: Request, raising: Raising) -> Response:
    """Offer what this person can do, or say why there is nothing."""
    journey, wanted = raising.journey, raising.journey.wanted_level
    if (settled := await settle_if_reached(house, request, raising)) is not None:
        return settled
    async with acquire(house.pool) as connection:
        means = await means_of(connection, raising.session.account_id)
        ways = ways_to(wanted, means)
        providers = await mitid_providers(connection) if Way.MITID in ways else ()
    shared = {"decline_action": f"{journey_url(journey.journey_id)}/decline", "child": means.child}
    if not ways:
        metrics.journey_step("level", "no way")
        why = why_no_way(wanted, means).value
        return render(house, request, raising.visit, step=Step.LEVEL, context={**shared, "why": why}, template="no_way")
    context = {
        **shared,
        "providers": providers,
        "ways": {way.value: level_url(journey, way.value) for way in ways if way is not Way.MITID},
        "wished": journey.lacking is Lacking.WISHED,
    }
    return render(house, request, raising.visit, step=Step.LEVEL, context=context, template="level")


async def take_level(house: House, request: Request, given: tuple[Raising, Fields]) -> Response:
    """Take the way that was chosen; anything else shows the page again."""
    raising, fields = given
    journey = raising.journey
    if one(fields, "provider"):
        return await leave_with(house, request, raising, fields, back=_back(raising))
    if one(fields, "skip") and journey.lacking is Lacking.WISHED:
        return await _skip(house, request, raising)
    metrics.journey_step("level", "unknown")
    return see_other(level_url(journey))


async def _skip(house: House, request: Request, raising: Raising) -> Response:
    journey = raising.journey
    async with transaction(house.pool) as tx:
        await waive(tx, raising.session.session_id, service_id=journey.service.service_id)
        await actions.settle_level(tx, journey.journey_id, lacking=Lacking.WISHED)
    metrics.journey_step("level", "skipped")
    return on_from(house, request, journey)


async def mitid_back(house: House, request: Request, raising: Raising) -> Response:
    """Take who came back, once: the same person gets a surer session in place of this one, anybody else a page."""
    at, errand_id = _back(raising), errand_named(request.query_params.get("errand"))
    outcome = await again_if_rolled_back(lambda: _take(house, request, raising, errand_id)) if errand_id else None
    match outcome:
        case None:  # taken before: a reload, or another tab
            return await tell_again(house, request, raising, at=at)
        case Proved():
            metrics.journey_step("level", "mitid proved")
            return opened(house, request, raising.visit, opened=outcome)
        case _:
            return refuse(house, request, raising, outcome)


def _back(raising: Raising) -> str:
    return level_url(raising.journey, "mitid", "back")


async def _take(house: House, request: Request, raising: Raising, errand_id: ErrandId) -> Proved | Told | None:
    async with transaction(house.pool) as tx:
        taken = await take_identity(tx, raising.journey.journey_id, errand_id, at=_back(raising))
        if taken is None:
            return None
        outcome = await _proved_by(tx, request, raising, taken)
        if isinstance(outcome, Told):
            await note_told(tx, errand_id, outcome)
        return outcome


async def _proved_by(
    tx: Transaction, request: Request, raising: Raising, taken: ExternalIdentity | Failure
) -> Proved | Told:
    matched = await sure_match(tx, taken)
    if not isinstance(matched, Match):
        return matched
    if matched.standing.account_id != raising.session.account_id:  # never switches who is signed in
        await _note_another(tx, request, raising, matched)
        return Told("another")
    if not isinstance(taken, ExternalIdentity) or taken.level.rank < raising.journey.wanted_level.rank:
        return Told(Failure.LEVEL.value)
    return await open_surer_session_of(
        tx, request, raising, standing=matched.standing, method=METHOD, level=taken.level, rights=matched.rights
    )


async def _note_another(tx: Transaction, request: Request, raising: Raising, matched: Match) -> None:
    entry = Entry(
        Event.SIGNIN_REFUSED,
        Actor.person(matched.standing.account_id),
        account_id=raising.session.account_id,
        outcome="refused",
        request_id=request_id(request),
        detail={"why": "another person", "method": METHOD},
    )
    await audit.write(tx, entry)
