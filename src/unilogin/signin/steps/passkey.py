"""Adgangsnøgle: signing in with what one's own device keeps, and no name typed. Needs JavaScript; nothing else does."""

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from unilogin.domain.sessions.model import Device
from unilogin.house import House
from unilogin.kit import metrics
from unilogin.kit.db.connection import acquire
from unilogin.kit.web.forms import one
from unilogin.signin import actions
from unilogin.signin.access import Posted, Visit
from unilogin.signin.browser import journey_url
from unilogin.signin.model import Journey, Step
from unilogin.signin.opening import opened
from unilogin.signin.pages import see_other, step_url
from unilogin.signin.passkeys import PASSKEY_COOKIE, Refused, prove_by_passkey, question
from unilogin.signin.rules import next_step

_YEAR = 365 * 24 * 3600
_WHILE_NOBODY_IS_PROVED = (Step.METHOD, Step.USERNAME, Step.SECRET)


def passkey_url(journey: Journey) -> str:
    """Return the address of the page that asks for a passkey."""
    return f"{journey_url(journey.journey_id)}/passkey"


def options_url(journey: Journey) -> str:
    """Return where the username page posts to when somebody wants to use a passkey instead."""
    return f"{passkey_url(journey)}/options"


async def choose_passkey(house: House, request: Request, posted: Posted) -> Response:
    """Note whose device it is, as the username page asked, and go on to the page that asks the device."""
    journey = posted.journey
    device = Device.SHARED if "shared" in posted.fields else Device.OWN
    async with acquire(house.pool) as connection:
        await actions.choose_passkey(connection, journey.journey_id, device=device)
    metrics.journey_step("passkey", "chosen")
    return see_other(passkey_url(journey))


async def ask_passkey(house: House, request: Request, visit: Visit) -> Response:
    """Show the page that asks the device; it begins by itself."""
    if next_step(visit.journey) not in _WHILE_NOBODY_IS_PROVED:
        return see_other(step_url(visit.journey, next_step(visit.journey)))
    return await _page(house, request, visit)


async def take_passkey(house: House, request: Request, posted: Posted) -> Response:
    """Check the device's answer: on to the service, or one and the same page for everything that is not right."""
    journey = _on_device(posted)
    if next_step(journey) not in _WHILE_NOBODY_IS_PROVED:  # a double click
        return see_other(step_url(journey, next_step(journey)))
    outcome = await prove_by_passkey(house, request, journey, posted=one(posted.fields, "credential"))
    if isinstance(outcome, Refused):
        metrics.journey_step("passkey", outcome.why.value)
        return await _page(house, request, posted.visit, error="passkeys.refused")
    metrics.journey_step("passkey", "proved")
    response = opened(house, request, posted.visit, opened=outcome)
    if journey.device is Device.OWN:
        house.cookies.set(response, PASSKEY_COOKIE, "1", seconds=_YEAR)
    return response


def _on_device(posted: Posted) -> Journey:
    """Return the journey with whose device it is, when the username page says so along with the answer."""
    shared = one(posted.fields, "shared")
    if shared not in ("0", "1"):
        return posted.journey
    return replace(posted.journey, device=Device.SHARED if shared == "1" else Device.OWN)


async def _page(house: House, request: Request, visit: Visit, *, error: str | None = None) -> Response:
    journey = visit.journey
    options = await question(house, request, journey)
    by_name = journey.method is not None  # else the service demands more than a password, and there is no name to type
    context = {
        "action": passkey_url(journey),
        "csrf": visit.csrf,
        "service": journey.service.name_in(house.pages.language(request)),
        "back_url": step_url(journey, Step.USERNAME if by_name else Step.METHOD),
        "by_name": by_name,
        "options": options,
        "begin": error is None,
        "error": error if options else "passkeys.too_often",
    }
    return house.pages.render(request, "signin/passkey.html", context)
