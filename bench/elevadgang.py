"""Elevadgang: what a page costs for each pupil on it, whatever the size of the class and of the country."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import asyncpg

from bench.board import PEOPLE, add_institutions, enter
from bench.cpu import span
from bench.relying_party import RelyingParty
from bench.report import Figure, Ratio
from bench.running import Running, analyze, free_port, start_database, start_unilogin
from bench.unilogin_side import SCHOOL, House, prepare
from bench.wire import Browser, Wire
from unilogin.kit.db.embedded import EmbeddedServer

SMALL, LARGE = 28, 1000
FEW, MANY = 10, 2000
A_PUPIL = 1.2
GROWTH = 1.2
WARM_UP_ROUNDS = 2

GROWING = (
    "directory_institution",
    "directory_person",
    "directory_account",
    "directory_membership",
    "directory_group",
    "directory_group_member",
    "credentials_password",
    "credentials_window",
    "limits_bucket",
    "sessions_session",
    "shell_session",
)
"""None of them is read from end to end for a page: an index leads to the rows."""


@dataclass(slots=True)
class Desk:
    """Two teachers at work, one with a class and one with a school in one class, and what their pages cost."""

    server: Running
    database: EmbeddedServer
    browsers: dict[int, Browser]
    classes: dict[int, UUID]
    found: dict[str, list[float]] = field(default_factory=dict)

    def round(self, *, counted: bool) -> None:
        """Open every page a few times."""
        small, large = self.browsers[SMALL], self.browsers[LARGE]
        token = small.follow(small.get("/elevadgang/klasser")).hidden["csrf"]
        works: dict[str, tuple[int, Callable[[], object]]] = {
            "small": (24, lambda: small.follow(small.get(f"/elevadgang/klasse/{self.classes[SMALL]}"))),
            "large": (4, lambda: large.follow(large.get(f"/elevadgang/klasse/{self.classes[LARGE]}"))),
            "classes": (24, lambda: small.follow(small.get("/elevadgang/klasser"))),
            "search": (24, lambda: small.follow(small.post("/elevadgang/soeg", {"csrf": token, "q": "Tavle 7"}))),
        }
        for name, (times, work) in works.items():
            with span(self.server.process.pid, self.database.pid) as spent:
                for _ in range(times):
                    work()
            if counted:
                self.found.setdefault(name, []).append(spent.seconds / times * 1000)

    def rounds(self, count: int) -> dict[str, list[float]]:
        """Return what each page cost, a round."""
        self.found = {}
        for number in range(WARM_UP_ROUNDS + count):
            self.round(counted=number >= WARM_UP_ROUNDS)
        return self.found


def measure(folder: Path, *, rounds: int) -> tuple[list[Ratio], list[Figure]]:
    """Measure on a database of its own, first among few institutions, then among many."""
    place = folder / "elevadgang"
    place.mkdir()
    database = start_database(place / "ours")
    house = asyncio.run(prepare(database.dsn, place, services=1, pupils=1))
    classes = asyncio.run(_furnish(house))
    analyze(database)
    with start_unilogin(house.dsn, house.secrets_file, port=free_port()) as server:
        wire = Wire(server.base_url)
        party = RelyingParty(server.endpoints, wire)
        browsers = {SMALL: enter(party, "lill9000"), LARGE: enter(party, "stor9000")}
        desk = Desk(server, database, browsers, classes)
        few = desk.rounds(rounds)
        asyncio.run(add_institutions(house.dsn, first=FEW, last=MANY))
        analyze(database)
        many = desk.rounds(rounds)
        scans = _scans(desk, house.dsn)
        wire.close()
    database.stop()
    return _ratios(few, many), [scans]


def _ratios(few: dict[str, list[float]], many: dict[str, list[float]]) -> list[Ratio]:
    each = {LARGE: [page / LARGE for page in few["large"]], SMALL: [page / SMALL for page in few["small"]]}
    named = {"small": f"the page of a class of {SMALL}", "classes": "the list of classes", "search": "finding a pupil"}
    return [
        Ratio(
            f"the page of a class of {LARGE}, for each pupil",
            f"of a class of {SMALL}",
            each[LARGE],
            each[SMALL],
            A_PUPIL,
        ),
        *(
            Ratio(f"{what}, among {MANY} institutions", f"among {FEW}", [min(many[name])], [min(few[name])], GROWTH)
            for name, what in named.items()
        ),
    ]


def _scans(desk: Desk, dsn: str) -> Figure:
    """Count how many times a table that grows was read from end to end for a round of pages."""
    before = asyncio.run(_scanned(dsn))
    desk.round(counted=False)
    time.sleep(2)  # a backend tells its counts when it has been idle for a second
    return Figure("growing tables read from end to end for a page", asyncio.run(_scanned(dsn)) - before, "", 0)


async def _scanned(dsn: str) -> int:
    connection = await asyncpg.connect(dsn)
    count = await connection.fetchval(
        "select sum(seq_scan)::int from pg_stat_user_tables where relname = any($1)", list(GROWING)
    )
    await connection.close()
    assert isinstance(count, int)
    return count


async def _furnish(house: House) -> dict[int, UUID]:
    """Put the two classes into the school that is there, and a few institutions beside it."""
    await add_institutions(house.dsn, first=1, last=FEW)
    connection = await asyncpg.connect(house.dsn)
    classes = {}
    for number, (stem, size) in enumerate((("lill", SMALL), ("stor", LARGE)), start=2):
        await connection.execute(PEOPLE, SCHOOL, stem, size, size, number, True)
        classes[size] = await connection.fetchval(
            "select group_key from directory_group where group_id = $1", f"{stem}0"
        )
    await connection.close()
    return classes
