"""A few places for heavy work, and a short queue in front of them: whoever finds it full is told to come again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from unilogin.kit.errors import UniloginError


class FullError(UniloginError):
    """All places are taken, and enough wait already."""

    code = "full"


class Places:
    """Lets so many at a time work, and so many wait, each at most so long."""

    def __init__(self, *, at_once: int, waiting: int, seconds: float) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._room = waiting
        self._seconds = seconds

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Keep a place while the block runs; raises FullError when there is none soon."""
        if self._free.locked():
            await self._wait()
        else:
            await self._free.acquire()  # at once
        try:
            yield
        finally:
            self._free.release()

    async def _wait(self) -> None:
        if self._room == 0:
            raise FullError("nobody more may wait")
        self._room -= 1
        try:
            async with asyncio.timeout(self._seconds):
                await self._free.acquire()
        except TimeoutError as error:
            raise FullError("waited in vain") from error
        finally:
            self._room += 1
