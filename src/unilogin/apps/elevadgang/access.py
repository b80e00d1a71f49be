"""Who may open Elevadgang: staff, signed in at most eight hours ago; administrators with two factors.

That says who is there. Which pupils they reach is for the gates in ``domain/access/teaching.py``.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeVar

from starlette.requests import Request

from unilogin.apps.shell import queries
from unilogin.apps.shell.access import (
    AppForm,
    AppVisit,
    cookie_of,
    passing,
    sign_in_url,
    signed_in,
    signed_in_form,
    way_in,
)
from unilogin.apps.shell.model import App
from unilogin.domain.access.model import Right
from unilogin.domain.access.teaching import ClassInReach, Helper
from unilogin.domain.directory.model import ActorGroup
from unilogin.domain.services.model import ClientId, Level
from unilogin.house import House
from unilogin.kit.db.connection import Connection
from unilogin.kit.web.errors import ElsewhereError, RefusedError
from unilogin.kit.web.forms import Fields
from unilogin.kit.web.routing import Access

PATH = "/elevadgang"
MOST_TICKS = 256
"""A form may hold a whole year of pupils, each ticked."""

ELEVADGANG = App(
    name="elevadgang",
    path=PATH,
    client_id=ClientId("elevadgang"),
    title="Elevadgang",
    title_en="Elevadgang",
    actor_groups=(ActorGroup.MEDARBEJDER, ActorGroup.EKSTERN),
    longest_session=timedelta(hours=8),
)


@dataclass(frozen=True, slots=True)
class Desk:
    """Somebody of the staff at work, and as what they came: all their pages begin at ``base``."""

    visit: AppVisit
    helper: Helper
    fields: Fields | None = None

    @property
    def is_administrator(self) -> bool:
        """Whether they came by the administrators' door."""
        return self.helper.administers is not None

    @property
    def base(self) -> str:
        """Where the addresses of their pages begin."""
        return f"{PATH}/administrator" if self.is_administrator else PATH

    def values(self, name: str) -> list[str]:
        """Return what was sent in a field, each value."""
        return list((self.fields or {}).get(name, []))

    def value(self, name: str) -> str:
        """Return what was sent in a field that comes once, or an empty string."""
        sent = self.values(name)
        return sent[0] if len(sent) == 1 else ""


Visit = TypeVar("Visit", AppVisit, AppForm)


def _desk(visit: AppVisit, *, administrator: bool, fields: Fields | None = None) -> Desk:
    numbers = tuple(number for number, right in sorted(visit.rights) if right is Right.BRUGERADMINISTRATOR_ELEVADGANG)
    return Desk(visit, Helper(visit.account_id, numbers if administrator else None), fields)


def _name(administrator: bool) -> str:
    return "elevadgang administrator" if administrator else "elevadgang teacher"


def _pages(*, administrator: bool, by_itself: bool = False) -> Access[House, Desk]:
    level = Level.TO_FAKTOR if administrator else Level.EN_FAKTOR
    rule = signed_in(ELEVADGANG, level=level, by_itself=by_itself)

    async def admit(house: House, request: Request) -> Desk:
        return _desk(await rule.admit(house, request), administrator=administrator)

    name = _name(administrator)
    if by_itself:
        meaning = f"{rule.meaning} Asked by an open page, which keeps nobody signed in."
        return Access(f"{name}, open page", meaning, admit)
    return Access(name, rule.meaning, admit)


def _forms(*, administrator: bool) -> Access[House, Desk]:
    level = Level.TO_FAKTOR if administrator else Level.EN_FAKTOR
    rule = signed_in_form(ELEVADGANG, level=level, most_fields=MOST_TICKS)

    async def admit(house: House, request: Request) -> Desk:
        form = await rule.admit(house, request)
        return _desk(form.visit, administrator=administrator, fields=form.fields)

    return Access(f"{_name(administrator)} form", rule.meaning, admit)


ELEVADGANG_DOOR = way_in(ELEVADGANG)
ELEVADGANG_LEAVE = signed_in_form(ELEVADGANG, leaving=True)
ELEVADGANG_FRONT = passing(ELEVADGANG)
TEACHER = _pages(administrator=False)
TEACHER_LIVE = _pages(administrator=False, by_itself=True)
TEACHER_FORM = _forms(administrator=False)
ADMINISTRATOR = _pages(administrator=True)
ADMINISTRATOR_LIVE = _pages(administrator=True, by_itself=True)
ADMINISTRATOR_FORM = _forms(administrator=True)


async def still_at(connection: Connection, house: House, request: Request, desk: Desk) -> Desk | None:
    """Return the desk as it is now, for an answer that goes on for long; None when nobody is at it any more."""
    token = house.cookies.get(request, cookie_of(ELEVADGANG)) or ""
    who = await queries.who_is_still_here(connection, ELEVADGANG, token=token)
    if who is None or who.standing.account_id != desk.visit.account_id or who.signed_in_too_long_ago_for(ELEVADGANG):
        return None
    level = Level.TO_FAKTOR if desk.is_administrator else Level.EN_FAKTOR
    if who.session.level.rank < level.rank:
        return None
    return _desk(replace(desk.visit, who=who), administrator=desk.is_administrator)


def is_sure_enough(desk: Desk, held: ClassInReach) -> bool:
    """Tell whether somebody came in as surely as the school of a class demands."""
    return not held.two_factors or desk.visit.who.session.level.rank >= Level.TO_FAKTOR.rank


def be_sure_enough(request: Request, desk: Desk, held: ClassInReach) -> None:
    """Ask a teacher for a second factor where the school demands it; what was posted without it is refused."""
    if is_sure_enough(desk, held):
        return
    if desk.fields is not None:
        raise RefusedError(403, "shell.stopped.ended", restart_url=PATH)
    raise ElsewhereError(sign_in_url(ELEVADGANG, request.url.path, level=Level.TO_FAKTOR))
