"""Adgangskode: the page for a typed password."""

from unilogin.house import House
from unilogin.kit.web.forms import one
from unilogin.signin.access import Posted, Visit
from unilogin.signin.model import Step
from unilogin.signin.pages import recovery_url, step_url

TEMPLATE = "password"
WRONG = "signin.password.wrong"


def context(house: House, visit: Visit, *, error: str | None = None) -> dict[str, object]:
    """Return what the password page shows."""
    journey = visit.journey
    return {
        "username": journey.shown_name,
        "back_url": step_url(journey, Step.USERNAME),
        "not_me_url": step_url(journey, Step.USERNAME),
        "forgotten_url": recovery_url(journey, "password"),
        "first_url": recovery_url(journey, "password/forgotten"),
        "error": error,
    }


def read(house: House, posted: Posted) -> str | dict[str, object]:
    """Return the typed password, or what the page says when nothing was typed (which counts as no try)."""
    typed = one(posted.fields, "password")
    return typed or context(house, posted.visit, error="signin.password.missing")
