"""Tjenester: where one can go, and what each service has been told about one."""

from starlette.requests import Request
from starlette.responses import Response

from unilogin.apps.account import queries
from unilogin.apps.account.shown import render
from unilogin.apps.shell.access import AppVisit
from unilogin.house import House
from unilogin.kit.db.connection import acquire


async def services(house: House, request: Request, visit: AppVisit) -> Response:
    """Show the services one may enter, and those that have been told something."""
    async with acquire(house.pool) as connection:
        uses = await queries.uses(connection, visit.standing)
    context = {
        "uses": [use for use in uses if use.may_enter],
        "former_uses": [use for use in uses if not use.may_enter],
    }
    return render(house, request, visit, template="services", context=context)
