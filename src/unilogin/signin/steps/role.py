"""Aktørvalg: people who are both staff and parent say as whom they come, once a session and service."""

from starlette.requests import Request
from starlette.responses import Response

from unilogin.domain.sessions.queries import live_session_by_id
from unilogin.house import House
from unilogin.kit import metrics
from unilogin.kit.db.connection import acquire
from unilogin.kit.web.forms import one
from unilogin.signin import actions
from unilogin.signin.access import Posted, Visit
from unilogin.signin.gate import standing_if_admitted
from unilogin.signin.model import Journey, Step
from unilogin.signin.pages import move_on, see_other, show, step_url
from unilogin.signin.rules import RoleOption, next_step, role_options


async def _options(house: House, journey: Journey) -> tuple[RoleOption, ...]:
    """Return what this person can choose now; nothing when the session or the account is no longer good."""
    if journey.session_id is None:
        return ()
    async with acquire(house.pool) as connection:
        session = await live_session_by_id(connection, journey.session_id)
        standing = await standing_if_admitted(connection, session.account_id) if session else None
    return role_options(journey.service, standing.actor_groups) if standing else ()


async def ask_role(house: House, request: Request, visit: Visit) -> Response:
    """Show the choice."""
    options = await _options(house, visit.journey)
    if not options and next_step(visit.journey) is Step.ROLE:
        return see_other(visit.journey.return_to)  # the session ended meanwhile: begin again at the same service
    return show(house, request, visit, step=Step.ROLE, context={"options": options}, template="role")


async def take_role(house: House, request: Request, posted: Posted) -> Response:
    """Take the choice and move on; anything that is not on offer shows the page again."""
    chosen = one(posted.fields, "selected-aktoer")
    for option in await _options(house, posted.journey):
        if option.value == chosen and next_step(posted.journey) is Step.ROLE:
            async with acquire(house.pool) as connection:
                await actions.choose_role(connection, posted.journey.journey_id, actor_group=option.group)
            metrics.journey_step("role", "chosen")
            return move_on(house, request, posted.journey)
    metrics.journey_step("role", "not on offer")
    return see_other(step_url(posted.journey, next_step(posted.journey)))
