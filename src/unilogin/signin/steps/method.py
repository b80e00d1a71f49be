"""Loginvælger: which way in? The one chosen last time in this browser stands first.

Where a service demands more than a password proves, only the ways that prove it are offered, with one sentence why.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from unilogin.domain.services.model import Level
from unilogin.house import House
from unilogin.kit import metrics
from unilogin.kit.db.connection import acquire
from unilogin.kit.web.forms import one
from unilogin.signin import actions
from unilogin.signin.access import Posted, Visit
from unilogin.signin.browser import METHOD_COOKIE, journey_url, remember_method
from unilogin.signin.happenings import note_elsewhere
from unilogin.signin.model import Journey, Method, Provider, Step
from unilogin.signin.pages import see_other, show, soon_url, step_url
from unilogin.signin.providers import available_providers
from unilogin.signin.steps.external import send_out
from unilogin.signin.steps.passkey import options_url


@dataclass(frozen=True, slots=True)
class Offer:
    """One button of the selector; ``label`` is the name itself where a provider has one of its own."""

    value: str
    symbol: str
    label: str | None = None
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
        return self.value if self.symbol == "unilogin" else self.symbol


def needs_more(journey: Journey) -> bool:
    """Tell whether a password is not enough for where this journey goes, with or without an adult's word."""
    return journey.demands.level.rank > Level.VOKSEN_VERIFICERET.rank


def _offers(providers: Sequence[Provider], *, language: str, remembered: str | None) -> list[Offer]:
    values = [
        (Method.UNILOGIN.value, "unilogin", None),
        *((provider.alias, provider.kind.value, provider.name_in(language)) for provider in providers),
        ("showIdpList", "local", None),
    ]
    offers = [Offer(value, symbol, label, remembered=value == remembered) for value, symbol, label in values]
    return sorted(offers, key=lambda offer: not offer.remembered)


async def ask_method(house: House, request: Request, visit: Visit) -> Response:
    """Show the selector, or the ways that prove as much as is demanded."""
    async with acquire(house.pool) as connection:
        providers = await available_providers(connection)
    remembered = house.cookies.get(request, METHOD_COOKIE)
    offers = _offers(providers, language=house.pages.language(request), remembered=remembered)
    if not needs_more(visit.journey):
        return show(house, request, visit, step=Step.METHOD, context={"methods": offers}, template="selector")
    enough = [offer for offer in offers if offer.symbol == "mitid"]
    context = {
        "methods": enough,
        "passkey_url": options_url(visit.journey),
        "decline_action": f"{journey_url(visit.journey.journey_id)}/decline",
    }
    return show(house, request, visit, step=Step.METHOD, context=context, template="needed")


async def take_method(house: House, request: Request, posted: Posted) -> Response:
    """Take the choice; an unknown one, or one that does not prove enough, shows the selector again."""
    journey = posted.journey
    selected = one(posted.fields, "selectedIdp")
    if journey.username is not None and selected != Method.UNILOGIN:
        async with acquire(house.pool) as connection:
            await note_elsewhere(connection, journey.journey_id)
    if (provider := await _provider(house, selected)) is not None:
        metrics.journey_step("method", provider.kind.value)
        response = await send_out(house, request, posted.visit, provider)
        remember_method(house, response, provider.alias)
        return response
    if "showIdpList" in posted.fields:
        metrics.journey_step("method", "local")
        return see_other(soon_url(journey, "local"))
    if selected != Method.UNILOGIN or needs_more(journey):
        metrics.journey_step("method", "unknown")
        return see_other(step_url(journey, Step.METHOD))
    async with acquire(house.pool) as connection:
        await actions.choose_method(connection, journey.journey_id, method=Method.UNILOGIN)
    metrics.journey_step("method", "unilogin")
    response = see_other(step_url(journey, Step.USERNAME))
    remember_method(house, response, Method.UNILOGIN.value)
    return response


async def _provider(house: House, selected: str) -> Provider | None:
    if selected in ("", Method.UNILOGIN):
        return None
    async with acquire(house.pool) as connection:
        return next((found for found in await available_providers(connection) if found.alias == selected), None)
