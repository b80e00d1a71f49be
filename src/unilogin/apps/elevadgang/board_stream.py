"""The stream behind an open board: what changed, as it changes; and every few seconds it is asked whether it may go on.

A reader that comes back is told everything anew, unless it has seen just that: nothing can be missed, whichever worker
it comes back to.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from starlette.requests import Request

from unilogin.apps.elevadgang.access import Desk, is_sure_enough, still_at
from unilogin.apps.elevadgang.board_cards import Card, card_of, summary_of
from unilogin.apps.elevadgang.board_queries import Board, audience_of, look
from unilogin.domain.access.teaching import ClassInReach, class_in_reach
from unilogin.domain.directory.model import AccountId
from unilogin.house import House
from unilogin.kit.db.connection import acquire, transaction
from unilogin.kit.live import Follower
from unilogin.kit.web.frame import UNAVAILABLE, UNAVAILABLE_STATES, note_unavailable
from unilogin.kit.web.stream import HEARTBEAT, event
from unilogin.signin.happenings import go_on

ASK_AGAIN_SECONDS = 3.0
"""How often it is asked again who is there and what they may see."""

GO_ON_SECONDS = 30.0
"""How often the watch is moved on, with the pupils that the class has then."""

HEARTBEAT_SECONDS = 15.0
"""How often a quiet stream says that it lives: proxies close what is silent for a minute, a few wait less."""

STREAM_SECONDS = 5 * 60.0
"""After which a reader comes back on a new connection: one that vanished without a word is not served for long."""

BEGIN = b"retry: 1000\n\n"
OVER = event("over", {})
"""The page is to be asked for anew: it says what is the matter, or begins again."""


class _OverError(Exception):
    """Nobody is there any more, or they may not see it any more, or the lesson is over."""


@dataclass(slots=True)
class Reader:
    """Whose stream it is, and when what was last asked."""

    request: Request
    desk: Desk
    held: ClassInReach
    shown: Mapping[AccountId, str]
    asked_at: float = float("-inf")
    went_on_at: float = float("-inf")

    @property
    def now(self) -> datetime:
        """The database's time, as it was told last and has gone on since."""
        return self.desk.visit.who.now + timedelta(seconds=_clock() - self.asked_at)


async def changes(house: House, reader: Reader, follower: Follower[Board]) -> AsyncGenerator[bytes, None]:
    """Yield the events of one stream."""
    yield BEGIN
    try:
        async for piece in _pieces(house, reader, follower):
            yield piece
    except _OverError:
        yield OVER
    except (*UNAVAILABLE, *UNAVAILABLE_STATES) as error:  # the reader comes back when the database does
        note_unavailable(error)


async def _pieces(house: House, reader: Reader, follower: Follower[Board]) -> AsyncGenerator[bytes, None]:
    began = spoke = _clock()
    known: dict[str, Card] = {}
    await _be_admitted(house, reader)
    board: Board | None = await _first_look(house, reader)
    while not follower.leaving and _clock() - began < STREAM_SECONDS:
        if _clock() - reader.asked_at > ASK_AGAIN_SECONDS:
            await _be_admitted(house, reader)
        if board is not None:
            _be_called_so_still(reader, board)
            cards = _cards(house, reader, board)
            if told := _told(house, reader, cards, known):
                spoke = _clock()
                yield told
            known = cards
        if _clock() - spoke > HEARTBEAT_SECONDS:
            spoke = _clock()
            yield HEARTBEAT
        board = await follower.next(seconds=ASK_AGAIN_SECONDS)
        if follower.over:
            raise _OverError


async def _be_admitted(house: House, reader: Reader) -> None:
    """Pass every gate again: who ended a session, a membership, a loan or a lesson ended what they see here."""
    async with transaction(house.pool) as tx:
        desk = await still_at(tx, house, reader.request, reader.desk)
        held = await class_in_reach(tx, desk.helper, reader.held.group_key) if desk else None
        if desk is None or held is None or not is_sure_enough(desk, held):
            raise _OverError
        if _clock() - reader.went_on_at > GO_ON_SECONDS:
            audience = await audience_of(tx, held)
            if audience.shown != reader.shown or not await go_on(tx, held, pupils=audience.everybody):
                raise _OverError
            reader.went_on_at = _clock()
    reader.desk, reader.held, reader.asked_at = desk, held, _clock()


def _be_called_so_still(reader: Reader, board: Board) -> None:
    """End when the page shows a name that is no longer to be shown: protection takes effect at once (N-113)."""
    if any(one in board and board[one].called != name for one, name in reader.shown.items()):
        raise _OverError


async def _first_look(house: House, reader: Reader) -> Board:
    async with acquire(house.pool) as connection:
        board = (await look(connection, [reader.held.group_key])).get(reader.held.group_key)
    if board is None:
        raise _OverError
    return board


def _cards(house: House, reader: Reader, board: Board) -> dict[str, Card]:
    language = house.pages.language(reader.request)
    return {
        str(one): card_of(house.texts, language, seen)
        for one, seen in board.items()
        if one in reader.shown  # a colleague may reach more of this class than they
    }


def _told(house: House, reader: Reader, cards: dict[str, Card], known: dict[str, Card]) -> bytes | None:
    """Return the event that tells what is new to this reader; None when nothing is."""
    content = {name: card.as_json() for name, card in cards.items()}
    event_id = hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()[:16]
    if not known and event_id == reader.request.headers.get("last-event-id"):
        return None
    changed = [content[name] for name, card in cards.items() if card != known.get(name)]
    if not changed:
        return None
    summary = summary_of(house.texts, house.pages.language(reader.request), cards.values())
    told = {"cards": changed, "summary": summary, "now": reader.now.timestamp()}
    return event("cards", told, event_id=event_id)


def _clock() -> float:
    return asyncio.get_running_loop().time()
