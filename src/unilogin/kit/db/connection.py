"""Connections to PostgreSQL through asyncpg: one pool a process, every connection in the role that serves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg
import msgspec

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
"""What queries take: any connection, in a transaction or not."""

Transaction: TypeAlias = Connection
"""What actions take: a connection whose transaction the caller has opened and will commit."""

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"


ACQUIRE_SECONDS = 1.0
"""How long a request waits for a connection before it answers 503 (F-13)."""


async def _prepare(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: b"\x01" + msgspec.json.encode(value),
        decoder=lambda raw: msgspec.json.decode(raw[1:]),
        format="binary",
    )


def _server_settings(role: str | None) -> dict[str, str]:
    settings = {
        "application_name": "unilogin",
        "statement_timeout": "10s",
        "idle_in_transaction_session_timeout": "30s",
        "jit": "off",  # every statement of ours is short; compiling costs more than it saves
    }
    return settings | ({"role": role} if role else {})


async def open_pool(dsn: str, *, role: str | None = "unilogin_run", size: int = 8) -> Pool:
    """Open the pool of this process; ``role`` is the database role every connection works in."""
    return await asyncpg.create_pool(
        dsn,
        min_size=min(2, size),
        max_size=size,
        init=_prepare,
        server_settings=_server_settings(role),
        command_timeout=15,
        timeout=5,
        max_inactive_connection_lifetime=300,
        statement_cache_size=256,
        reset=_leave_as_it_is,
    )


async def _leave_as_it_is(connection: Any) -> None:
    """Skip asyncpg's RESET ALL round trip: we never change a session's state outside a transaction."""


async def connect(dsn: str, *, role: str | None = None) -> "asyncpg.Connection[asyncpg.Record]":
    """Open one connection for a command; statements may take as long as they need."""
    settings = _server_settings(role) | {"statement_timeout": "0", "idle_in_transaction_session_timeout": "0"}
    connection = await asyncpg.connect(dsn, server_settings=settings, timeout=5)
    await _prepare(connection)
    return connection


@asynccontextmanager
async def acquire(pool: Pool) -> AsyncIterator[Connection]:
    """Borrow a connection for a few statements; raises TimeoutError after ``ACQUIRE_SECONDS``."""
    async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
        yield connection


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[Transaction]:
    """Open a transaction: committed at the end of the block, rolled back when it raises."""
    async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection, connection.transaction():
        yield connection
