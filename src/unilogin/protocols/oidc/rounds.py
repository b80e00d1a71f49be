"""Rounds of a courier: carries what services are to be told, for as long as the server runs.

One on each node, beside the workers. Every second it queues what there is to tell, and sees to the clients that have
something due: one task for each, one call at a time, claim – release – call – note. A client that fails is left alone
for a while, longer each time, so that all others are told at once whatever one of them does (F-26).
"""

import asyncio
import random
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import ClassVar, Generic, Protocol, TypeVar

from unilogin.domain.keys.cache import KeyringCache
from unilogin.domain.services.model import ClientId
from unilogin.kit.db.connection import Connection, Pool, acquire
from unilogin.kit.logs import log
from unilogin.kit.outbound import TOTAL_SECONDS, Outbound
from unilogin.protocols.oidc.pauses import pause_seconds, rest_seconds

CLIENTS_AT_ONCE = 16
LOOK_SECONDS = 1.0


class Post(Protocol):
    """One thing to be told to one client, in the hands of one courier until its lease is over."""

    @property
    def client_id(self) -> ClientId: ...

    @property
    def attempts(self) -> int:
        """Counts the one that is made now."""


Carried = TypeVar("Carried", bound=Post)


@dataclass(slots=True)
class _Rest:
    """A client that failed: how many times in a row, and until when it is left alone (this process's clock)."""

    failures: int = 0
    until: float = 0.0


@dataclass(slots=True)
class Rounds(ABC, Generic[Carried]):
    """Tells services. What it knows besides the database is only whom to leave alone for the moment."""

    NAME: ClassVar[str]

    pool: Pool
    keyrings: KeyringCache
    issuer: str
    outbound: Outbound
    _busy: dict[ClientId, "asyncio.Task[None]"] = field(default_factory=dict)
    _resting: dict[ClientId, _Rest] = field(default_factory=dict)

    @abstractmethod
    async def queue(self, connection: Connection) -> None:
        """Queue what is new."""

    @abstractmethod
    async def due(self, connection: Connection, *, but: Collection[ClientId]) -> list[ClientId]:
        """Return the clients that have something due, the longest waiting first."""

    @abstractmethod
    async def claim(self, connection: Connection, client_id: ClientId) -> list[Carried]:
        """Claim a few of a client's due things: nobody else tries them until the lease is over."""

    @abstractmethod
    async def call(self, post: Carried) -> tuple[str, bool]:
        """Call the client, with no database connection in hand; return what came and whether it is told."""

    @abstractmethod
    async def note_told(self, connection: Connection, post: Carried, *, answer: str) -> None:
        """Note that the client was told."""

    @abstractmethod
    async def note_failure(self, connection: Connection, post: Carried, *, answer: str, pause: float) -> bool:
        """Note what came instead, and when to try again; return True when it is given up."""

    @abstractmethod
    async def put_back(self, connection: Connection, posts: list[Carried]) -> None:
        """Put claimed things of one client back that were not tried after all."""

    async def work(self, *, stopping: Callable[[], bool]) -> None:
        """Work until told to stop; then finish the calls that are under way."""
        while not stopping():
            try:
                await self.look()
            except Exception as error:  # no database, no key: there will be another second
                log(self.NAME).warning("look_failed", error=type(error).__name__)
            await asyncio.sleep(LOOK_SECONDS)
        if self._busy:
            await asyncio.wait(self._busy.values(), timeout=TOTAL_SECONDS)

    async def look(self) -> None:
        """Queue what is new, and begin to see to clients that have something due."""
        async with acquire(self.pool) as connection:
            await self.queue(connection)
            due = await self.due(connection, but={*self._busy, *self._left_alone()})
        for client_id in due[: CLIENTS_AT_ONCE - len(self._busy)]:
            self._busy[client_id] = asyncio.create_task(self._see_to(client_id))

    async def until_idle(self) -> None:
        """Look once, and wait until every client that had something due was seen to."""
        await self.look()
        while self._busy:
            await asyncio.wait(list(self._busy.values()))

    def _left_alone(self) -> list[ClientId]:
        now = time.monotonic()
        return [client_id for client_id, rest in self._resting.items() if now < rest.until]

    async def _see_to(self, client_id: ClientId) -> None:
        """Tell one client all that is due, until it fails."""
        try:
            while posts := await self._claimed(client_id):
                if not await self._carry(posts):
                    return
        except Exception as error:  # what was claimed is free again when its lease is over
            log(self.NAME).warning("interrupted", client_id=client_id, error=type(error).__name__)
        finally:
            del self._busy[client_id]

    async def _claimed(self, client_id: ClientId) -> list[Carried]:
        async with acquire(self.pool) as connection:
            return await self.claim(connection, client_id)

    async def _carry(self, posts: list[Carried]) -> bool:
        """Deliver in order; return False when the client failed, with what is left put back."""
        for position, post in enumerate(posts):
            answer, told = await self.call(post)
            async with acquire(self.pool) as connection:
                if told:
                    await self.note_told(connection, post, answer=answer)
                    self._resting.pop(post.client_id, None)
                    continue
                await self._failed(connection, post, answer=answer)
                if rest := posts[position + 1 :]:
                    await self.put_back(connection, rest)
                return False
        return True

    async def _failed(self, connection: Connection, post: Carried, *, answer: str) -> None:
        rest = self._resting.setdefault(post.client_id, _Rest())
        rest.failures += 1
        rest.until = time.monotonic() + rest_seconds(rest.failures)
        pause = pause_seconds(post.attempts) * random.uniform(0.8, 1.2)  # noqa: S311 - to fall out of step
        if await self.note_failure(connection, post, answer=answer, pause=pause):
            log(self.NAME).warning("given_up", client_id=post.client_id, answer=answer)
        else:
            log(self.NAME).info("not_told", client_id=post.client_id, answer=answer, attempts=post.attempts)
