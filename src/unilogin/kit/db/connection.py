"""Connections to PostgreSQL through asyncpg: one pool a process, every connection in the role that serves.

Every wait of one who serves has an end: for a connection, for an answer, for what the server does with a node that is
gone. What does not answer is thrown away, never asked again: a wire that is dead cannot be told to roll back. Whether a
COMMIT whose answer was lost has happened is unknown, so nothing here repeats one (D7).
"""

import asyncio
import random
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

import asyncpg
import msgspec

from unilogin.kit.db import pool as pools
from unilogin.kit.db.pacing import PacedConnection

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
"""What queries take: any connection, in a transaction or not."""

Transaction: TypeAlias = Connection
"""What actions take: a connection whose transaction the caller has opened and will commit."""

Pool: TypeAlias = pools.Pool

BROKEN: Final = pools.BROKEN
"""After these nobody knows what state the connection is in."""

Result = TypeVar("Result")

ACQUIRE_SECONDS: Final = 1.0
"""How long a request waits for a connection before it answers 503 (F-13)."""

STATEMENT_SECONDS: Final = 3
"""How long the server works on a statement of one who serves; longer means a lock that somebody else holds."""

ANSWER_SECONDS: Final = 4.0
"""How long we wait for an answer: a little longer, so that only a dead wire gets so far (F-17)."""

IDLE_IN_TRANSACTION_SECONDS: Final = 5
"""How long the server keeps the locks of a node that has fallen silent between two statements."""

PACED_CONNECT_SECONDS: Final = 60.0
"""How long a process that stands back may take to connect: on a busy machine it is hardly let."""

GOODBYE_SECONDS: Final = 5.0
"""How long a worker that ends waits for the database to take leave."""

ROLLED_BACK: Final = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
"""After these the transaction has certainly not happened: 40P01, 40001."""

_TRIES: Final = 4
_LONGEST_PAUSE_SECONDS: Final = 0.05


_WATCH: Final = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 25_000}
"""Seconds, the last in milliseconds: a peer that is gone is noticed within half a minute."""


def _let_the_kernel_watch(connection: Any) -> None:
    """End a connection whose other end is gone: without it a command would wait for its answer for ever (F-17)."""
    wire = connection._transport.get_extra_info("socket")  # asyncpg has no public name for it
    if wire.family not in (socket.AF_INET, socket.AF_INET6):
        return
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _WATCH.items():
        if hasattr(socket, name):  # not every system has all of them
            wire.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


async def _prepare(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Make a new connection ours; one that breaks off on the way is not left open."""
    try:
        await _make_ours(connection)
    except BaseException:
        connection.terminate()
        raise


async def _make_ours(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    _let_the_kernel_watch(connection)
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: b"\x01" + msgspec.json.encode(value),
        decoder=lambda raw: msgspec.json.decode(raw[1:]),
        format="binary",
    )


_BY_KEY: Final = {
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_seqscan": "off",
    "max_parallel_workers_per_gather": "0",
}
"""Whoever serves asks for a few rows by their keys. A plan made while the tables were small or unknown is kept until
they are analyzed; without this it reads and hashes whole tables until then. Workers for a statement cost more to start
than it takes."""


def _server_settings(role: str | None, *, patient: bool) -> dict[str, str]:
    settings = {
        "application_name": "unilogin",
        "statement_timeout": "0" if patient else f"{STATEMENT_SECONDS}s",
        "idle_in_transaction_session_timeout": "0" if patient else f"{IDLE_IN_TRANSACTION_SECONDS}s",
        # On a network: what is left of a node that is gone frees its place within half a minute, not two hours.
        "tcp_keepalives_idle": "10",
        "tcp_keepalives_interval": "5",
        "tcp_keepalives_count": "3",
        "plan_cache_mode": "force_generic_plan",  # prepared statements: planning each anew gains nothing
        "jit": "off",  # every statement of ours is short; compiling costs more than it saves
    }
    return settings | ({} if patient else _BY_KEY) | ({"role": role} if role else {})


async def open_pool(dsn: str, *, role: str | None = "unilogin_run", size: int = 8, patient: bool = False) -> Pool:
    """Open the pool of this process; ``role`` is the database role every connection works in.

    ``patient`` is for commands, whose statements may take as long as they need.
    """

    async def connect_one() -> "asyncpg.Connection[asyncpg.Record]":
        connection = await asyncpg.connect(
            dsn,
            connection_class=asyncpg.Connection if patient else pools.ServingConnection,
            server_settings=_server_settings(role, patient=patient),
            timeout=5,
            statement_cache_size=256,
        )
        await _prepare(connection)
        return connection

    pool = pools.Pool(
        connect_one,
        size=size,
        acquire_seconds=ACQUIRE_SECONDS,
        answer_seconds=None if patient else ANSWER_SECONDS,
    )
    await pool.warm_up()
    return pool


async def close_pool(pool: Pool) -> None:
    """Say goodbye to the database, or hang up when it does not listen: nothing of ours is open any more."""
    try:
        await asyncio.wait_for(pool.close(), GOODBYE_SECONDS)
    except TimeoutError:
        pool.terminate()


async def connect(dsn: str, *, role: str | None = None, paced: bool = False) -> "asyncpg.Connection[asyncpg.Record]":
    """Open one connection for a command; statements may take as long as they need.

    ``paced`` is for large work that nobody waits for: it leaves a busy machine to those who sign in.
    """
    connection = await asyncpg.connect(
        dsn,
        connection_class=PacedConnection if paced else asyncpg.Connection,
        server_settings=_server_settings(role, patient=True),
        timeout=PACED_CONNECT_SECONDS if paced else 5,
    )
    await _prepare(connection)
    return connection


def acquire(pool: Pool) -> pools.Borrowed:
    """Borrow a connection for a few statements; raises TimeoutError after ``ACQUIRE_SECONDS``."""
    return pool.acquire()


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[Transaction]:
    """Open a transaction: committed at the end of the block, rolled back when it raises."""
    async with acquire(pool) as connection:
        opened = connection.transaction()
        await opened.start()
        try:
            yield connection
        except BROKEN:
            raise  # to say ROLLBACK would be another wait for the same silence; the server does it by itself
        except BaseException:
            await opened.rollback()
            raise
        else:
            await opened.commit()


def unhurried(connection: Connection) -> str:
    """Return what the ``returning`` of a statement adds so that its commit does not wait for the disk.

    Only for what costs its owner one repeated step when a crash of the database takes the last half second of it: never
    for a session, a secret, a count, an audit row, a code or a token (docs/adr/0007-a-cheaper-sign-in.md says row by
    row). A statement in somebody's transaction leaves that transaction as it is.
    """
    return "null" if connection.is_in_transaction() else "set_config('synchronous_commit', 'off', true)"


async def again_if_rolled_back(work: Callable[[], Awaitable[Result]]) -> Result:
    """Do work that is one transaction or one statement, and do it again when PostgreSQL rolled it back by itself.

    Of two that wait for each other the database sends one away. Nothing of it happened, so it may simply be repeated,
    a few times and not in step with the other (F-15). Never wrap work that does anything else than write.
    """
    for _ in range(_TRIES - 1):
        try:
            return await work()
        except ROLLED_BACK:
            await asyncio.sleep(random.uniform(0.2, 1) * _LONGEST_PAUSE_SECONDS)  # noqa: S311 - to fall out of step
    return await work()
