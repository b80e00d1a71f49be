"""What open pages follow: one look a second for all of a worker's pages, and each is told of what changed.

However many pages are open, the database is asked one statement a second, and none when no page is. A follower holds
the newest state alone: one that reads slowly skips states and never makes a queue.
"""

import asyncio
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from unilogin.kit.db.connection import BROKEN, Connection, Pool, acquire
from unilogin.kit.errors import UniloginError
from unilogin.kit.logs import log

State = TypeVar("State")

Look = Callable[[Connection, Sequence[UUID]], Awaitable[Mapping[UUID, State]]]
"""Reads the states of what is followed, in one statement; what is not in the answer is over."""

GOING: Final = signal.SIGUSR1
"""Tells a worker that it will be stopped: a server waits for its answers to end, and these do not by themselves."""

LOOK_SECONDS: Final = 1.0
MOST_OF_ONE: Final = 4
"""Pages of one person: a browser keeps six connections to a server, and a seventh page must still open."""
MOST: Final = 400
"""Pages of one worker."""


class TooManyError(UniloginError):
    """More pages than one person or one worker follows; a page then looks again by itself."""

    code = "live.too_many"


class Follower(Generic[State]):
    """One open page. ``over``: there is nothing to follow any more; ``leaving``: this worker is going.

    ``told``: it was told of a look. Its own first one may have seen what the others never did.
    """

    def __init__(self) -> None:
        self.over = self.leaving = False
        self.told = False
        self._newest: State | None = None
        self._changed = asyncio.Event()

    def tell(self, state: State | None) -> None:
        """Give it the newest state, in place of one it has not read; None when it is over."""
        self.told = True
        self.over = self.over or state is None
        self._newest = state
        self._changed.set()

    def leave(self) -> None:
        """Tell it that this worker is going."""
        self.leaving = True
        self._changed.set()

    async def next(self, *, seconds: float) -> State | None:
        """Wait for a state that was not read yet; None when there was none for so long, or no more come."""
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return None
        self._changed.clear()
        newest, self._newest = self._newest, None
        return newest


class Live:
    """All followers of one worker."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._followers: dict[Look[Any], dict[UUID, set[Follower[Any]]]] = {}
        self._of_one: Counter[Hashable] = Counter()
        self._looking: asyncio.Task[None] | None = None
        self._closing = False

    @contextmanager
    def follow(self, look: Look[State], key: UUID, *, who: Hashable) -> Iterator[Follower[State]]:
        """Follow a state for a block; raises TooManyError."""
        if self._closing or self._of_one[who] >= MOST_OF_ONE or self._of_one.total() >= MOST:
            raise TooManyError
        follower: Follower[State] = Follower()
        self._of_one[who] += 1
        self._followers.setdefault(look, {}).setdefault(key, set()).add(follower)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look_again_and_again())
        try:
            yield follower
        finally:
            self._leave(look, key, follower)
            self._of_one[who] -= 1
            self._of_one += Counter()  # forgets who has none

    def _leave(self, look: Look[Any], key: UUID, follower: Follower[Any]) -> None:
        by_key = self._followers[look]
        by_key[key].discard(follower)
        if not by_key[key]:
            del by_key[key]
        if not by_key:
            del self._followers[look]

    async def _look_again_and_again(self) -> None:
        known: dict[tuple[Look[Any], UUID], Any] = {}
        while self._followers and not self._closing:
            for look in list(self._followers):
                await self._look(look, known)
            await asyncio.sleep(LOOK_SECONDS)

    async def _look(self, look: Look[Any], known: dict[tuple[Look[Any], UUID], Any]) -> None:
        """Ask once, and tell who follows what has changed. A look that fails is tried again a second later."""
        keys = list(self._followers.get(look, ()))
        for forgotten in [each for each in known if each[0] is look and each[1] not in keys]:
            del known[forgotten]
        try:
            async with acquire(self._pool) as connection:
                states = await look(connection, keys)
        except Exception as error:  # whatever it is: the pages wait for the next look, and nobody would see it raised
            log("live").warning("look failed", error=type(error).__name__, broken=isinstance(error, BROKEN))
            return
        for key in keys:
            state = states.get(key)
            changed = state is None or (look, key) not in known or known[look, key] != state
            known[look, key] = state
            for follower in self._followers.get(look, {}).get(key, ()):
                if changed or not follower.told:
                    follower.tell(state)

    def close(self) -> None:
        """Tell every page that this worker is going; each finds another."""
        self._closing = True
        for by_key in self._followers.values():
            for followers in by_key.values():
                for follower in followers:
                    follower.leave()
        if self._looking is not None:
            self._looking.cancel()
