"""Who may hash next: a short queue before the few places there are, with half of it kept for trusted devices (K-24).

The queue is measured in seconds of work, not in people: its length follows how long a hash takes at this moment. Who
would wait longer than the limit is told at once to come again; nothing of it was counted. Trusted devices go first, so
that a flood of strangers cannot keep a school's own tablets waiting (RT-16); every fourth place goes to a stranger, so
that a morning when everybody is trusted does not shut out a new tablet.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from unilogin.kit import metrics
from unilogin.kit.errors import UniloginError

T = TypeVar("T")

QUEUE_SECONDS = 2.0
STRANGERS_SECONDS = QUEUE_SECONDS / 2
STRANGERS_TURN = 4
"""Of so many places in a row at least one goes to a stranger who waits."""

_FIRST_GUESS_SECONDS = 0.06
_SMOOTHING = 0.1


class HashBusyError(UniloginError):
    """So many are being signed in that this one would wait too long. Nothing was decided and nothing counted."""

    code = "busy"


@dataclass(frozen=True, slots=True)
class Load:
    """How busy hashing is, for the figures an operator needs at eight."""

    waiting: int
    running: int
    seconds_a_hash: float
    hashed: int
    turned_away: int


class Admission:
    """The places of one worker. Belongs to one event loop."""

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._pool = ThreadPoolExecutor(slots, thread_name_prefix="argon2")
        self._trusted: deque[asyncio.Future[None]] = deque()
        self._strangers: deque[asyncio.Future[None]] = deque()
        self._running = 0
        self._inside = {True: 0, False: 0}
        self._since_a_stranger = 0
        self._seconds = _FIRST_GUESS_SECONDS
        self._hashed = 0
        self._turned_away = 0

    @property
    def load(self) -> Load:
        """How busy it is now."""
        waiting = sum(self._inside.values()) - self._running
        return Load(max(0, waiting), self._running, self._seconds, self._hashed, self._turned_away)

    @contextmanager
    def place(self, *, trusted: bool) -> Iterator["Place"]:
        """Keep a place in the queue for what is done in the block; raises HashBusyError when the queue is too long."""
        if not self._has_room(trusted=trusted):
            self._turned_away += 1
            metrics.hash_turned_away()
            raise HashBusyError
        with self._kept(trusted=trusted) as place:
            yield place

    @contextmanager
    def patient_place(self) -> Iterator["Place"]:
        """Keep a place whatever the length of the queue: for secrets that are being set by who may set them."""
        with self._kept(trusted=True) as place:
            yield place

    @contextmanager
    def _kept(self, *, trusted: bool) -> Iterator["Place"]:
        self._inside[trusted] += 1
        try:
            yield Place(self, trusted)
        finally:
            self._inside[trusted] -= 1

    def _has_room(self, *, trusted: bool) -> bool:
        everybody, strangers = sum(self._inside.values()), self._inside[False]
        if everybody < self._slots:
            return True
        if self._seconds_of(everybody) > QUEUE_SECONDS:
            return False
        return trusted or self._seconds_of(strangers) <= STRANGERS_SECONDS

    def _seconds_of(self, people: int) -> float:
        return people * self._seconds / self._slots

    async def run(self, work: Callable[[], T], *, trusted: bool) -> T:
        """Wait for a slot and do the work in it."""
        with metrics.hash_waiting():
            await self._slot(trusted=trusted)
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            return await loop.run_in_executor(self._pool, work)
        finally:
            took = loop.time() - began
            metrics.hash_done(took)
            self._seconds += _SMOOTHING * (took - self._seconds)
            self._hashed += 1
            self._free_slot()

    async def _slot(self, *, trusted: bool) -> None:
        if self._running < self._slots:
            self._running += 1
            return
        queue = self._trusted if trusted else self._strangers
        turn = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # the slot was given in the moment of leaving
                self._free_slot()
            raise

    def _free_slot(self) -> None:
        """Give the slot to the next in line, or take it back when nobody waits."""
        while queue := self._next_queue():
            turn = queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._running -= 1

    def _next_queue(self) -> deque[asyncio.Future[None]] | None:
        if self._strangers and (not self._trusted or self._since_a_stranger >= STRANGERS_TURN - 1):
            self._since_a_stranger = 0
            return self._strangers
        self._since_a_stranger += 1
        return self._trusted or None

    def close(self) -> None:
        """Let running work finish and stop the threads."""
        self._pool.shutdown(wait=True)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the queue."""

    _admission: Admission
    _trusted: bool

    async def run(self, work: Callable[[], T]) -> T:
        """Wait for one's turn and do the work."""
        return await self._admission.run(work, trusted=self._trusted)
