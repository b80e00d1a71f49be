"""Who may open the pages of a journey: the browser that began it, while it is fresh."""

from dataclasses import dataclass
from uuid import UUID

from starlette.requests import Request

from unilogin.domain.sessions.model import Session
from unilogin.domain.sessions.queries import live_session_by_id
from unilogin.house import House
from unilogin.kit.db.connection import acquire
from unilogin.kit.ids import digest
from unilogin.kit.web.errors import ElsewhereError, RefusedError
from unilogin.kit.web.forms import Fields, one, origin_of, read_fields, refuse_foreign_post
from unilogin.kit.web.routing import Access
from unilogin.signin.browser import BROWSER_COOKIE, csrf_fits, csrf_token, journey_url
from unilogin.signin.model import Journey, JourneyId, Step
from unilogin.signin.queries import journey_of_browser
from unilogin.signin.rules import next_step


@dataclass(frozen=True, slots=True)
class Visit:
    """A journey that this browser may go on with, and the token its forms carry."""

    journey: Journey
    csrf: str


@dataclass(frozen=True, slots=True)
class Posted:
    """A form posted from a page of the journey, proved to come from this browser and this site."""

    visit: Visit
    fields: Fields

    @property
    def journey(self) -> Journey:
        """The journey of the form."""
        return self.visit.journey


@dataclass(frozen=True, slots=True)
class Raising:
    """A journey whose person is signed in, but less surely than is asked: ``session`` is as it is now."""

    visit: Visit
    session: Session

    @property
    def journey(self) -> Journey:
        """The journey."""
        return self.visit.journey


async def _visit(house: House, request: Request) -> Visit:
    token = house.cookies.get(request, BROWSER_COOKIE)
    journey_id = _journey_id(request)
    if token is None or journey_id is None:
        raise RefusedError(403, "signin.stopped.lost")
    async with acquire(house.pool) as connection:
        journey = await journey_of_browser(connection, journey_id, browser=digest(token))
    if journey is None:  # another browser's, never begun, or long gone: all alike from outside
        raise RefusedError(403, "signin.stopped.lost")
    if journey.expired and not journey.finished:
        name = journey.service.name_in(house.pages.language(request))
        raise RefusedError(410, "signin.stopped.stale", service=name, restart_url=journey.return_to)
    return Visit(journey, csrf_token(house, token, str(journey_id)))


def _journey_id(request: Request) -> JourneyId | None:
    try:
        return JourneyId(UUID(request.path_params["journey_id"]))
    except ValueError:
        return None


async def _posted(house: House, request: Request) -> Posted:
    refuse_foreign_post(request, origin=origin_of(house.base_url))
    visit = await _visit(house, request)
    fields = await read_fields(request)
    token = house.cookies.get(request, BROWSER_COOKIE) or ""
    if not csrf_fits(house, token, about=str(visit.journey.journey_id), sent=one(fields, "csrf")):
        raise RefusedError(403, "look.stopped.foreign", restart_url=visit.journey.return_to)
    return Posted(visit, fields)


async def _raising(house: House, visit: Visit) -> Raising:
    journey = visit.journey
    if next_step(journey) is not Step.LEVEL or journey.session_id is None:
        raise ElsewhereError(journey_url(journey.journey_id))
    async with acquire(house.pool) as connection:
        session = await live_session_by_id(connection, journey.session_id)
    if session is None:  # logged out, or run out: begin again at the same service
        raise ElsewhereError(journey.return_to)
    return Raising(visit, session)


async def _admit_raising(house: House, request: Request) -> Raising:
    return await _raising(house, await _visit(house, request))


async def _admit_raising_form(house: House, request: Request) -> tuple[Raising, Fields]:
    posted = await _posted(house, request)
    return await _raising(house, posted.visit), posted.fields


JOURNEY: Access[House, Visit] = Access("journey", "The browser that began this journey.", _visit)
JOURNEY_FORM: Access[House, Posted] = Access(
    "journey form", "The browser that began this journey, from a page of ours (CSRF token, Origin).", _posted
)
RAISING: Access[House, Raising] = Access(
    "journey, not sure enough",
    "The browser that began this journey, when its person is signed in less surely than is asked.",
    _admit_raising,
)
RAISING_FORM: Access[House, tuple[Raising, Fields]] = Access(
    "journey form, not sure enough",
    "The browser that began this journey, when its person is signed in less surely than is asked, from a page of ours"
    " (CSRF token, Origin).",
    _admit_raising_form,
)
