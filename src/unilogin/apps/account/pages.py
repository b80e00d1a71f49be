"""The pages of Mit Unilogin."""

from starlette.requests import Request
from starlette.responses import Response

from unilogin.apps.shell.access import AppVisit
from unilogin.house import House


async def front(house: House, request: Request, visit: AppVisit) -> Response:
    """Show who one is here."""
    return house.pages.render(request, "account/front.html", {"visit": visit, "csrf": visit.csrf})
