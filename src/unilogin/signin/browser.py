"""The browser's own cookie: a journey is bound to it, so that nobody can hand a begun one to somebody else (V-40)."""

import base64
import hmac

from starlette.requests import Request
from starlette.responses import Response

from unilogin.house import House
from unilogin.kit.ids import new_token
from unilogin.signin.model import JourneyId

BROWSER_COOKIE = "browser"
SESSION_COOKIE = "session"
METHOD_COOKIE = "method"
_YEAR = 365 * 24 * 3600


def browser_token(house: House, request: Request) -> tuple[str, bool]:
    """Return this browser's token and whether it is new and must be remembered."""
    token = house.cookies.get(request, BROWSER_COOKIE)
    return (token, False) if token else (new_token(), True)


def remember_browser(house: House, response: Response, token: str) -> None:
    """Set the browser's cookie."""
    house.cookies.set(response, BROWSER_COOKIE, token, seconds=_YEAR)


def remember_method(house: House, response: Response, method: str) -> None:
    """Remember the way in that was chosen, to offer it first next time (docs/danish-service.md 4.1)."""
    house.cookies.set(response, METHOD_COOKIE, method, seconds=_YEAR)


def start_session_cookie(house: House, response: Response, token: str, *, seconds: int | None) -> None:
    """Give the browser the session's cookie; without ``seconds`` it ends with the browser."""
    house.cookies.set(response, SESSION_COOKIE, token, seconds=seconds)


def csrf_token(house: House, token: str, about: str) -> str:
    """Return the token that forms about one thing carry, bound to this browser."""
    return base64.urlsafe_b64encode(house.secrets.mac("browser_mac", f"csrf:{about}:{token}")[:24]).decode()


def csrf_fits(house: House, token: str, *, about: str, sent: str) -> bool:
    """Tell whether a form's token is this browser's."""
    return hmac.compare_digest(csrf_token(house, token, about).encode(), sent.encode("utf-8", "surrogatepass"))


def journey_url(journey_id: JourneyId) -> str:
    """Return where a journey goes on."""
    return f"/login/{journey_id}"
