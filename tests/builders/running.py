"""Runs database work for plain tests, in a thread of its own: Playwright keeps a loop running in the test's thread."""

import asyncio
import threading
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

import asyncpg

from unilogin.kit.db import connection as database
from unilogin.kit.db.connection import Transaction

if TYPE_CHECKING:
    AnyConnection = asyncpg.Connection[asyncpg.Record]
else:
    AnyConnection = asyncpg.Connection

Result = TypeVar("Result")

_loop = asyncio.new_event_loop()
_thread = threading.Thread(target=_loop.run_forever, name="tests-database", daemon=True)
_thread.start()


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run work to its end and return what it returns."""
    return asyncio.run_coroutine_threadsafe(work, _loop).result(timeout=300)


class _Kept(AnyConnection):
    """A connection that whoever closes it leaves to the next who asks for one like it."""

    __slots__ = ()

    async def close(self, *, timeout: float | None = None) -> None:
        if self.is_closed() or self.is_in_transaction():
            await super().close(timeout=timeout)
        else:
            _left[_whose[self]].append(self)


_left: dict[tuple[str, str | None], list[AnyConnection]] = defaultdict(list)
_whose: "WeakKeyDictionary[AnyConnection, tuple[str, str | None]]" = WeakKeyDictionary()


async def connect(dsn: str, *, role: str | None = None) -> AnyConnection:
    """Open a connection as ours does, or take one that was closed: opening takes the time of twenty statements.

    For those who close what they open, and leave nothing behind in the session. Only in work that ``run`` runs.
    """
    if asyncio.get_running_loop() is not _loop:
        return await database.connect(dsn, role=role)
    left = _left[dsn, role]
    while left:
        connection = left.pop()
        with suppress(OSError, asyncio.TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            await connection.reset(timeout=5)
            return await _known_as_ours(connection)
        connection.terminate()  # its database was dropped, or restarted
    connection = await database.connect(dsn, role=role)
    connection.__class__ = _Kept
    _whose[connection] = (dsn, role)
    return await _known_as_ours(connection)


async def _known_as_ours(connection: AnyConnection) -> AnyConnection:
    """Let no test that counts the product's connections count this one, nor kill it for one of theirs."""
    await connection.execute("set application_name = 'tests'")
    return connection


def within(dsn: str, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
    """Do work in one transaction, in the role that serves."""

    async def connected() -> Result:
        connection = await connect(dsn, role="unilogin_run")
        try:
            async with connection.transaction():
                return await work(connection)
        finally:
            await connection.close()

    return run(connected())
