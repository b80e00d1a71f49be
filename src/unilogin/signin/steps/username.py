"""Brugernavn: who is it? Whether anybody has the name is not told here, nor on the next page."""

from starlette.requests import Request
from starlette.responses import Response

from unilogin.domain.directory.rules import fold_username, is_username
from unilogin.domain.limits.queries import is_school_address
from unilogin.domain.sessions.model import Device
from unilogin.house import House
from unilogin.kit import metrics
from unilogin.kit.db.connection import acquire
from unilogin.kit.web.forms import one
from unilogin.kit.web.peer import peer_of
from unilogin.signin import actions
from unilogin.signin.access import Posted, Visit
from unilogin.signin.model import Step
from unilogin.signin.pages import recovery_url, render, see_other, show, step_url
from unilogin.signin.passkeys import waiting_question
from unilogin.signin.steps.passkey import options_url, passkey_url


def _context(visit: Visit, *, device: Device, error: str | None = None) -> dict[str, object]:
    journey = visit.journey
    return {
        "shared": device is Device.SHARED,
        "username": journey.shown_name or journey.demands.username_hint,
        "error": error,
        "forgotten_url": recovery_url(journey, "names"),
        "back_url": step_url(journey, Step.METHOD),
        "passkey_url": options_url(journey),
    }


async def ask_username(house: House, request: Request, visit: Visit) -> Response:
    """Show the username page, filled in with what was typed before or hinted by the service.

    At a school's registered addresses the device is taken for a shared one until somebody says otherwise.
    """
    device = visit.journey.device
    if visit.journey.username is None:
        address = peer_of(request, proxies=house.proxies).address
        async with acquire(house.pool) as connection:
            device = Device.SHARED if await is_school_address(connection, address) else Device.OWN
    waiting = {
        "answer_url": passkey_url(visit.journey),
        "waiting": await waiting_question(house, request, visit.journey),
    }
    context = {**_context(visit, device=device), **waiting}
    return show(house, request, visit, step=Step.USERNAME, context=context, template="username")


async def take_username(house: House, request: Request, posted: Posted) -> Response:
    """Note the name and go on to the secret.

    What has not the form of a username is not noted and not shown again: it may be a CPR number or a password that got
    into the wrong field (K-13).
    """
    username = fold_username(one(posted.fields, "username"))
    device = Device.SHARED if "shared" in posted.fields else Device.OWN
    if not is_username(username):
        error = "signin.username.malformed" if username else "signin.username.missing"
        metrics.journey_step("username", "malformed" if username else "missing")
        context = _context(posted.visit, device=device, error=error)
        return render(house, request, posted.visit, step=Step.USERNAME, context=context, template="username")
    async with acquire(house.pool) as connection:
        await actions.name_somebody(connection, posted.journey.journey_id, username=username, device=device)
    metrics.journey_step("username", "given")
    return see_other(step_url(posted.journey, Step.SECRET))
