"""Proving with MitID who one is, for one purpose: leaving for the provider, and coming back with a person.

It never signs anybody in by itself: the errand belongs to one journey, is taken once, and opens no session.
"""

from dataclasses import dataclass
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from unilogin.domain.directory.model import Standing
from unilogin.domain.services.model import Level
from unilogin.house import House
from unilogin.kit.db.connection import acquire, transaction
from unilogin.kit.web.forms import Fields, one
from unilogin.recovery.pages import Path, address, tell
from unilogin.signin.access import Visit
from unilogin.signin.errands import errand_url, start_errand, take_identity
from unilogin.signin.matching import Match, Matched, NoAccount, NoCpr, NotAdmitted, NotPublicLaw, match
from unilogin.signin.model import ErrandId, ExternalIdentity, Failure, Provider, ProviderKind
from unilogin.signin.pages import leave_for
from unilogin.signin.providers import available_providers


@dataclass(frozen=True, slots=True)
class Shown:
    """Somebody who has just proved who they are, at this level, and may authenticate now."""

    standing: Standing
    level: Level


@dataclass(frozen=True, slots=True)
class Stopped:
    """Nobody: why, as the last part of a message's code, and what its sentences name."""

    why: str
    institutions: str = ""


async def offered(house: House) -> tuple[Provider, ...]:
    """Return where one can prove with MitID who one is."""
    async with acquire(house.pool) as connection:
        providers = await available_providers(connection)
    return tuple(provider for provider in providers if provider.kind is ProviderKind.MITID)


async def leave(house: House, request: Request, visit: Visit, fields: Fields, *, page: Path, back: Path) -> Response:
    """Send the browser to the provider that was chosen, or to the only one."""
    providers = await offered(house)
    chosen = [provider for provider in providers if provider.alias == one(fields, "provider")] or list(providers)
    if not chosen:
        return tell(house, request, visit, "unavailable", again=page)
    provider, journey = chosen[0], visit.journey
    async with transaction(house.pool) as tx:
        errand = await start_errand(tx, journey.journey_id, alias=provider.alias, return_to=address(journey, back))
    if errand is None:
        return tell(house, request, visit, "unavailable", again=page)
    name = provider.name_in(house.pages.language(request))
    return leave_for(house, request, errand_url(provider.alias, errand), name=name)


async def came_back(house: House, request: Request, visit: Visit, *, back: Path) -> Shown | Stopped | None:
    """Take who came back, once, to where this page sent them; None when there is nothing to take, as after a reload."""
    try:
        errand_id = ErrandId(UUID(request.query_params.get("errand", "")))
    except ValueError:
        return None
    async with transaction(house.pool) as tx:
        at = address(visit.journey, back)
        identity = await take_identity(tx, visit.journey.journey_id, errand_id, at=at)
        found = await match(tx, identity) if isinstance(identity, ExternalIdentity) else None
    match identity:
        case None:
            return None
        case Failure():
            return Stopped(identity.value)
        case ExternalIdentity() if identity.level is not Level.TO_FAKTOR:
            return Stopped(Failure.LEVEL.value)
    return _shown(found, identity.level)


def _shown(found: Matched | None, level: Level) -> Shown | Stopped:
    match found:
        case Match(standing):
            return Shown(standing, level)
        case NoCpr():
            return Stopped("no_cpr")
        case NoAccount():
            return Stopped("no_account")
        case NotAdmitted():
            return Stopped("closed")
        case NotPublicLaw(institutions=names):
            return Stopped("not_public_law", ", ".join(names))
        case _:
            return Stopped("several")
