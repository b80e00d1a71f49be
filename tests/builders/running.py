"""Runs database work for plain tests, in a thread of its own: Playwright keeps a loop running in the test's thread."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from unilogin.kit.db.connection import Transaction, connect

Result = TypeVar("Result")

_loop = asyncio.new_event_loop()
_thread = threading.Thread(target=_loop.run_forever, name="tests-database", daemon=True)
_thread.start()


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run work to its end and return what it returns."""
    return asyncio.run_coroutine_threadsafe(work, _loop).result(timeout=300)


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
