"""Proving with MitID who one is, for one purpose: leaving for the provider, and coming back with a person.

It never signs anybody in by itself: the errand belongs to one journey, is taken once, and opens no session.
"""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from unilogin.domain.directory.model import Standing
from unilogin.domain.services.model import Level
from unilogin.house import House
from unilogin.kit.db.connection import Transaction, acquire, transaction
from unilogin.kit.web.forms import Fields, one
from unilogin.recovery.pages import Path, address, tell
from unilogin.signin.access import Visit
from unilogin.signin.errands import Told, errand_named, errand_url, note_told, start_errand, take_identity, told_before
from unilogin.signin.matching import match, match_or_told
from unilogin.signin.model import ErrandId, ExternalIdentity, Failure, Provider
from unilogin.signin.pages import leave_for
from unilogin.signin.providers import mitid_providers


@dataclass(frozen=True, slots=True)
class Shown:
    """Somebody who has just proved who they are, at this level, and may authenticate now; in which errand."""

    standing: Standing
    level: Level
    errand_id: ErrandId


async def offered(house: House) -> tuple[Provider, ...]:
    """Return where one can prove with MitID who one is."""
    async with acquire(house.pool) as connection:
        return await mitid_providers(connection)


async def leave(house: House, request: Request, visit: Visit, fields: Fields, *, page: Path, back: Path) -> Response:
    """Send the browser to the provider that was chosen, or to the only one."""
    providers = await offered(house)
    chosen = [provider for provider in providers if provider.alias == one(fields, "provider")] or list(providers)
    if not chosen:
        return tell(house, request, visit, Told("unavailable"), again=page)
    provider, journey = chosen[0], visit.journey
    async with transaction(house.pool) as tx:
        errand = await start_errand(tx, journey.journey_id, alias=provider.alias, return_to=address(journey, back))
    if errand is None:
        return tell(house, request, visit, Told("unavailable"), again=page)
    name = provider.name_in(house.pages.language(request))
    return leave_for(house, request, errand_url(provider.alias, errand), name=name)


async def came_back(house: House, request: Request, visit: Visit, *, back: Path) -> Shown | Told | None:
    """Take who came back, once, to where this page sent them; or what they were told when the page is loaded again.

    None when there is neither.
    """
    journey_id, at = visit.journey.journey_id, address(visit.journey, back)
    errand_id = errand_named(request.query_params.get("errand"))
    async with transaction(house.pool) as tx:
        identity = await take_identity(tx, journey_id, errand_id, at=at) if errand_id else None
        if errand_id is None or identity is None:
            before = await told_before(tx, journey_id, at=at)
            return before[1] if before else None
        outcome = await _outcome(tx, identity, errand_id)
        if isinstance(outcome, Told):
            await note_told(tx, errand_id, outcome)
        return outcome


async def turn_down(house: House, shown: Shown, *, why: str) -> Told:
    """Note that somebody proved who they are and it was of no use; return what they are told."""
    told = Told(why)
    async with acquire(house.pool) as connection:
        await note_told(connection, shown.errand_id, told)
    return told


async def _outcome(tx: Transaction, identity: ExternalIdentity | Failure, errand_id: ErrandId) -> Shown | Told:
    if isinstance(identity, Failure):
        return Told(identity.value)
    if identity.level is not Level.TO_FAKTOR:
        return Told(Failure.LEVEL.value)
    found = match_or_told(await match(tx, identity))
    return found if isinstance(found, Told) else Shown(found.standing, identity.level, errand_id)
