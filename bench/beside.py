"""Eight o'clock while rosters are loaded: what the pupils who sign in notice of it.

The same pupils come at the same moments, in turn with and without schools' systems that deliver as fast as the server
takes it. Every file is new to it: first the school as it is, then nights in which one family in a hundred differs.
"""

import asyncio
import itertools
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.cpu import span
from bench.delivering import Doors, Sender, register
from bench.morning import LOAD, Tally, arrive, capacity, register_school
from bench.relying_party import RelyingParty
from bench.report import Figure, Ratio
from bench.running import analyze, free_port, start_database, start_unilogin
from bench.unilogin_side import House, prepare
from bench.wire import Wire
from unilogin.kit.db.connection import connect
from unilogin.roster.generating.families import BEGINNING
from unilogin.roster.generating.generator import write_roster
from unilogin.roster.generating.schools import School, school_of

BUDGET = 1.3
LINES = 2
"""A Danish school of some 440 pupils; with parents and staff about a thousand persons."""

SYSTEMS = 6
"""So many files are on their way at a time: more than the server loads."""


@dataclass(slots=True)
class Deliveries:
    """Files that are yet to be sent, and what was loaded so far."""

    doors: Doors
    folder: Path
    schools: Sequence[School]
    persons: int = 0
    files: int = 0
    errors: list[str] = field(default_factory=list)
    _next: Iterator[tuple[int, School]] = field(default_factory=lambda: iter(()))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._next = ((night, school) for night in itertools.count() for school in self.schools)

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Deliver during a ``with`` block, and wait for what has begun."""
        ended = threading.Event()
        systems = [threading.Thread(target=self._deliver, args=(ended,)) for _ in range(SYSTEMS)]
        for system in systems:
            system.start()
        yield
        ended.set()
        for system in systems:
            system.join()

    def _deliver(self, ended: threading.Event) -> None:
        while not ended.is_set():
            with self._lock:
                night, school = next(self._next)
            number = school.institution.number
            path = self.folder / f"{number}-{night}.xml"
            size = write_roster(path, school, seed=1, moment=replace(BEGINNING, night=night))
            try:
                self.doors.upload(number, path.read_bytes())
            except Exception as error:
                self.errors.append(repr(error)[:300])
                time.sleep(1)
            else:
                with self._lock:
                    self.persons += size.persons
                    self.files += 1
            path.unlink()


def measure(
    folder: Path, *, rounds: int, seconds: float, pupils: int, schools: int
) -> tuple[list[Ratio], list[Figure]]:
    """Measure on a database of its own."""
    folder.mkdir()
    database = start_database(folder / "ours")
    house = asyncio.run(prepare(database.dsn, folder, services=1, pupils=pupils))
    asyncio.run(register_school(house))
    invented = list(_invent(schools))
    sender = asyncio.run(_settle(house, invented))
    alone: list[Tally] = []
    beside: list[Tally] = []
    with start_unilogin(house.dsn, house.secrets_file, port=free_port(), workers=os.cpu_count() or 1) as server:
        party = RelyingParty(server.endpoints, Wire(server.base_url))
        rate = LOAD * capacity(server, party, house, database=database)
        deliveries = Deliveries(Doors(server, house, sender, folder / "none"), folder, invented)
        arrive(party, house, rate=rate / 2, seconds=seconds / 3)
        loading = 0.0
        for number in range(rounds):
            for busy in (False, True) if number % 2 else (True, False):
                asyncio.run(_forgive(house))
                if not busy:
                    alone.append(arrive(party, house, rate=rate, seconds=seconds))
                    continue
                began = time.monotonic()
                with span(server.process.pid, database.pid), deliveries.going_on():
                    beside.append(arrive(party, house, rate=rate, seconds=seconds))
                loading += time.monotonic() - began
                analyze(database)
        party.wire.close()
    database.stop()
    return _report(alone, beside, deliveries, rate=rate, loading=loading)


def _report(
    alone: Sequence[Tally], beside: Sequence[Tally], deliveries: Deliveries, *, rate: float, loading: float
) -> tuple[list[Ratio], list[Figure]]:
    for error in [*deliveries.errors[:3], *(error for one in (*alone, *beside) for error in one.errors[:1])]:
        print(error)
    ratio = Ratio(
        f"eight o'clock ({rate:.1f} a second), p95 of a sign-in while rosters are loaded",
        "the same, with none loaded",
        [one.p95 * 1000 for one in beside],
        [one.p95 * 1000 for one in alone],
        BUDGET,
    )
    strange = sum(one.gave_up + len(one.errors) for one in (*alone, *beside))
    return [ratio], [
        Figure("rosters loaded meanwhile", deliveries.files, "files"),
        Figure("rosters loaded meanwhile", deliveries.persons / loading, "persons a second"),
        Figure("rosters loaded meanwhile: deliveries that failed", len(deliveries.errors), "files", 0),
        Figure("people who did not get in meanwhile", strange, "people", 0),
    ]


async def _forgive(house: House) -> None:
    """Forget what was mistyped: the same pupils slip in every slice, as often as a pupil does in a month."""
    connection = await connect(house.dsn)
    await connection.execute("truncate limits_bucket, limits_device, limits_net, limits_spray")
    await connection.execute("update limits_site set failures = 0, unknown = 0, day_failures = 0, slow_until = null")
    await connection.close()


def _invent(count: int) -> Iterator[School]:
    first = 0
    for number in range(count):
        school = school_of(number, lines=LINES, first=first, prefix="V")
        first += school.families_a_year
        yield school


async def _settle(house: House, schools: Sequence[School]) -> Sender:
    connection = await connect(house.dsn)
    await connection.executemany(
        "insert into directory_institution (number, name, kind, public_law_body) values ($1, $2, $3, true)",
        [(one.institution.number, one.institution.name, one.kind.name) for one in schools],
    )
    await connection.close()
    return await register(house, [one.institution.number for one in schools])
