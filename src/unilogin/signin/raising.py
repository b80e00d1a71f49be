"""What the steps share in which somebody who is signed in proves more: leaving for MitID, coming back, and going on."""

from starlette.requests import Request
from starlette.responses import Response

from unilogin.house import House
from unilogin.kit import metrics
from unilogin.kit.db.connection import Transaction, acquire, transaction
from unilogin.kit.web.forms import Fields, one
from unilogin.signin import actions
from unilogin.signin.access import Raising
from unilogin.signin.errands import Told, errand_url, start_errand, told_before
from unilogin.signin.matching import Match, match, match_or_told
from unilogin.signin.model import ExternalIdentity, Failure, Journey, Step
from unilogin.signin.pages import leave_for, move_on, render, see_other, step_url
from unilogin.signin.providers import mitid_providers


def level_url(journey: Journey, *below: str) -> str:
    """Return the address of the page, or of one below it."""
    return "/".join((step_url(journey, Step.LEVEL), *below))


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


async def leave_with(house: House, request: Request, raising: Raising, fields: Fields, *, back: str) -> Response:
    """Send the browser to the provider that was chosen; what comes back is taken at ``back`` and nowhere else."""
    alias = one(fields, "provider")
    async with transaction(house.pool) as tx:
        provider = next((found for found in await mitid_providers(tx) if found.alias == alias), None)
        errand = None
        if provider is not None:
            errand = await start_errand(tx, raising.journey.journey_id, alias=provider.alias, return_to=back)
    if provider is None or errand is None:
        return refuse(house, request, raising, Told(Failure.UNAVAILABLE.value))
    metrics.journey_step("level", "to provider")
    name = provider.name_in(house.pages.language(request))
    return leave_for(house, request, errand_url(provider.alias, errand), name=name)


async def sure_match(tx: Transaction, taken: ExternalIdentity | Failure) -> Match | Told:
    """Return the one account, which may authenticate now, of who proved two factors; or why there is none."""
    if isinstance(taken, Failure):
        return Told(taken.value)
    return match_or_told(await match(tx, taken))


def refuse(house: House, request: Request, raising: Raising, told: Told) -> Response:
    """Say why it did not work, and count it."""
    metrics.journey_step("level", told.why)
    return tell(house, request, raising, told)


async def tell_again(house: House, request: Request, raising: Raising, *, at: str) -> Response:
    """Say again what was said to whoever came back to ``at`` before: a reload, or the other language; else the ways."""
    async with acquire(house.pool) as connection:
        before = await told_before(connection, raising.journey.journey_id, at=at)
    return tell(house, request, raising, before[1]) if before else see_other(level_url(raising.journey))


def tell(house: House, request: Request, raising: Raising, told: Told) -> Response:
    """Say why it did not work, what that means, what to do and whom to ask."""
    context = {
        "message": f"level.told.{told.why}",
        "fields": {"institutions": ", ".join(told.institutions)},
        "again_url": level_url(raising.journey),
    }
    return render(house, request, raising.visit, step=Step.LEVEL, context=context, template="level_told")
