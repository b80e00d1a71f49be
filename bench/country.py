"""A country's rosters: as many day-cares, schools and gymnasiums as there are, the first time and the next night."""

import threading
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from bench.cpu import memory
from bench.report import Figure, Ratio
from bench.rosters import Files, Loader, Loading
from unilogin.kit.db.embedded import EmbeddedServer
from unilogin.roster.generating.families import BEGINNING, Moment
from unilogin.roster.generating.generator import write_institutions, write_roster
from unilogin.roster.generating.schools import country

SEED = 1
WHOLE = 2000
"""Institutions in the whole country: about a million persons."""


def write_country(folder: Path, *, institutions: int, moment: Moment) -> Files:
    """Write one file an institution, as they are at a moment."""
    folder.mkdir()
    files = Files(folder, [], 0)
    schools = list(country(institutions=institutions, seed=SEED))
    for school in schools:
        files.paths.append(folder / f"{school.institution.number}.xml")
        files.persons += write_roster(files.paths[-1], school, seed=SEED, moment=moment).persons
    write_institutions(files.institutions, schools)
    return files


def measure(folder: Path, *, institutions: int) -> tuple[list[Ratio], list[Figure]]:
    """Load the country into a new database, then the next night's files, in which one in a hundred differs."""
    folder.mkdir()
    loader = Loader(folder, folder / "loader.log")
    files = write_country(folder / "first", institutions=institutions, moment=BEGINNING)
    night = write_country(folder / "night", institutions=institutions, moment=Moment(night=1))
    copied = loader.parse_and_copy(files, name="bare")
    parsed = loader.parse(night)
    database, env = loader.prepare(files, name="country")
    with _Watch(database) as held:
        first = loader.load(files, database, env)
    with _Watch(database) as held_at_night:
        again = loader.load(night, database, env)
    database.stop()
    size = f"{files.persons} persons, {institutions} institutions"
    ratios = [
        _ratio(f"country, first load ({size})", "bare parse + COPY", first, copied, persons=files.persons),
        _ratio("country, the next night, 1 % changed", "bare parse", again, parsed, persons=night.persons),
    ]
    figures = [
        Figure("country, first load", files.persons / first.cpu_seconds, "persons per CPU second"),
        Figure("country, the next night", night.persons / again.cpu_seconds, "persons per CPU second"),
        Figure("country, bare parse + COPY", files.persons / copied.cpu_seconds, "persons per CPU second"),
        Figure("country, peak memory of the reader, first load", first.peak_memory, "MB"),
        Figure("country, peak memory of the reader, next night", again.peak_memory, "MB"),
        Figure("country, peak memory of the database's own, first load", held.peak, "MB"),
        Figure("country, peak memory of the database's own, next night", held_at_night.peak, "MB"),
    ]
    return ratios, figures


def _ratio(work: str, against: str, ours: Loading, theirs: Loading, *, persons: int) -> Ratio:
    per = 1e6 / persons
    return Ratio(work, against, [ours.cpu_seconds * per], [theirs.cpu_seconds * per], unit="µs")


@dataclass(slots=True)
class _Watch:
    """Looks now and then at what the database's processes hold alone, without the buffers they share."""

    database: EmbeddedServer
    peak: float = 0.0
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> "_Watch":
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(1.0):
            try:
                family = [self.database.pid, *(one.pid for one in psutil.Process(self.database.pid).children())]
                self.peak = max(self.peak, sum(memory(one).alone for one in family))
            except psutil.Error:  # one of them has ended meanwhile
                continue
