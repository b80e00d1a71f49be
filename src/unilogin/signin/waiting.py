"""The waiting page of a busy morning: it comes back by itself with what was typed, so a child has nothing to do.

What was typed waits in the browser, in a cookie that only we can read: sealed for this journey and this name, gone
after a minute or at the next answer. The server keeps nothing of it, and it never stands in an address.
"""

import base64
import binascii
import secrets

from starlette.requests import Request
from starlette.responses import Response

from unilogin.house import House
from unilogin.kit.secrets import SealBrokenError
from unilogin.signin.access import Visit
from unilogin.signin.model import Journey, Step
from unilogin.signin.pages import step_url

WAITING_COOKIE = "waiting"
_COOKIE_SECONDS = 60
_LONGEST_VALUE = 1024  # 512 bytes, sealed and in base64
_SOONEST, _LATEST = 2, 6


def ask_to_come_back(house: House, request: Request, visit: Visit, *, given: str) -> Response:
    """Answer 503 with a page that tries again after a few seconds; not all at the same moment."""
    seconds = _SOONEST + secrets.randbelow(_LATEST - _SOONEST + 1)
    name = visit.journey.service.name_in(house.pages.language(request))
    context = {"url": step_url(visit.journey, Step.SECRET), "seconds": seconds, "service": name}
    response = house.pages.render(request, "signin/busy.html", context, status=503)
    response.headers["Retry-After"] = str(seconds)
    sealed = house.secrets.sealer("form_seal").seal(given.encode("utf-8", "surrogatepass"), _place(visit.journey))
    house.cookies.set(response, WAITING_COOKIE, base64.urlsafe_b64encode(sealed).decode(), seconds=_COOKIE_SECONDS)
    return response


def brought_back(house: House, request: Request, journey: Journey) -> str | None:
    """Return what was typed before the waiting page, when this browser comes back from it; else None."""
    value = house.cookies.get(request, WAITING_COOKIE, longest=_LONGEST_VALUE)
    if value is None:
        return None
    try:
        sealed = base64.urlsafe_b64decode(value.encode("ascii"))
        return house.secrets.sealer("form_seal").open(sealed, _place(journey)).decode("utf-8", "surrogatepass")
    except (binascii.Error, ValueError, SealBrokenError):
        return None


def forget(house: House, request: Request, response: Response) -> None:
    """Remove the cookie from a browser that has it."""
    if house.cookies.get(request, WAITING_COOKIE, longest=_LONGEST_VALUE) is not None:
        house.cookies.remove(response, WAITING_COOKIE)


def _place(journey: Journey) -> str:
    return f"waiting:{journey.journey_id}:{journey.username}"
