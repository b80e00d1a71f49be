"""What every page of Elevadgang shares: its frame, the way through the gate, and what was posted, as types."""

from collections.abc import Mapping
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from unilogin.apps.elevadgang.access import PATH, Desk, be_sure_enough
from unilogin.apps.shell import frame
from unilogin.apps.shell.model import Section
from unilogin.domain.access.gates import PupilInReach
from unilogin.domain.access.model import Right
from unilogin.domain.access.teaching import (
    ClassInReach,
    SchoolInReach,
    class_in_reach,
    pupils_in_reach,
    school_in_reach,
)
from unilogin.domain.directory.model import AccountId
from unilogin.house import House
from unilogin.kit.db.connection import Connection
from unilogin.kit.web.errors import RefusedError
from unilogin.kit.web.frame import CONTENT_SECURITY_POLICY


def sections_for(desk: Desk) -> tuple[Section, ...]:
    """Return the places of the app for somebody: the administrators' only for who holds the right."""
    own = Section("elevadgang.section.classes", f"{PATH}/klasser", "person", (f"{PATH}/klasse", f"{PATH}/soeg"))
    if any(right is Right.BRUGERADMINISTRATOR_ELEVADGANG for _, right in desk.visit.rights):
        return own, Section("elevadgang.section.administrator", f"{PATH}/administrator", "staff")
    return (own,)


def render(house: House, request: Request, desk: Desk, *, template: str, context: Mapping[str, object]) -> Response:
    """Render a page in the app's frame."""
    return frame.render(
        house,
        request,
        desk.visit,
        template=f"elevadgang/{template}.html",
        sections=sections_for(desk),
        context={"base": desk.base, "administrator": desk.is_administrator, **context},
    )


def let_ask(response: Response) -> Response:
    """Let the page's own script ask this server while somebody types."""
    response.headers["Content-Security-Policy"] = f"{CONTENT_SECURITY_POLICY}; connect-src 'self'"
    return response


def class_url(desk: Desk, held: ClassInReach) -> str:
    """Return the address of the page of a class."""
    return f"{desk.base}/klasse/{held.group_key}"


def board_url(desk: Desk, held: ClassInReach) -> str:
    """Return the address of the live board of a class."""
    return f"{class_url(desk, held)}/min-time"


def back_url(desk: Desk, held: ClassInReach) -> str:
    """Return the address of the page of a class from which something was posted: its list or its board."""
    return board_url(desk, held) if desk.value("from") == "board" else class_url(desk, held)


async def pass_to_class(connection: Connection, request: Request, desk: Desk) -> ClassInReach:
    """Pass the gate to the class that the address names; raises RefusedError, the same for every reason."""
    key = as_uuid(request.path_params["group_key"])
    held = await class_in_reach(connection, desk.helper, key) if key else None
    if held is None:
        raise RefusedError(404, "elevadgang.stopped.class", restart_url=PATH)
    be_sure_enough(request, desk, held)
    return held


async def pass_to_pupils(
    connection: Connection, desk: Desk, held: ClassInReach, asked: list[str]
) -> list[PupilInReach]:
    """Pass the gate to all pupils that were posted; one foreign id among them refuses the whole (B-A15)."""
    ids = [as_uuid(text) for text in asked]
    wanted = [AccountId(value) for value in ids if value is not None]
    found = None
    if len(wanted) == len(asked):
        found = await pupils_in_reach(connection, held, wanted, blocked=desk.is_administrator)
    if found is None:
        raise RefusedError(404, "elevadgang.stopped.pupil", restart_url=class_url(desk, held))
    return found


async def pass_to_school(connection: Connection, request: Request, desk: Desk) -> SchoolInReach:
    """Pass the gate to the school that the address names, for its administrator."""
    held = await school_in_reach(connection, desk.helper, request.path_params["number"])
    if held is None:
        raise RefusedError(404, "elevadgang.stopped.school", restart_url=PATH)
    return held


def as_uuid(text: str) -> UUID | None:
    """Return an id that somebody sent, or None when it is none."""
    try:
        return UUID(text)
    except ValueError:
        return None
