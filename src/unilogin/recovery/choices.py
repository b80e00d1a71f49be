"""Which way to a new secret: pages that look nobody up, and so tell nothing of the typed name (N-09, RW-9)."""

from starlette.requests import Request
from starlette.responses import Response

from unilogin.domain.credentials.model import PasswordHolders
from unilogin.house import House
from unilogin.recovery.access import Named
from unilogin.recovery.pages import Path, address, show
from unilogin.signin.model import Step
from unilogin.signin.pages import step_url


async def ask_choice(house: House, request: Request, named: Named) -> Response:
    """Show the choice: forgotten, or known and to be changed."""
    journey = named.journey
    context = {
        "forgotten_url": address(journey, Path.FORGOTTEN),
        "change_url": address(journey, Path.CHANGE),
        "back_url": step_url(journey, Step.SECRET),
    }
    return show(house, request, named.visit, "choice", context=context)


async def ask_way(house: House, request: Request, named: Named) -> Response:
    """Show the ways to a new password."""
    return _ways(house, request, named, back_url=address(named.journey, Path.CHOICE), pictures=False)


async def ask_way_to_pictures(house: House, request: Request, named: Named) -> Response:
    """Show the ways to new pictures."""
    return _ways(house, request, named, back_url=step_url(named.journey, Step.SECRET), pictures=True)


def _ways(house: House, request: Request, named: Named, *, back_url: str, pictures: bool) -> Response:
    journey = named.journey
    context = {
        "pictures": pictures,
        "mitid_url": address(journey, Path.MITID),
        "parent_url": address(journey, Path.PARENT),
        "teacher_url": address(journey, Path.TEACHER),
        "pupils_only": house.password_holders is PasswordHolders.DK_2026,
        "back_url": back_url,
    }
    return show(house, request, named.visit, "forgotten", context=context)


async def ask_teacher(house: House, request: Request, named: Named) -> Response:
    """Explain how a teacher helps: five minutes in which the username is enough."""
    journey = named.journey
    context = {"username_url": step_url(journey, Step.USERNAME), "back_url": address(journey, Path.FORGOTTEN)}
    return show(house, request, named.visit, "teacher", context=context)
