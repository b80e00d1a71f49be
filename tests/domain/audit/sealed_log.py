"""A log of a test's own: rows written as the server writes them, sealed as its job does, tampered with by the owner."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

import asyncpg

from tests.builders.running import connect, run
from unilogin.domain.audit.actions import write
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.audit.sealing import Progress, seal
from unilogin.domain.audit.verifying import Copied, Verdict, verify
from unilogin.kit.db.connection import Connection
from unilogin.kit.secrets import Secrets

Result = TypeVar("Result")
SERVING = "unilogin_run"
PUPIL = Actor("person", "0190c000-0000-7000-8000-000000000001")


@dataclass(frozen=True, slots=True)
class SealedLog:
    """The log of one database."""

    dsn: str
    secrets: Secrets

    def write(self, count: int, *, about: str = "tests") -> None:
        """Write so many rows, each in a transaction of its own."""

        async def work(connection: Connection) -> None:
            for number in range(count):
                entry = Entry(Event.SIGNIN_SUCCEEDED, PUPIL, about=about, request_id="r1", detail={"try": number})
                await write(connection, entry)

        self.run(work, role=SERVING)

    def seal(self) -> Progress:
        """Run the sequencer until nothing waits; other databases' transactions may hold it up for a moment."""
        return run(self._seal())

    async def _seal(self) -> Progress:
        connection = await connect(self.dsn, role=SERVING)
        try:
            while True:
                async with connection.transaction():
                    progress = await seal(connection, self.secrets)
                written = await connection.fetchval("select max(sequence) from audit_event")
                if progress.upto >= (written or 0):  # the last numbers may have been rolled back
                    return progress
                await asyncio.sleep(0.01)
        finally:
            await connection.close()

    def verify(self, *, copied: Iterable[Copied] = ()) -> Verdict:
        """Check the log."""
        return self.run(lambda connection: verify(connection, self.secrets, copied=copied), role=SERVING)

    def tamper(self, sql: str, *arguments: object) -> None:
        """Do what only the owner of the database can."""

        async def work(connection: Connection) -> None:
            await connection.execute(sql, *arguments)

        self.run(work)

    def look(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        """Read something."""

        async def work(connection: Connection) -> list[asyncpg.Record]:
            return list(await connection.fetch(sql, *arguments))

        return self.run(work)

    def numbers(self) -> list[int]:
        """Return the numbers of all rows."""
        return [row["sequence"] for row in self.look("select sequence from audit_event order by sequence")]

    def run(self, work: Callable[[Connection], Awaitable[Result]], *, role: str | None = None) -> Result:
        async def with_connection() -> Result:
            connection = await connect(self.dsn, role=role)
            try:
                return await work(connection)
            finally:
                await connection.close()

        return run(with_connection())
