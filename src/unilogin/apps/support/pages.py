"""The pages of Hjælp."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from unilogin.house import House


async def front(house: House, request: Request, admitted: None) -> Response:
    """Send a person who typed our bare address to where they can do something: the demo, or the help."""
    return RedirectResponse("/demo" if house.demo else "/hjaelp", status_code=302)


async def help_page(house: House, request: Request, admitted: None) -> Response:
    """Show how to sign in and whom to ask."""
    return house.pages.render(request, "support/help.html", {})


async def accessibility(house: House, request: Request, admitted: None) -> Response:
    """Show how accessible the pages are and how to complain (webtilgængelighedsloven § 4)."""
    return house.pages.render(request, "support/accessibility.html", {})
