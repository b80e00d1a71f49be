"""What every page of the journey shares: showing a step only when it may be shown, and moving on."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from unilogin.house import House
from unilogin.signin.access import Visit
from unilogin.signin.browser import journey_url
from unilogin.signin.model import Journey, Step
from unilogin.signin.rules import may_show, next_step


def step_url(journey: Journey, step: Step) -> str:
    """Return the address of a step's page."""
    return f"{journey_url(journey.journey_id)}/{step.value}"


def recovery_url(journey: Journey, path: str) -> str:
    """Return the address of a page for getting back in: the room above is met by its address."""
    return f"{journey_url(journey.journey_id)}/{path}"


def soon_url(journey: Journey, topic: str) -> str:
    """Return the address of the honest page about what is not built yet."""
    return f"{journey_url(journey.journey_id)}/soon/{topic}"


def see_other(url: str) -> Response:
    """Redirect after a post with 303, so that a reload never posts again (N-47)."""
    return RedirectResponse(url, status_code=303)


def show(
    house: House, request: Request, visit: Visit, *, step: Step, context: Mapping[str, object], template: str
) -> Response:
    """Render a step's page, or send the browser to where the journey stands."""
    journey = visit.journey
    if not may_show(journey, step):
        return see_other(step_url(journey, next_step(journey)))
    return render(house, request, visit, step=step, context=context, template=template)


def render(
    house: House, request: Request, visit: Visit, *, step: Step, context: Mapping[str, object], template: str
) -> Response:
    """Render a step's page with what every form of the journey needs."""
    name = visit.journey.service.name_in(house.pages.language(request))
    shared = {"action": step_url(visit.journey, step), "csrf": visit.csrf, "service": name}
    return house.pages.render(request, f"signin/{template}.html", {**shared, **context})


def move_on(house: House, request: Request, journey: Journey) -> Response:
    """Answer the post that ended the journey: 200 and a page that moves on.

    Not a redirect: Chromium holds every hop after a form post to ``form-action 'self'``, and a service may send the
    browser on to other origins.
    """
    separator = "&" if "?" in journey.return_to else "?"
    url = f"{journey.return_to}{separator}journey={journey.journey_id}"
    name = journey.service.name_in(house.pages.language(request))
    return house.pages.render(request, "signin/moving_on.html", {"url": url, "service": name})


def leave_for(house: House, request: Request, url: str, *, name: str) -> Response:
    """Answer a post that sends the browser to a provider's page: 200 and a page that moves on, as in ``move_on``."""
    return house.pages.render(request, "signin/moving_on.html", {"url": url, "service": name})


async def done(house: House, request: Request, visit: Visit) -> Response:
    """Show the page that moves on to the service, for a finished journey."""
    if not visit.journey.finished:
        return see_other(step_url(visit.journey, next_step(visit.journey)))
    return move_on(house, request, visit.journey)


_TOPICS = {"local": Step.METHOD}


async def soon(house: House, request: Request, visit: Visit) -> Response:
    """Say honestly that something is not built yet, and whom to ask meanwhile."""
    topic = request.path_params["topic"]
    if topic not in _TOPICS:
        return see_other(step_url(visit.journey, next_step(visit.journey)))
    context = {"topic": topic, "back_url": step_url(visit.journey, _TOPICS[topic])}
    return render(house, request, visit, step=_TOPICS[topic], context=context, template="soon")
