"""A live board as a teacher's browser has it open: the page, and the stream of what changes."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.apps.elevadgang.classroom import PICTURES, Class
from tests.apps.entering import csrf_of
from tests.builders.people import Somebody
from tests.visitor import Visitor

PATIENCE_SECONDS = 120.0
"""How long a test waits for what takes two seconds, on a machine that does other things as well."""


@dataclass(eq=False)
class Stream:
    """An open stream, and what it has told so far."""

    response: httpx.Response
    cards: dict[str, dict[str, Any]] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    last_id: str = ""
    over: bool = False

    def __post_init__(self) -> None:
        self._events = self._read()

    def state(self, pupil: Somebody) -> str | None:
        """What the card of a pupil says now, if there is one."""
        card = self.cards.get(str(pupil.account_id))
        return str(card["state"]) if card else None

    def wait_for(self, pupil: Somebody, state: str) -> dict[str, Any]:
        """Read on until the card of a pupil says this; return the card."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.state(pupil) != state:
            assert time.monotonic() < deadline, (state, self.state(pupil))
            assert next(self._events, None) is not None, "the stream has ended"
        return self.cards[str(pupil.account_id)]

    def read_one(self) -> str | None:
        """Read one event; return its name, or None at the end."""
        return next(self._events, None)

    def wait_until_over(self) -> None:
        """Read on until the stream says that it is over, and ends."""
        for _ in self._events:
            pass
        assert self.over

    def _read(self) -> Iterator[str]:
        name = ""
        for line in self.response.iter_lines():
            kind, _, value = line.partition(": ")
            if kind == "id":
                self.last_id = value
            elif kind == "event":
                name = value
            elif kind == "data":
                self.told.append(value)
                self.over = self.over or name == "over"
                for card in json.loads(value).get("cards", []):
                    self.cards[card["id"]] = card
                yield name


@contextmanager
def following(browser: Visitor, url: str, *, last_id: str = "") -> Iterator[Stream]:
    """Open the stream of a board with the cookies of a browser."""
    headers = {"Last-Event-ID": last_id} if last_id else {}
    with browser.client.stream("GET", f"{url}/min-time/live", headers=headers, timeout=PATIENCE_SECONDS) as response:
        yield Stream(response)


def start(browser: Visitor, held: Class, *, url: str | None = None) -> None:
    """Press the button that begins the board of a class."""
    where = f"{url or held.url}/min-time"
    browser.open(where)
    browser.post(where, {"csrf": csrf_of(browser)})
    assert browser.path == where, browser.text


def tap(browser: Visitor, held: Class, pupil: Somebody, act: str, **more: str) -> None:
    """Tap a button of a pupil's card."""
    one = str(pupil.account_id)
    fields = {"csrf": csrf_of(browser), "from": "board", "one": one, "pupil": one, **more}
    browser.post(f"{held.url}/{act}", fields)


def name_typed(base_url: str, pupil: Somebody) -> Visitor:
    """A browser of a pupil who has typed the username."""
    browser = Visitor(base_url)
    browser.open("/mit")
    browser.submit(button=("selectedIdp", "uni_idp"))
    browser.submit({"username": pupil.username})
    return browser


def right_pictures(browser: Visitor) -> None:
    """Tap the right pictures, and go where they lead."""
    browser.submit({"pictures": ",".join(PICTURES)})
    assert browser.moves_on
    browser.move_on()
