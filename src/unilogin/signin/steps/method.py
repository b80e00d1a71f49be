"""Loginvælger: which way in? The one chosen last time in this browser stands first."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from unilogin.house import House
from unilogin.kit import metrics
from unilogin.kit.db.connection import acquire
from unilogin.kit.web.forms import one
from unilogin.signin import actions
from unilogin.signin.access import Posted, Visit
from unilogin.signin.browser import METHOD_COOKIE, remember_method
from unilogin.signin.model import Method, Step
from unilogin.signin.pages import see_other, show, soon_url, step_url


@dataclass(frozen=True, slots=True)
class Offer:
    """One button of the selector."""

    value: str
    symbol: str
    remembered: bool = False

    @property
    def label_code(self) -> str:
        """The code of its label."""
        return f"signin.method.{self._code}.label"

    @property
    def help_code(self) -> str:
        """The code of the sentence below its label."""
        return f"signin.method.{self._code}.help"

    @property
    def _code(self) -> str:
        return self.symbol if self.symbol == "local" else self.value


def _offers(remembered: str | None) -> list[Offer]:
    values = ((Method.UNILOGIN.value, "unilogin"), (Method.MITID.value, "mitid"), ("showIdpList", "local"))
    offers = [Offer(value, symbol, remembered=value == remembered) for value, symbol in values]
    return sorted(offers, key=lambda offer: not offer.remembered)


async def ask_method(house: House, request: Request, visit: Visit) -> Response:
    """Show the selector."""
    methods = _offers(house.cookies.get(request, METHOD_COOKIE))
    return show(house, request, visit, step=Step.METHOD, context={"methods": methods}, template="selector")


async def take_method(house: House, request: Request, posted: Posted) -> Response:
    """Take the choice; an unknown one shows the selector again."""
    journey = posted.journey
    selected = one(posted.fields, "selectedIdp")
    if "showIdpList" in posted.fields:
        metrics.journey_step("method", "local")
        return see_other(soon_url(journey, "local"))
    if selected == Method.MITID:
        metrics.journey_step("method", "mitid")
        return see_other(soon_url(journey, "mitid"))
    if selected != Method.UNILOGIN:
        metrics.journey_step("method", "unknown")
        return see_other(step_url(journey, Step.METHOD))
    async with acquire(house.pool) as connection:
        await actions.choose_method(connection, journey.journey_id, method=Method.UNILOGIN)
    metrics.journey_step("method", "unilogin")
    response = see_other(step_url(journey, Step.USERNAME))
    remember_method(house, response, Method.UNILOGIN.value)
    return response
