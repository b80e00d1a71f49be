"""Sikringsniveau: who is signed in proves more than at first, or says that they cannot, or would rather not.

Comes after the proof and before the role, where a service asks for more than was proved. What a person cannot do is not
offered; who can do nothing is told why, and the service is told so too.
"""

from collections.abc import Sequence
from uuid import UUID

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
from unilogin.signin.errands import errand_url, start_errand, take_identity
from unilogin.signin.matching import Match, Matched, NoAccount, NoCpr, NotAdmitted, NotPublicLaw, match
from unilogin.signin.means import means_of
from unilogin.signin.model import (
    ErrandId,
    ExternalIdentity,
    Failure,
    Journey,
    Lacking,
    Provider,
    ProviderKind,
    Step,
    Way,
)
from unilogin.signin.opening import Proved, open_surer_session_of, opened
from unilogin.signin.pages import leave_for, move_on, render, see_other, step_url
from unilogin.signin.providers import available_providers
from unilogin.signin.rules import ways_to, why_no_way
from unilogin.signin.steps.external import METHOD


def level_url(journey: Journey, *below: str) -> str:
    """Return the address of the page, or of one below it."""
    return "/".join((step_url(journey, Step.LEVEL), *below))


async def ask_level(house: House, request: Request, raising: Raising) -> Response:
    """Offer what this person can do, or say why there is nothing."""
    journey, wanted = raising.journey, raising.journey.wanted_level
    if (settled := await settle_if_reached(house, request, raising)) is not None:
        return settled
    async with acquire(house.pool) as connection:
        means = await means_of(connection, raising.session.account_id)
        providers = await mitid_providers(house) if Way.MITID in (ways := ways_to(wanted, means)) else ()
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
        return await leave_with(house, request, raising, fields, back=level_url(journey, "mitid", "back"))
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


async def settle_if_reached(house: House, request: Request, raising: Raising) -> Response | None:
    """Go on when the session is sure enough by now, as when a teacher vouched from elsewhere; None when it is not."""
    journey = raising.journey
    if journey.lacking is None or raising.session.level.rank < journey.wanted_level.rank:
        return None
    async with acquire(house.pool) as connection:
        await actions.settle_level(connection, journey.journey_id, lacking=journey.lacking)
    metrics.journey_step("level", "reached")
    return on_from(house, request, journey)


def on_from(house: House, request: Request, journey: Journey) -> Response:
    """Go on from a level that is settled: to the service, or to the choice of a role."""
    if journey.actor_group is None:
        return see_other(step_url(journey, Step.ROLE))
    return move_on(house, request, journey)


async def mitid_providers(house: House) -> Sequence[Provider]:
    """Return where one can prove with MitID who one is."""
    async with acquire(house.pool) as connection:
        return [found for found in await available_providers(connection) if found.kind is ProviderKind.MITID]


async def leave_with(house: House, request: Request, raising: Raising, fields: Fields, *, back: str) -> Response:
    """Send the browser to the provider that was chosen; what comes back is taken at ``back`` and nowhere else."""
    alias = one(fields, "provider")
    provider = next((found for found in await mitid_providers(house) if found.alias == alias), None)
    if provider is None:
        return tell(house, request, raising, Failure.UNAVAILABLE.value)
    async with transaction(house.pool) as tx:
        errand = await start_errand(tx, raising.journey.journey_id, alias=provider.alias, return_to=back)
    if errand is None:
        return tell(house, request, raising, Failure.UNAVAILABLE.value)
    metrics.journey_step("level", "to provider")
    name = provider.name_in(house.pages.language(request))
    return leave_for(house, request, errand_url(provider.alias, errand), name=name)


def errand_of(request: Request) -> ErrandId | None:
    """Return the errand that a browser comes back from."""
    try:
        return ErrandId(UUID(request.query_params.get("errand", "")))
    except ValueError:
        return None


async def take_mitid(house: House, request: Request, raising: Raising) -> Response:
    """Take who came back, once: the same person gets a surer session in place of this one, anybody else a page."""
    journey, errand_id = raising.journey, errand_of(request)
    if errand_id is None:
        return see_other(level_url(journey))
    outcome = await again_if_rolled_back(lambda: _take(house, request, raising, errand_id))
    match outcome:
        case None:  # taken before: a reload, or another tab
            return see_other(level_url(journey))
        case Proved():
            metrics.journey_step("level", "mitid proved")
            return opened(house, request, raising.visit, opened=outcome)
        case _:
            return tell(house, request, raising, *outcome)


Refusal = tuple[str, str]
"""Why not, as the last part of a code, and the institutions that its sentences name."""


async def _take(house: House, request: Request, raising: Raising, errand_id: ErrandId) -> Proved | Refusal | None:
    journey, session = raising.journey, raising.session
    async with transaction(house.pool) as tx:
        at = level_url(journey, "mitid", "back")
        taken = await take_identity(tx, journey.journey_id, errand_id, at=at)
        if taken is None:
            return None
        matched = await sure_match(tx, taken)
        if not isinstance(matched, Match):
            return matched
        if matched.standing.account_id != session.account_id:  # never switches who is signed in
            await _note_another(tx, request, raising, matched)
            return "another", ""
        if not isinstance(taken, ExternalIdentity) or taken.level.rank < journey.wanted_level.rank:
            return Failure.LEVEL.value, ""
        return await open_surer_session_of(
            tx,
            request,
            raising,
            standing=matched.standing,
            method=METHOD,
            level=taken.level,
            rights=matched.rights,
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


async def sure_match(tx: Transaction, taken: ExternalIdentity | Failure) -> Match | Refusal:
    """Return the one account, which may authenticate now, of who proved two factors; or why there is none."""
    if isinstance(taken, Failure):
        return taken.value, ""
    return _refusal(await match(tx, taken))


def _refusal(matched: Matched) -> Match | Refusal:
    match matched:
        case Match():
            return matched
        case NoCpr():
            return "no_cpr", ""
        case NoAccount():
            return "no_account", ""
        case NotAdmitted():
            return "closed", ""
        case NotPublicLaw(institutions=names):
            return "not_public_law", ", ".join(names)
        case _:
            return "several", ""


def tell(house: House, request: Request, raising: Raising, why: str, institutions: str = "") -> Response:
    """Say why it did not work, what that means, what to do and whom to ask."""
    metrics.journey_step("level", why)
    context = {
        "message": f"level.told.{why}",
        "fields": {"institutions": institutions},
        "again_url": level_url(raising.journey),
    }
    return render(house, request, raising.visit, step=Step.LEVEL, context=context, template="level_told")
