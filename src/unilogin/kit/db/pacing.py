"""A connection for large work beside people who wait: now and then it pauses, longer the busier the machine.

A process can stand back behind others (nice), but what it asks of the database is done there at everybody's priority.
How busy the machine is, the kernel tells: how long this process was ready to run and was not let.
"""

import asyncio
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

import asyncpg

if TYPE_CHECKING:
    AnyConnection = asyncpg.Connection[asyncpg.Record]
else:
    AnyConnection = asyncpg.Connection

FREE_SECONDS: Final = 0.2
"""What the database has done for so long is nothing to speak of: a night's changes of a school take less."""

_MOST_SHARE: Final = 4.0
"""On a busy machine it pauses so many times as long as it worked."""

_MOST_SECONDS: Final = 2.0
"""And no longer at a time: it may hold a lock that somebody at a page waits for."""

_WAITS_FOR_OTHERS: Final = "pg_advisory"
_TOLD = Path("/proc/self/schedstat")


class PacedConnection(AnyConnection):
    """Pauses when statements have taken long enough. Those that wait for somebody else's lock cost nobody anything."""

    __slots__ = ("_pace",)

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._pace = Pace()

    async def execute(self, query: str, *args: Any, **options: Any) -> Any:
        return await self._paced(query, super().execute(query, *args, **options))

    async def fetch(self, query: str, *args: Any, **options: Any) -> Any:
        return await self._paced(query, super().fetch(query, *args, **options))

    async def fetchrow(self, query: str, *args: Any, **options: Any) -> Any:
        return await self._paced(query, super().fetchrow(query, *args, **options))

    async def fetchval(self, query: str, *args: Any, **options: Any) -> Any:
        return await self._paced(query, super().fetchval(query, *args, **options))

    async def _paced(self, query: str, asking: Any) -> Any:
        began = perf_counter()
        answer = await asking
        seconds = perf_counter() - began
        if _WAITS_FOR_OTHERS not in query and self._pace.is_due(seconds):
            await asyncio.sleep(self._pace.pause(*_scheduled()))
        return answer


class Pace:
    """Remembers how long statements took, and what the kernel told last time. Pure: what it tells comes in."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._ran = self._waited = 0

    def is_due(self, seconds: float) -> bool:
        """Count a statement; tell whether a pause is due."""
        self._seconds += seconds
        return self._seconds >= FREE_SECONDS

    def pause(self, ran: int, waited: int) -> float:
        """Return how long to pause for what was counted; ``ran`` and ``waited`` as the kernel counts them."""
        worked, delayed = ran - self._ran, waited - self._waited
        self._ran, self._waited = ran, waited
        busy = delayed / (worked + delayed) if worked + delayed > 0 else 0.0
        counted, self._seconds = self._seconds, 0.0
        return min(counted * _MOST_SHARE * busy, _MOST_SECONDS)


def _scheduled() -> tuple[int, int]:
    """Return for how long this process ran, and waited to run; nothing where the kernel does not tell."""
    try:
        ran, waited, _ = _TOLD.read_text().split()
    except (OSError, ValueError):
        return 0, 0
    return int(ran), int(waited)
