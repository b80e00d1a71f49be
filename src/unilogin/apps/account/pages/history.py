"""Historik: what happened on one's account, in words."""

from starlette.requests import Request
from starlette.responses import Response

from unilogin.apps.account import queries
from unilogin.apps.account.history import TOLD, by_day, code_of
from unilogin.apps.account.shown import render
from unilogin.apps.shell.access import AppVisit
from unilogin.house import House
from unilogin.kit.db.connection import acquire

_A_PAGE = 40
_MOST_DIGITS = 18


async def history(house: House, request: Request, visit: AppVisit) -> Response:
    """Show a page of what happened, the newest first."""
    before = _number(request.query_params.get("before", ""))
    async with acquire(house.pool) as connection:
        found = await queries.happenings(connection, visit.account_id, actions=TOLD, before=before, most=_A_PAGE + 1)
    page = found[:_A_PAGE]
    context = {
        "days": [(held[0].at, held) for _, held in by_day(page)],
        "code_of": code_of,
        "older": page[-1].sequence if len(found) > _A_PAGE else None,
        "is_first": before is None,
    }
    return render(house, request, visit, template="history", context=context)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else None
