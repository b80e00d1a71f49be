"""Få hjælp af en voksen: a parent at this device, or a teacher elsewhere, vouches for a pupil (VoksenVerificeret).

The parent's MitID is for this one thing in this one journey: it opens no session, and nothing remembers it.
"""

from starlette.requests import Request
from starlette.responses import Response

from unilogin.domain.access.gates import child_in_custody
from unilogin.domain.directory.model import AccountId
from unilogin.domain.services.model import Level
from unilogin.domain.sessions import vouching
from unilogin.domain.sessions.vouching import RequestState, vouch_as_parent
from unilogin.house import House
from unilogin.kit import metrics
from unilogin.kit.db.connection import Connection, Transaction, acquire, again_if_rolled_back, transaction
from unilogin.kit.web.forms import Fields
from unilogin.signin import actions
from unilogin.signin.access import Raising
from unilogin.signin.errands import Told, errand_named, note_told, take_identity
from unilogin.signin.gate import standing_if_admitted
from unilogin.signin.matching import Match
from unilogin.signin.means import means_of
from unilogin.signin.model import ErrandId, ExternalIdentity, Failure, Means, Step, Way
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
from unilogin.signin.rules import ways_to

ADULT_FROM = 18


async def _open_way(connection: Connection, raising: Raising, way: Way) -> Means | None:
    """Return the pupil's means when this way is open now, else None."""
    means = await means_of(connection, raising.session.account_id)
    return means if way in ways_to(raising.journey.wanted_level, means) else None


async def ask_parent(house: House, request: Request, raising: Raising) -> Response:
    """Explain to the parent, and offer MitID."""
    async with acquire(house.pool) as connection:
        means = await _open_way(connection, raising, Way.PARENT)
        providers = await mitid_providers(connection)
    if means is None:
        return see_other(level_url(raising.journey))
    context = {
        "action": level_url(raising.journey, "parent"),
        "back_url": level_url(raising.journey),
        "username": means.username,
        "providers": providers,
    }
    return render(house, request, raising.visit, step=Step.LEVEL, context=context, template="vouch")


async def take_parent(house: House, request: Request, given: tuple[Raising, Fields]) -> Response:
    """Leave for MitID."""
    raising, fields = given
    async with acquire(house.pool) as connection:
        means = await _open_way(connection, raising, Way.PARENT)
    if means is None:
        return see_other(level_url(raising.journey))
    return await leave_with(house, request, raising, fields, back=_back(raising))


async def parent_back(house: House, request: Request, raising: Raising) -> Response:
    """Take who came back, once, and let them vouch if they may; then the pupil goes on."""
    journey, errand_id = raising.journey, errand_named(request.query_params.get("errand"))
    if journey.wanted_level.rank > Level.VOKSEN_VERIFICERET.rank:
        return see_other(level_url(journey))
    outcome = await again_if_rolled_back(lambda: _take(house, raising, errand_id)) if errand_id else False
    if isinstance(outcome, Told):
        return refuse(house, request, raising, outcome)
    if not outcome:  # taken before: a reload, or another tab
        return await tell_again(house, request, raising, at=_back(raising))
    metrics.journey_step("level", "parent vouched")
    return on_from(house, request, journey)


def _back(raising: Raising) -> str:
    return level_url(raising.journey, "parent", "back")


async def _take(house: House, raising: Raising, errand_id: ErrandId) -> bool | Told:
    """Take, match, ask the gates and vouch, all in one transaction; a refusal is remembered as well.

    False when there is nothing to take.
    """
    async with transaction(house.pool) as tx:
        taken = await take_identity(tx, raising.journey.journey_id, errand_id, at=_back(raising))
        if taken is None:
            return False
        told = await _refused(tx, raising, taken)
        if told is not None:
            await note_told(tx, errand_id, told)
        return told or True


async def _refused(tx: Transaction, raising: Raising, taken: ExternalIdentity | Failure) -> Told | None:
    """Let who came back vouch; or return why not."""
    matched = await sure_match(tx, taken)
    if not isinstance(matched, Match):
        return matched
    parent, pupil = matched.standing.account_id, raising.session.account_id
    why = _unfit(taken, parent, pupil) or await _vouch(tx, raising, parent)
    if why is None:
        return None
    await vouching.note_refused(tx, by=parent, pupil=pupil, why=why)
    return Told(why)


def _unfit(taken: ExternalIdentity | Failure, parent: AccountId, pupil: AccountId) -> str | None:
    """Return why somebody vouches for nobody here, whatever the schools say."""
    if parent == pupil:
        return "yourself"
    if not isinstance(taken, ExternalIdentity) or taken.level is not Level.TO_FAKTOR:
        return Failure.LEVEL.value
    return "not_yours" if taken.age is not None and taken.age < ADULT_FROM else None


async def _vouch(tx: Transaction, raising: Raising, parent: AccountId) -> str | None:
    """Let the parent vouch; or return why not: another's child and no child at all are one answer."""
    journey, session = raising.journey, raising.session
    child = await child_in_custody(tx, parent, session.account_id)
    if child is None or await standing_if_admitted(tx, session.account_id) is None:
        return "not_yours"
    if not await vouch_as_parent(tx, session.session_id, child, service_id=journey.service.service_id):
        return "not_yours"
    if journey.lacking is not None:
        await actions.settle_level(tx, journey.journey_id, lacking=journey.lacking)
    return None


async def ask_teacher(house: House, request: Request, raising: Raising) -> Response:
    """Show how it stands with the teacher's answer; the page looks again by itself."""
    if (settled := await settle_if_reached(house, request, raising)) is not None:
        return settled
    journey = raising.journey
    async with acquire(house.pool) as connection:
        asked = await vouching.latest_request(
            connection, raising.session.session_id, service_id=journey.service.service_id
        )
    match asked.state if asked else None:
        case RequestState.WAITING:
            context = {"here": level_url(journey, "teacher"), "stop_action": level_url(journey, "teacher", "stop")}
            return render(house, request, raising.visit, step=Step.LEVEL, context=context, template="vouch_wait")
        case RequestState.TURNED_DOWN:
            return refuse(house, request, raising, Told("turned_down"))
        case RequestState.RUN_OUT:
            return refuse(house, request, raising, Told("nobody_answered"))
        case _:
            return see_other(level_url(journey))


async def take_teacher(house: House, request: Request, given: tuple[Raising, Fields]) -> Response:
    """Begin to wait for a teacher."""
    raising, _ = given
    journey = raising.journey
    async with transaction(house.pool) as tx:
        if await _open_way(tx, raising, Way.TEACHER) is None:
            return see_other(level_url(journey))
        asked = await vouching.ask_teacher(tx, raising.session.session_id, service_id=journey.service.service_id)
    metrics.journey_step("level", "teacher asked" if asked else "over")
    return see_other(level_url(journey, "teacher"))


async def stop_teacher(house: House, request: Request, given: tuple[Raising, Fields]) -> Response:
    """Wait no longer."""
    raising, _ = given
    async with transaction(house.pool) as tx:
        service_id = raising.journey.service.service_id
        await vouching.stop_asking(tx, raising.session.session_id, service_id=service_id)
    metrics.journey_step("level", "teacher no longer asked")
    return see_other(level_url(raising.journey))
