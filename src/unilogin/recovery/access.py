"""Who may open the pages of getting back in: the journey's browser, and for a new secret only with leave."""

from dataclasses import dataclass

from starlette.requests import Request

from unilogin.domain.directory.model import Username
from unilogin.house import House
from unilogin.kit.db.connection import acquire
from unilogin.kit.web.errors import ElsewhereError
from unilogin.kit.web.forms import Fields
from unilogin.kit.web.routing import Access
from unilogin.recovery.actions import give_permit_after_password
from unilogin.recovery.model import Permit
from unilogin.recovery.queries import permit_of
from unilogin.signin.access import JOURNEY, JOURNEY_FORM, Posted, Visit
from unilogin.signin.model import Journey, Step
from unilogin.signin.pages import step_url
from unilogin.signin.rules import next_step


@dataclass(frozen=True, slots=True)
class Named:
    """A journey of this browser in which a username was typed; nobody knows whether it is anybody's."""

    visit: Visit
    username: Username

    @property
    def journey(self) -> Journey:
        """The journey."""
        return self.visit.journey


@dataclass(frozen=True, slots=True)
class Leave:
    """A journey of this browser that may set a new secret for one account now."""

    visit: Visit
    permit: Permit

    @property
    def journey(self) -> Journey:
        """The journey."""
        return self.visit.journey


@dataclass(frozen=True, slots=True)
class LeaveForm:
    """A form posted from a page that one has leave for."""

    leave: Leave
    fields: Fields


def _seeking(visit: Visit) -> Visit:
    if next_step(visit.journey) not in (Step.METHOD, Step.USERNAME, Step.SECRET):
        raise ElsewhereError(step_url(visit.journey, next_step(visit.journey)))
    return visit


def _named(visit: Visit) -> Named:
    _seeking(visit)
    if visit.journey.username is None:
        raise ElsewhereError(step_url(visit.journey, next_step(visit.journey)))
    return Named(visit, visit.journey.username)


async def _leave(house: House, visit: Visit) -> Leave:
    journey = visit.journey
    async with acquire(house.pool) as connection:
        permit = await permit_of(connection, journey.journey_id)
        if permit is None and journey.change_due and await give_permit_after_password(connection, journey):
            permit = await permit_of(connection, journey.journey_id)
    if permit is None:  # never given, used up, too late, or its ground is gone: on to where the journey stands
        raise ElsewhereError(step_url(journey, next_step(journey)))
    return Leave(visit, permit)


async def _admit_seeking(house: House, request: Request) -> Visit:
    return _seeking(await JOURNEY.admit(house, request))


async def _admit_seeking_form(house: House, request: Request) -> Posted:
    posted = await JOURNEY_FORM.admit(house, request)
    _seeking(posted.visit)
    return posted


async def _admit_named(house: House, request: Request) -> Named:
    return _named(await JOURNEY.admit(house, request))


async def _admit_named_form(house: House, request: Request) -> tuple[Named, Fields]:
    posted = await JOURNEY_FORM.admit(house, request)
    return _named(posted.visit), posted.fields


async def _admit_leave(house: House, request: Request) -> Leave:
    return await _leave(house, await JOURNEY.admit(house, request))


async def _admit_leave_form(house: House, request: Request) -> LeaveForm:
    posted = await JOURNEY_FORM.admit(house, request)
    return LeaveForm(await _leave(house, posted.visit), posted.fields)


SEEKING: Access[House, Visit] = Access(
    "journey, not signed in", "The browser that began this journey, before anybody has signed in.", _admit_seeking
)
SEEKING_FORM: Access[House, Posted] = Access(
    "journey form, not signed in",
    "The browser that began this journey, before anybody has signed in, from a page of ours (CSRF token, Origin).",
    _admit_seeking_form,
)
NAMED: Access[House, Named] = Access(
    "journey with a name", "The browser that began this journey, when a username was typed in it.", _admit_named
)
NAMED_FORM: Access[House, tuple[Named, Fields]] = Access(
    "journey form with a name",
    "The browser that began this journey, when a username was typed in it, from a page of ours (CSRF token, Origin).",
    _admit_named_form,
)
PERMIT: Access[House, Leave] = Access(
    "permit", "The browser that began this journey, with leave to set a new secret for one account.", _admit_leave
)
PERMIT_FORM: Access[House, LeaveForm] = Access(
    "permit form",
    "The browser that began this journey, with leave to set a new secret for one account, from a page of ours"
    " (CSRF token, Origin).",
    _admit_leave_form,
)
