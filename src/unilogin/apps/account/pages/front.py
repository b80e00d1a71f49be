"""The front page: who one is here, and the way to everything else."""

from starlette.requests import Request
from starlette.responses import Response

from unilogin.apps.account import queries
from unilogin.apps.account.shown import render
from unilogin.apps.shell.access import AppVisit
from unilogin.domain.access.gates import children_in_custody
from unilogin.domain.directory.model import ActorGroup
from unilogin.domain.directory.renaming import name_offer
from unilogin.house import House
from unilogin.kit.db.connection import acquire

_MOST_SERVICES = 6


async def front(house: House, request: Request, visit: AppVisit) -> Response:
    """Show who one is here."""
    is_contact = ActorGroup.KONTAKTPERSON in visit.standing.actor_groups
    async with acquire(house.pool) as connection:
        places = await queries.places(connection, visit.account_id)
        uses = [use for use in await queries.uses(connection, visit.standing) if use.may_enter]
        offer = await name_offer(connection, visit.account_id) if visit.who.protected else None
        children = await children_in_custody(connection, visit.account_id) if is_contact else []
    uses.sort(key=lambda use: (use.last_at is None, use.service.name))
    context = {
        "places": places,
        "uses": uses[:_MOST_SERVICES],
        "more_uses": len(uses) > _MOST_SERVICES,
        "children": children,
        "username_offered": offer is not None and offer.offered,
        "name_of": {place.number: place.institution for place in places},
    }
    return render(house, request, visit, template="front", context=context)
