"""Brugernavn: who is it? Whether anybody has the name is not told here, nor on the next page."""

from starlette.requests import Request
from starlette.responses import Response

from unilogin.domain.directory.rules import fold_username
from unilogin.house import House
from unilogin.kit.db.connection import acquire
from unilogin.kit.web.forms import one
from unilogin.signin import actions
from unilogin.signin.access import Posted, Visit
from unilogin.signin.model import Step
from unilogin.signin.pages import render, see_other, show, soon_url, step_url


def _context(visit: Visit, *, error: str | None = None) -> dict[str, object]:
    journey = visit.journey
    return {
        "username": journey.username or journey.demands.username_hint,
        "error": error,
        "forgotten_url": soon_url(journey, "username"),
        "back_url": step_url(journey, Step.METHOD),
    }


async def ask_username(house: House, request: Request, visit: Visit) -> Response:
    """Show the username page, filled in with what was typed before or hinted by the service."""
    return show(house, request, visit, step=Step.USERNAME, context=_context(visit), template="username")


async def take_username(house: House, request: Request, posted: Posted) -> Response:
    """Note the name and go on to the secret."""
    username = fold_username(one(posted.fields, "username"))
    if not username:
        context = _context(posted.visit, error="signin.username.missing")
        return render(house, request, posted.visit, step=Step.USERNAME, context=context, template="username")
    async with acquire(house.pool) as connection:
        await actions.name_somebody(connection, posted.journey.journey_id, username=username)
    return see_other(step_url(posted.journey, Step.SECRET))
