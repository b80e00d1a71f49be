"""``/demo/outbox``: the letters people would have got; the demo has no mail server, and nothing leaves this machine."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from unilogin.domain.notices.letters import body_of
from unilogin.domain.notices.model import Addresses
from unilogin.domain.notices.queries import newest_letters
from unilogin.house import House
from unilogin.kit.db.connection import acquire
from unilogin.kit.text import LANGUAGES, Language

SHOWN = 50


@dataclass(frozen=True, slots=True)
class ShownLetter:
    """One letter as the page shows it."""

    to: str
    subject: str
    texts: Mapping[Language, str]


async def outbox(house: House, request: Request, admitted: None) -> Response:
    """Show the newest letters, newest first."""
    async with acquire(house.pool) as connection:
        written = await newest_letters(connection, limit=SHOWN)
    at = Addresses(house.base_url, f"{house.origin_of_app('/mit')}/mit", "")
    letters = [
        ShownLetter(
            one.letter.address or "",
            house.texts("da", f"notices.{one.letter.notice}.subject"),
            {language: body_of(one.letter, house.texts, language, at=at) for language in LANGUAGES},
        )
        for one in written
    ]
    return house.pages.render(request, "demo/outbox.html", {"letters": letters})
