"""What every page of Elevadministration shares: its frame, the way through the gate, pages of long lists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from unilogin.apps.elevadministration import queries
from unilogin.apps.elevadministration.access import PATH, Desk
from unilogin.apps.shell import frame
from unilogin.apps.shell.model import Section
from unilogin.domain.access.administering import AdministeredSchool, administered_school
from unilogin.house import House
from unilogin.kit.db.connection import Connection
from unilogin.kit.web.errors import RefusedError
from unilogin.roster.model import DeliveryId

Item = TypeVar("Item")

_PLACES = (
    ("overview", "", "services"),
    ("imports", "/import", "list"),
    ("manual", "/manuel", "person"),
    ("protection", "/navnebeskyttelse", "lock"),
    ("exports", "/eksport", "download"),
)
_MOST_PAGES = 10_000
_MOST_SOUGHT = 60


@dataclass(frozen=True, slots=True)
class Sheets:
    """Where one is in a long list: which page, of how many."""

    page: int
    pages: int
    total: int
    size: int

    @classmethod
    def of(cls, total: int, *, page: int, size: int) -> "Sheets":
        """Return the place of a page in a list of so many."""
        return cls(page, max(1, -(-total // size)), total, size)

    def part(self, everything: Sequence[Item]) -> Sequence[Item]:
        """Return what of a list stands on this page."""
        return everything[(self.page - 1) * self.size : self.page * self.size]


def url_of(school: AdministeredSchool) -> str:
    """Return the address of the front page of a school."""
    return f"{PATH}/skole/{school.number.lower()}"


def sections_of(school: AdministeredSchool | None) -> tuple[Section, ...]:
    """Return the places of the app at a school; without a school there is only the choice of one."""
    if school is None:
        return ()
    base = url_of(school)
    return tuple(Section(f"elevadministration.section.{name}", f"{base}{path}", sign) for name, path, sign in _PLACES)


def render(
    house: House,
    request: Request,
    desk: Desk,
    *,
    template: str,
    school: AdministeredSchool | None,
    context: Mapping[str, object],
    status: int = 200,
) -> Response:
    """Render a page in the app's frame."""
    shared = {
        "school": school,
        "base": url_of(school) if school else PATH,
        "several_schools": len(desk.administrator.institutions) > 1,
    }
    return frame.render(
        house,
        request,
        desk.visit,
        template=f"elevadministration/{template}.html",
        sections=sections_of(school),
        context={**shared, **context},
        status=status,
    )


async def pass_to_school(connection: Connection, request: Request, desk: Desk) -> AdministeredSchool:
    """Pass the gate to the school that the address names; raises RefusedError, the same for every reason."""
    school = await administered_school(connection, desk.administrator, request.path_params["number"])
    if school is None:
        raise RefusedError(404, "elevadministration.stopped.school", restart_url=PATH)
    return school


async def pass_to_delivery(connection: Connection, request: Request, school: AdministeredSchool) -> DeliveryId:
    """Pass to a delivery of the school; one of another school's is as unknown as one that never was (B-A01)."""
    key = as_uuid(request.path_params["delivery_id"])
    if key is None or not await queries.is_of_school(connection, school, key):
        raise RefusedError(404, "elevadministration.stopped.delivery", restart_url=f"{url_of(school)}/import")
    return DeliveryId(key)


def sought(text: str) -> str:
    """Return what somebody searches for: what can be printed, and not too much of it (B-A07)."""
    return "".join(sign for sign in text[:_MOST_SOUGHT] if sign.isprintable()).strip()


def page_of(text: str) -> int:
    """Return the number of a page that somebody asked for; the first for anything odd (B-A09)."""
    return int(text) if text.isascii() and text.isdigit() and 0 < int(text) < _MOST_PAGES else 1


def as_uuid(text: str) -> UUID | None:
    """Return an id that somebody sent, or None when it is none."""
    try:
        return UUID(text)
    except ValueError:
        return None
