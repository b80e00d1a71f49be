"""The connections of one process: the one used last is used next, and a dead one is replaced when somebody asks.

asyncpg's own pool sets a timer for every borrowing and for every statement, and puts a second connection around each. A
sign-in borrows twenty times and asks twenty-five statements. Here one look at all connections, a few times a second,
finds what has waited too long for its answer, and a connection is handed over as it is
(docs/adr/0007-a-cheaper-sign-in.md).
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, TypeVar

import asyncpg

from unilogin.kit import metrics

if TYPE_CHECKING:
    AnyConnection = asyncpg.Connection[asyncpg.Record]
else:
    AnyConnection = asyncpg.Connection

Answer = TypeVar("Answer")

BROKEN: Final = (
    TimeoutError,
    asyncio.TimeoutError,
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the server said goodbye while nobody was listening: its words come out of turn
)
"""After these nobody knows what state the connection is in."""

_LEFT: Final = (asyncio.CancelledError, GeneratorExit)
"""Whoever leaves in the middle of a statement does not wait for its answer."""

_LOOK_SECONDS: Final = 0.25
_IDLE_SECONDS: Final = 300.0
_KEPT_WARM: Final = 2


class ServingConnection(AnyConnection):
    """A connection of one who serves: knows since when it waits for an answer, and tells of slow statements.

    A statement that brings its own ``timeout`` keeps to that instead.
    """

    __slots__ = ("asked_at",)

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.asked_at: float | None = None

    async def execute(self, query: str, *args: Any, **options: Any) -> Any:
        return await self._noted(query, super().execute(query, *args, **options), options)

    async def fetch(self, query: str, *args: Any, **options: Any) -> Any:
        return await self._noted(query, super().fetch(query, *args, **options), options)

    async def fetchrow(self, query: str, *args: Any, **options: Any) -> Any:
        return await self._noted(query, super().fetchrow(query, *args, **options), options)

    async def fetchval(self, query: str, *args: Any, **options: Any) -> Any:
        return await self._noted(query, super().fetchval(query, *args, **options), options)

    async def _noted(self, query: str, asking: Awaitable[Answer], options: dict[str, Any]) -> Answer:
        began = perf_counter()
        self.asked_at = None if "timeout" in options else began
        try:
            return await asking
        except AttributeError as error:  # asyncpg goes on to ask, when the connection was lost while it prepared
            if self.is_closed():
                raise asyncpg.ConnectionDoesNotExistError("lost between preparing and asking") from error
            raise
        finally:
            self.asked_at = None
            metrics.statement_done(query, perf_counter() - began)


class Pool:
    """At most ``size`` connections, made by ``connect``; belongs to one event loop.

    There is a place for each: it holds a connection, idle or borrowed, or is free. Those who wait for one are served in
    the order they came.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[AnyConnection]],
        *,
        size: int,
        acquire_seconds: float,
        answer_seconds: float | None,
    ) -> None:
        self._connect = connect
        self._acquire_seconds = acquire_seconds
        self._answer_seconds = answer_seconds
        self._size = self._free = size
        self._idle: list[tuple[float, AnyConnection]] = []
        self._connections: set[AnyConnection] = set()
        self._waiting: deque[asyncio.Future[AnyConnection | None]] = deque()
        self._closing = False
        self._loop = asyncio.get_running_loop()
        self._next_look = self._loop.call_later(_LOOK_SECONDS, self._look)

    def get_size(self) -> int:
        """Return how many connections there are."""
        return self._size - self._free

    def get_idle_size(self) -> int:
        """Return how many of them nobody has borrowed."""
        return len(self._idle)

    async def warm_up(self) -> None:
        """Connect a few, so that the first who come need not wait; raises what ``connect`` raises."""
        for _ in range(min(_KEPT_WARM, self._size)):
            self._free -= 1
            self._pass_on(await self._new())

    async def take(self) -> AnyConnection:
        """Return a connection that is the caller's until it is given back; raises TimeoutError."""
        if self._closing:
            raise asyncpg.InterfaceError("the pool is closing")
        while self._idle:
            _, connection = self._idle.pop()
            if not connection.is_closed():
                return connection
            self._forget(connection)
        async with asyncio.timeout(self._acquire_seconds):
            return await self._turn() or await self._new()

    async def _turn(self) -> AnyConnection | None:
        """Wait for a place; return the connection in it, or None for one that is empty."""
        if self._free:
            self._free -= 1
            return None
        turn: asyncio.Future[AnyConnection | None] = self._loop.create_future()
        self._waiting.append(turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it was given in the moment of leaving
                self._pass_on(turn.result())
            raise

    async def _new(self) -> AnyConnection:
        try:
            connection = await self._connect()
        except BaseException:
            self._pass_on(None)
            raise
        self._connections.add(connection)
        return connection

    def give_back(self, connection: AnyConnection) -> None:
        """Take a connection back; one that is closed, or whose transaction nobody ended, is replaced when needed."""
        if not connection.is_closed() and connection.is_in_transaction():
            connection.terminate()
        if connection.is_closed():
            self._connections.discard(connection)
            self._pass_on(None)
        else:
            self._pass_on(connection)

    def _pass_on(self, given: AnyConnection | None) -> None:
        """Give a place, with the connection in it, to who waits longest, or keep it."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(given)
                return
        if given is None:
            self._free += 1
        else:
            self._idle.append((self._loop.time(), given))

    def _forget(self, connection: AnyConnection) -> None:
        self._connections.discard(connection)
        self._free += 1

    def _look(self) -> None:
        """Throw away what has waited too long for an answer, and what nobody has needed for a while."""
        self._next_look = self._loop.call_later(_LOOK_SECONDS, self._look)
        if self._answer_seconds is not None:
            too_long = perf_counter() - self._answer_seconds
            for connection in self._connections:
                asked_at = connection.asked_at if isinstance(connection, ServingConnection) else None
                if asked_at is not None and asked_at < too_long:
                    connection.terminate()  # whoever waits for the answer is told that the connection is gone
        while len(self._idle) > _KEPT_WARM and self._idle[0][0] < self._loop.time() - _IDLE_SECONDS:
            _, connection = self._idle.pop(0)
            connection.terminate()
            self._forget(connection)

    async def close(self) -> None:
        """Wait until all is given back, and take leave of the database."""
        self._closing = True
        for _ in range(self._size):
            connection = self._idle.pop()[1] if self._idle else await self._turn()
            if connection is not None:
                await connection.close()
        self._next_look.cancel()

    def terminate(self) -> None:
        """Hang up on the database, whatever is under way."""
        self._closing = True
        self._next_look.cancel()
        for connection in self._connections:
            connection.terminate()

    def acquire(self) -> "Borrowed":
        """Borrow a connection for an ``async with`` block; raises TimeoutError when there is none in time."""
        return Borrowed(self)

    async def execute(self, query: str, *args: Any) -> Any:
        """Borrow a connection for one statement, here and below."""
        async with self.acquire() as connection:
            return await connection.execute(query, *args)

    async def fetch(self, query: str, *args: Any) -> Any:
        async with self.acquire() as connection:
            return await connection.fetch(query, *args)

    async def fetchval(self, query: str, *args: Any) -> Any:
        async with self.acquire() as connection:
            return await connection.fetchval(query, *args)


class Borrowed:
    """A connection for a block; it is thrown away when nobody knows in which state the block left it."""

    __slots__ = ("_connection", "_pool")
    _connection: AnyConnection

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def __aenter__(self) -> AnyConnection:
        began = perf_counter()
        try:
            self._connection = await self._pool.take()
        except TimeoutError:
            metrics.connection_refused()
            raise
        metrics.connection_got(perf_counter() - began)
        return self._connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        metrics.connection_given_back()
        if isinstance(error, (*BROKEN, *_LEFT)):
            self._connection.terminate()  # the pool makes a new one when somebody asks
        self._pool.give_back(self._connection)
