"""A connection for large work beside people who wait: after a long statement it pauses, longer the busier the machine.

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

LONG_SECONDS: Final = 0.25
"""A statement that takes less is nothing to speak of."""

_MOST_SHARE: Final = 4.0
"""On a busy machine it pauses so many times as long as it worked."""

_MOST_SECONDS: Final = 60.0
_WAITS_FOR_OTHERS: Final = "pg_advisory"
_TOLD = Path("/proc/self/schedstat")


class PacedConnection(AnyConnection):
    """Pauses after long statements. Those that wait for a lock of somebody else's have worked nobody."""

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
        if seconds >= LONG_SECONDS and _WAITS_FOR_OTHERS not in query:
            await asyncio.sleep(self._pace.pause(seconds, *_scheduled()))
        return answer


class Pace:
    """Remembers what the kernel told last time. Pure: what it tells comes in as arguments."""

    def __init__(self) -> None:
        self._ran = self._waited = 0

    def pause(self, seconds: float, ran: int, waited: int) -> float:
        """Return how long to pause after so long a statement; ``ran`` and ``waited`` as the kernel counts them."""
        worked, delayed = ran - self._ran, waited - self._waited
        self._ran, self._waited = ran, waited
        busy = delayed / (worked + delayed) if worked + delayed > 0 else 0.0
        return min(seconds * _MOST_SHARE * busy, _MOST_SECONDS)


def _scheduled() -> tuple[int, int]:
    """Return for how long this process ran, and waited to run; nothing where the kernel does not tell."""
    try:
        ran, waited, _ = _TOLD.read_text().split()
    except (OSError, ValueError):
        return 0, 0
    return int(ran), int(waited)
