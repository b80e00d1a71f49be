"""What every page of Mit Unilogin shares: its frame, and for whom it is written."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from unilogin.apps.account.model import Reader
from unilogin.apps.account.rules import reader_of, role_codes, sections_for
from unilogin.apps.shell import frame
from unilogin.apps.shell.access import AppVisit
from unilogin.house import House


def render(
    house: House, request: Request, visit: AppVisit, *, template: str, context: Mapping[str, object], status: int = 200
) -> Response:
    """Render a page for whoever reads it."""
    belongings = visit.standing.belongings
    reader = reader_of(belongings)
    return frame.render(
        house,
        request,
        visit,
        template=f"account/{template}.html",
        sections=sections_for(belongings),
        context={
            "reader": reader.value,
            "young": reader is Reader.YOUNG,
            "role_codes": role_codes,
            "username": visit.standing.username,
            **context,
        },
        status=status,
    )
