"""The journey's own address: shows the page where the journey stands, without sending the browser there first."""

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response

from unilogin.house import House
from unilogin.signin.access import Visit
from unilogin.signin.model import Step
from unilogin.signin.pages import done, see_other, step_url
from unilogin.signin.rules import next_step
from unilogin.signin.steps.method import ask_method
from unilogin.signin.steps.notice import ask_notice
from unilogin.signin.steps.role import ask_role
from unilogin.signin.steps.secret import ask_secret
from unilogin.signin.steps.username import ask_username


async def _to_level(house: House, request: Request, visit: Visit) -> Response:
    return see_other(step_url(visit.journey, Step.LEVEL))


_PAGES: Mapping[Step, Callable[[House, Request, Visit], Awaitable[Response]]] = {
    Step.METHOD: ask_method,
    Step.USERNAME: ask_username,
    Step.SECRET: ask_secret,
    Step.NOTICE: ask_notice,
    Step.LEVEL: _to_level,
    Step.ROLE: ask_role,
    Step.DONE: done,
}


async def go_on(house: House, request: Request, visit: Visit) -> Response:
    """Show the present step's page."""
    return await _PAGES[next_step(visit.journey)](house, request, visit)
