"""A PostgreSQL cluster of a test's own, durable as in production, that can be stopped in every way there is."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, urlsplit

import asyncpg

from unilogin.kit.db.embedded import EmbeddedServer, start_embedded

Manner = Literal["fast", "immediate", "kill"]
"""As ``pg_ctl stop -m fast`` and ``-m immediate`` do it, by the same signals: pg_ctl refuses to run as root. Or -9."""

_SIGNALS: Mapping[Manner, signal.Signals] = {
    "fast": signal.SIGINT,
    "immediate": signal.SIGQUIT,
    "kill": signal.SIGKILL,
}
SETTINGS = {
    "fsync": "on",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "autovacuum_naptime": "10s",
}

RECOVERY_SECONDS = 120.0


@dataclass(eq=False)
class Cluster:
    """A running cluster; the dsn stays the same over every restart."""

    folder: Path
    settings: Mapping[str, str] = field(default_factory=lambda: SETTINGS)
    _server: EmbeddedServer = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.start()

    @property
    def dsn(self) -> str:
        """The superuser's dsn, past every wire."""
        return self._server.dsn

    @property
    def socket(self) -> Path:
        """The Unix socket the server listens on."""
        query = parse_qs(urlsplit(self.dsn).query)
        return Path(query["host"][0], f".s.PGSQL.{query['port'][0]}")

    @property
    def log(self) -> Path:
        return self.folder / "postgres.log"

    def start(self) -> None:
        """Start it, after a crash with recovery; ready on return."""
        self._server = start_embedded(self.folder, settings=self.settings)

    def stop(self, manner: Manner = "fast") -> None:
        """Stop it; gone on return."""
        os.kill(self._server.pid, _SIGNALS[manner])
        self._server.stop()

    def restart(self, manner: Manner = "fast") -> None:
        self.stop(manner)
        self.start()

    @asynccontextmanager
    async def connection(self) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
        """A superuser's connection past every wire, when PostgreSQL has recovered from what was done to it before."""
        connection = await self._connect_when_recovered()
        try:
            yield connection
        finally:
            await connection.close()

    async def _connect_when_recovered(self) -> "asyncpg.Connection[asyncpg.Record]":
        async with asyncio.timeout(RECOVERY_SECONDS):
            while True:
                try:
                    return await asyncpg.connect(self.dsn, server_settings={"application_name": "faults"}, timeout=30)
                except (asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError, OSError):
                    await asyncio.sleep(0.05)

    async def execute(self, sql: str, *arguments: object) -> None:
        """Run one statement as superuser."""
        async with self.connection() as connection:
            await connection.execute(sql, *arguments)

    async def kill_a_backend(self) -> None:
        """kill -9 of one process that serves the application: PostgreSQL then drops everybody and recovers."""
        async with self.connection() as connection:
            pid = await connection.fetchval(
                "select pid from pg_stat_activity where application_name = 'unilogin' order by backend_start limit 1"
            )
        if pid is not None:
            os.kill(pid, signal.SIGKILL)

    async def shift_clock(self, interval: str = "0") -> None:
        """Move the one clock that decides about expiry: what ``kit_now()`` says is off by an interval from now on."""
        await self.execute(
            "create or replace function kit_now() returns timestamptz language sql stable parallel safe"
            f" return statement_timestamp() + interval '{interval}'"
        )
