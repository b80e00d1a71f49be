"""What a worker holds and how soon it is there; how soon the embedded PostgreSQL is."""

import time
from pathlib import Path

import psutil

from bench.cpu import Memory, memory
from bench.report import Figure
from bench.running import Running, free_port, start_database, start_unilogin
from bench.unilogin_side import House

MEMORY_LIMIT = 120
READY_LIMIT = 2.0
STARTS = 3


def after_load(server: Running) -> list[Figure]:
    """Return what the serving process with most memory holds: the worker; and all of them together."""
    processes = [
        server.process.pid,
        *(child.pid for child in psutil.Process(server.process.pid).children(recursive=True)),
    ]
    held: list[Memory] = sorted((memory(pid) for pid in processes), key=lambda one: one.share)
    return [
        Figure("a worker after load, its share of memory (PSS)", held[-1].share, "MB", MEMORY_LIMIT),
        Figure("a worker after load, memory of its own (USS)", held[-1].alone, "MB"),
        Figure("all processes of a server with one worker (PSS)", sum(one.share for one in held), "MB"),
    ]


def starts(house: House) -> list[Figure]:
    """Start a server a few times on a database that runs already; the quickest tells."""
    found = []
    for _ in range(STARTS):
        with start_unilogin(house.dsn, house.secrets_file, port=free_port()) as server:
            found.append(server.ready_seconds)
    return [Figure("a server with one worker, from start to its first answer", min(found), "s", READY_LIMIT)]


def database_starts(folder: Path) -> list[Figure]:
    """Start the embedded PostgreSQL in a new folder, and again in the same one."""
    cold = time.monotonic()
    database = start_database(folder / "started")
    cold = time.monotonic() - cold
    found = []
    for _ in range(STARTS):
        database.stop()
        warm = time.monotonic()
        database = start_database(folder / "started")
        found.append(time.monotonic() - warm)
    database.stop()
    return [
        Figure("embedded PostgreSQL, first start in a new folder", cold, "s"),
        Figure("embedded PostgreSQL, later starts", min(found), "s"),
    ]
