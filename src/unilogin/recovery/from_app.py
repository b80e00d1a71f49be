"""From Mit Unilogin to another password: the change itself is made in a journey, at the sign-in's own host.

Whoever is signed in begins at the page that asks for the present password, with the name filled in; it stands in no
address. Afterwards the journey goes back to the app, where the person is signed in anew. The rooms meet by address.
"""

from starlette.requests import Request
from starlette.responses import Response

from unilogin.domain.services.queries import own_service
from unilogin.domain.sessions.queries import device_of, live_session
from unilogin.house import House
from unilogin.kit.db.connection import Transaction, transaction
from unilogin.kit.web.errors import ElsewhereError
from unilogin.recovery.pages import Path
from unilogin.signin import actions as signin
from unilogin.signin.browser import SESSION_COOKIE, browser_token, journey_url, remember_browser
from unilogin.signin.gate import standing_if_admitted
from unilogin.signin.model import Demands, JourneyId, Method
from unilogin.signin.pages import see_other

_APP = "account"
_BACK = "/mit/sikkerhed"


async def begin_change(house: House, request: Request, admitted: None) -> Response:
    """Begin a journey to another password for whoever is signed in here; anybody else signs in to the app first."""
    browser, _ = browser_token(house, request)
    token = house.cookies.get(request, SESSION_COOKIE)
    async with transaction(house.pool) as tx:
        journey_id = await _begin(tx, token, browser=browser) if token else None
    if journey_id is None:
        raise ElsewhereError(_BACK)
    response = see_other(f"{journey_url(journey_id)}/{Path.CHANGE.value}")
    remember_browser(house, response, browser)
    return response


async def _begin(tx: Transaction, token: str, *, browser: str) -> JourneyId | None:
    session = await live_session(tx, token)
    standing = await standing_if_admitted(tx, session.account_id) if session else None
    service = await own_service(tx, _APP)
    if session is None or standing is None or service is None:
        return None
    journey_id = await signin.start_journey(
        tx, browser_token=browser, service=service, return_to=_BACK, demands=Demands()
    )
    await signin.choose_method(tx, journey_id, method=Method.UNILOGIN)
    device = await device_of(tx, session.session_id)
    await signin.name_somebody(tx, journey_id, username=standing.username, device=device)
    return journey_id
