"""What the pages of getting back in share: their addresses, how they are shown, and the page that says why not."""

from collections.abc import Mapping
from enum import StrEnum

from starlette.requests import Request
from starlette.responses import Response

from unilogin.house import House
from unilogin.signin.access import Visit
from unilogin.signin.browser import journey_url
from unilogin.signin.errands import Told
from unilogin.signin.model import Journey, Step
from unilogin.signin.pages import step_url


class Path(StrEnum):
    """The last part of a page's address."""

    NAMES = "names"
    NAMES_BACK = "names/back"
    NAMES_FOUND = "names/found"
    CHOICE = "password"
    FORGOTTEN = "password/forgotten"
    FORGOTTEN_PICTURES = "password/pictures"
    CHANGE = "password/change"
    MITID = "password/mitid"
    MITID_BACK = "password/mitid/back"
    PARENT = "password/parent"
    PARENT_BACK = "password/parent/back"
    TEACHER = "password/teacher"
    WINDOW = "window"
    NEW = "new-password"
    OWN = "new-password/own"
    GO = "new-password/go"
    PRACTISE = "new-password/practise"


def address(journey: Journey, path: Path) -> str:
    """Return the address of a page."""
    return f"{journey_url(journey.journey_id)}/{path.value}"


def show(
    house: House, request: Request, visit: Visit, template: str, *, context: Mapping[str, object], status: int = 200
) -> Response:
    """Render a page with what every form of the journey needs."""
    name = visit.journey.service.name_in(house.pages.language(request))
    shared = {"csrf": visit.csrf, "service": name, "username": visit.journey.shown_name}
    return house.pages.render(request, f"recovery/{template}.html", {**shared, **context}, status=status)


_WORTH_ANOTHER_TRY = ("cancelled", "unavailable", "refused", "level", "no_cpr", "not_you", "not_yours")


def tell(house: House, request: Request, visit: Visit, told: Told, *, again: Path) -> Response:
    """Say why it did not work, what that means, what to do and whom to ask; ``again`` is where another try begins."""
    journey, why = visit.journey, told.why
    step = Step.SECRET if journey.username else Step.USERNAME
    context = {
        "message": f"recovery.told.{why}",
        "fields": {"institutions": ", ".join(told.institutions)},
        "again_url": address(journey, again) if why in _WORTH_ANOTHER_TRY else None,
        "back_url": step_url(journey, Step.METHOD if why == "no_password" else step),
    }
    return show(house, request, visit, "told", context=context)
