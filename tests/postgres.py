"""One PostgreSQL for a whole run of the tests: our own embedded one, in memory where there is room, and not durable.

Making a database from a template takes about 10 ms in memory and 50 to 150 ms on a disk, so a test can have its own.
"""

import asyncio
import fcntl
import os
import shutil
import tempfile
import threading
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import asyncpg

from unilogin.kit.db.embedded import EmbeddedServer, start_embedded

# Nothing here must survive the run, so nothing waits for a disk.
FORGETFUL = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "checkpoint_timeout": "1h",
    "max_connections": "200",
    "shared_buffers": "128MB",
}
MEMORY = Path("/dev/shm")
ROOM_IN_MEMORY = 2 * 2**30
PREFIX = "unilogin-tests-"

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class TestServer:
    """The running server; its functions may be called from plain and from async tests alike."""

    __test__: ClassVar[bool] = False  # the name looks like a test to pytest

    admin_dsn: str
    _server: EmbeddedServer = field(repr=False)
    _loop: asyncio.AbstractEventLoop = field(repr=False)
    _thread: threading.Thread = field(repr=False)
    _admin: "asyncpg.Connection[asyncpg.Record]" = field(repr=False)

    def create_database(self, name: str, template: str | None = None) -> str:
        """Make a database, as a copy of another one to which nobody may be connected; returns its dsn."""
        copy = f'template "{template}" strategy file_copy' if template else ""
        self._run(self._admin.execute(f'create database "{name}" {copy}'))
        return self.dsn_of(name)

    def drop_database(self, name: str) -> None:
        """Drop a database and whoever is still connected to it."""
        self._run(self._admin.execute(f'drop database if exists "{name}" with (force)'))

    def dsn_of(self, name: str) -> str:
        return self.admin_dsn.replace("/unilogin?", f"/{name}?", 1)

    def stop(self) -> None:
        self._run(self._admin.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._server.stop()
        if self._server.data.parent == MEMORY:
            # A run that begins now finds the lock free, and clears away the same folder.
            shutil.rmtree(self._server.data, ignore_errors=True)

    def _run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=120)


def start_test_server(folder: Path) -> TestServer:
    """Start the run's server: in memory where there is room, else in ``folder``."""
    remove_what_killed_runs_left()
    server = start_embedded(folder_in_memory() or folder, settings=FORGETFUL)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="test-server", daemon=True)
    thread.start()
    admin = asyncio.run_coroutine_threadsafe(asyncpg.connect(server.dsn), loop).result(timeout=120)
    return TestServer(admin_dsn=server.dsn, _server=server, _loop=loop, _thread=thread, _admin=admin)


def folder_in_memory() -> Path | None:
    if not os.access(MEMORY, os.W_OK) or shutil.disk_usage(MEMORY).free < ROOM_IN_MEMORY:
        return None
    return Path(tempfile.mkdtemp(prefix=PREFIX, dir=MEMORY))


def remove_what_killed_runs_left() -> None:
    """A folder whose lock nobody holds belongs to a run that was killed: give its memory back."""
    for lock in MEMORY.glob(f"{PREFIX}*/lock"):
        if lock.stat().st_uid == os.geteuid():
            with lock.open("wb") as held:
                try:
                    fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                shutil.rmtree(lock.parent, ignore_errors=True)
