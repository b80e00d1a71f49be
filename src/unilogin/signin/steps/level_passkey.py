"""Being surer with a passkey that was added after two factors. Needs JavaScript; MitID does not."""

from starlette.requests import Request
from starlette.responses import Response

from unilogin.domain.credentials.passkeys import actions as passkeys
from unilogin.domain.credentials.passkeys.errors import PasskeyRefusedError, Why
from unilogin.domain.credentials.passkeys.model import StoredPasskey
from unilogin.domain.directory.model import Standing
from unilogin.house import House
from unilogin.kit import metrics
from unilogin.kit.db.connection import Transaction
from unilogin.kit.web.forms import Fields, one
from unilogin.signin.access import Raising
from unilogin.signin.opening import Proved, open_surer_session_of, opened
from unilogin.signin.passkeys import Refused, prove_for, question
from unilogin.signin.raising import level_url


async def ask_surer(house: House, request: Request, raising: Raising) -> Response:
    """Show the page that asks the device; it begins by itself."""
    return await _page(house, request, raising)


async def take_surer(house: House, request: Request, given: tuple[Raising, Fields]) -> Response:
    """Check the device's answer: the same person, this sure; one and the same page for everything that is not right."""
    raising, fields = given

    async def open_it(tx: Transaction, standing: Standing, passkey: StoredPasskey) -> Proved:
        wanted = raising.journey.wanted_level
        if standing.account_id != raising.session.account_id or passkey.level.rank < wanted.rank:
            raise PasskeyRefusedError(Why.NOT_ADMITTED)  # never switches who is signed in
        return await open_surer_session_of(
            tx, request, raising, standing=standing, method=passkeys.METHOD, level=passkey.level
        )

    outcome = await prove_for(house, request, raising.journey, posted=one(fields, "credential"), then=open_it)
    if isinstance(outcome, Refused):
        metrics.journey_step("level", "passkey refused")
        return await _page(house, request, raising, error="passkeys.refused")
    metrics.journey_step("level", "passkey proved")
    return opened(house, request, raising.visit, opened=outcome)


async def _page(house: House, request: Request, raising: Raising, *, error: str | None = None) -> Response:
    journey = raising.journey
    options = await question(house, request, journey)
    context = {
        "action": level_url(journey, "passkey"),
        "csrf": raising.visit.csrf,
        "service": journey.service.name_in(house.pages.language(request)),
        "back_url": level_url(journey),
        "by_name": False,
        "options": options,
        "begin": error is None,
        "error": error if options else "passkeys.too_often",
    }
    return house.pages.render(request, "signin/passkey.html", context)
