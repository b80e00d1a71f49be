"""New pictures are tried once before they sign anybody in; they may be seen again until then."""

from starlette.requests import Request
from starlette.responses import Response

from unilogin.domain.credentials.rules import picture_secret
from unilogin.house import House
from unilogin.kit.web.forms import Fields, one
from unilogin.recovery.access import Leave, LeaveForm
from unilogin.recovery.new_secret import sign_in
from unilogin.recovery.pages import Path, address, show
from unilogin.recovery.rules import is_repeated, must_practise
from unilogin.recovery.sealing import opened
from unilogin.signin.pages import see_other
from unilogin.signin.rules import NO_PLACES, Places
from unilogin.signin.steps import pictures


async def ask_practise(house: House, request: Request, leave: Leave) -> Response:
    """Show the pictures to choose from."""
    if leave.permit.assigned is None or not must_practise(leave.permit):
        return see_other(address(leave.journey, Path.NEW))
    return _show(house, request, leave)


async def take_practise(house: House, request: Request, form: LeaveForm) -> Response:
    """Take a tap, or the four; sign in with the right ones. Nothing is counted: they were shown a moment ago."""
    leave = form.leave
    if leave.permit.assigned is None or not must_practise(leave.permit):
        return see_other(address(leave.journey, Path.NEW))
    places, done = _read(house, leave, form.fields)
    if not done:
        return _show(house, request, leave, places=places)
    if "" in places:
        return _show(house, request, leave, places=places, error="signin.pictures.missing")
    if not is_repeated(opened(house, leave.permit), picture_secret(places)):
        return _show(house, request, leave, error="recovery.practise.wrong")
    return await sign_in(house, request, leave, fresh=None)


def _read(house: House, leave: Leave, fields: Fields) -> tuple[Places, bool]:
    """Return the four places as they are now, and whether that is all."""
    kept_in_page = one(fields, "pictures")
    if kept_in_page:
        return tuple(kept_in_page.split(",")), True
    places = pictures.tapped(house, leave.journey, fields)
    return places, not (one(fields, "picture") or one(fields, "empty"))


def _show(
    house: House, request: Request, leave: Leave, *, places: Places = NO_PLACES, error: str | None = None
) -> Response:
    context = pictures.grid(house, leave.journey, places) | {
        "action": address(leave.journey, Path.PRACTISE),
        "shown_url": address(leave.journey, Path.NEW),
        "username": leave.permit.username,
        "error": error,
    }
    return show(house, request, leave.visit, "practise", context=context)
