"""The secret of a named account: a password or four pictures, by its type; a stable decoy for unknown names."""

from math import ceil
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

from unilogin.domain.credentials.admission import HashBusyError
from unilogin.domain.credentials.model import PasswordType
from unilogin.domain.limits.model import Closed, Waiting
from unilogin.domain.limits.rules import ANSWER_SECONDS, PAGE_SECONDS
from unilogin.house import House
from unilogin.kit import metrics
from unilogin.signin.access import Posted, Visit
from unilogin.signin.asked import Asked, ask
from unilogin.signin.browser import journey_url
from unilogin.signin.model import Journey, Step
from unilogin.signin.opening import Proved, opened
from unilogin.signin.pacing import not_before, now
from unilogin.signin.pages import render, see_other, show, step_url
from unilogin.signin.proving import Wrong, prove
from unilogin.signin.rules import next_step
from unilogin.signin.steps import password, pictures
from unilogin.signin.waiting import ask_to_come_back, brought_back, forget

KNOWN = "known"
"""In the address, for somebody for whom a window was opened and who remembers the secret after all."""


class SecretPage(Protocol):
    """The page of one kind of secret: ``password`` and ``pictures`` are such."""

    TEMPLATE: str
    WRONG: str

    def context(self, house: House, visit: Visit, *, error: str | None = None) -> dict[str, object]:
        """Return what the page shows."""

    def read(self, house: House, posted: Posted) -> str | dict[str, object]:
        """Return the secret that was posted, or what the page shows as long as it is not whole."""


async def ask_secret(house: House, request: Request, visit: Visit) -> Response:
    """Show the password or the picture page; or try again what waits since the hour was too busy.

    For whom an adult has opened a window no secret is asked: a new one waits.
    """
    began = now()
    journey = visit.journey
    if not journey.username or next_step(journey) is not Step.SECRET:
        return see_other(step_url(journey, next_step(journey)))
    asked = await ask(house, request, journey.username, came=True)
    given = brought_back(house, request, journey)
    if given is not None:
        return await _answer(house, request, visit, asked=asked, given=given, began=began)
    if asked.has_window and KNOWN not in request.query_params:
        return see_other(window_url(journey))
    page = _page(asked)
    await not_before(began + PAGE_SECONDS)
    return show(house, request, visit, step=Step.SECRET, context=page.context(house, visit), template=page.TEMPLATE)


async def take_secret(house: House, request: Request, posted: Posted) -> Response:
    """Compare the secret, and answer."""
    began = now()
    journey = posted.journey
    if not journey.username or next_step(journey) in (Step.NOTICE, Step.ROLE):
        return see_other(step_url(journey, next_step(journey)))
    asked = await ask(house, request, journey.username)
    page = _page(asked)
    given = page.read(house, posted)
    if isinstance(given, dict):  # nothing to compare yet: the page again, with what it says now
        await not_before(began + PAGE_SECONDS)
        return render(house, request, posted.visit, step=Step.SECRET, context=given, template=page.TEMPLATE)
    return await _answer(house, request, posted.visit, asked=asked, given=given, began=began)


def window_url(journey: Journey) -> str:
    """Return the address where a new secret waits for somebody for whom a window was opened."""
    return f"{journey_url(journey.journey_id)}/window"


def _page(asked: Asked) -> SecretPage:
    return pictures if asked.stored.type is PasswordType.PICTURES else password


async def _answer(house: House, request: Request, visit: Visit, *, asked: Asked, given: str, began: float) -> Response:
    try:
        outcome = await prove(house, request, visit.journey, asked=asked, given=given)
    except HashBusyError:
        metrics.journey_step("secret", "busy")
        return ask_to_come_back(house, request, visit, given=given)
    metrics.journey_step("secret", type(outcome).__name__.lower())
    response = (
        opened(house, request, visit, opened=outcome)
        if isinstance(outcome, Proved)
        else await _refused(house, request, visit, asked=asked, outcome=outcome, began=began)
    )
    forget(house, request, response)
    return response


async def _refused(
    house: House, request: Request, visit: Visit, *, asked: Asked, outcome: Wrong | Waiting | Closed, began: float
) -> Response:
    """Show the page again, for every name after the same time (R15)."""
    page = _page(asked)
    error, fields = told(outcome, wrong=page.WRONG)
    context = {**page.context(house, visit, error=error), "error_fields": fields}
    await not_before(began + ANSWER_SECONDS)
    return render(house, request, visit, step=Step.SECRET, context=context, template=page.TEMPLATE)


def told(outcome: Wrong | Waiting | Closed, *, wrong: str) -> tuple[str, dict[str, object]]:
    """Return the code of what is said about an outcome, and its fields."""
    match outcome:
        case Waiting(seconds) if seconds <= 60:
            return "limits.wait.seconds", {"count": max(1, ceil(seconds))}
        case Waiting(seconds):
            return "limits.wait.minutes", {"count": ceil(seconds / 60)}
        case Closed():
            return "limits.closed", {}
        case Wrong():
            return wrong, {}
