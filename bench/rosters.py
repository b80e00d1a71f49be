"""Loading rosters of many schools, the first time and again, held against a bare parse and COPY of the same files."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import psutil

from bench.cpu import peak_memory, span
from bench.report import Figure, Ratio
from bench.running import environment, start_database
from unilogin.kit.db.embedded import EmbeddedServer
from unilogin.kit.secrets import create_secrets_file
from unilogin.roster.generating.families import BEGINNING
from unilogin.roster.generating.generator import extracted_at, write_institutions, write_roster
from unilogin.roster.generating.schools import FOLKESKOLE, School, school_of

CLASSES_A_YEAR = 2
"""A Danish school of some 440 pupils; with parents and staff some twelve hundred persons."""

PERSONS_A_CLASS = 560
"""In all years together, for each class that a school has in one: pupils, parents, staff."""

FIRST_BUDGET = 2.5
REPEAT_BUDGET = 1.3
FLAT = 1.1
"""The reader may hold so much more for a file twenty times the size."""


@dataclass(slots=True)
class Files:
    """Rosters of one institution each, in a folder of their own."""

    folder: Path
    paths: list[Path]
    persons: int
    extracted_at: datetime = field(default=extracted_at(BEGINNING))

    @property
    def institutions(self) -> Path:
        """The list of the institutions, as an operator imports it."""
        return self.folder / "institutions.csv"

    def come_again(self) -> None:
        """Give every file a later time and leave all else as it is."""
        before, self.extracted_at = self.extracted_at, self.extracted_at + timedelta(hours=1)
        old, new = (f'sourceDateTime="{at.isoformat()}"'.encode() for at in (before, self.extracted_at))
        for path in self.paths:
            with path.open("r+b") as file:
                head = file.read(1024)
                if head.count(old) != 1 or len(old) != len(new):
                    raise ValueError(f"{path} is not as it was written")
                file.seek(0)
                file.write(head.replace(old, new))


def write_files(folder: Path, *, persons: int, classes_a_year: int = CLASSES_A_YEAR) -> Files:
    """Write as many rosters of one size as make about so many persons, nobody in two of them."""
    folder.mkdir()
    files = Files(folder, [], 0)
    schools: list[School] = []
    first = 0
    while files.persons < persons - classes_a_year * PERSONS_A_CLASS / 2:
        school = school_of(len(schools), kind=FOLKESKOLE, lines=classes_a_year, first=first, prefix="R")
        first += school.families_a_year
        schools.append(school)
        files.paths.append(folder / f"{school.institution.number}.xml")
        files.persons += write_roster(files.paths[-1], school, seed=1).persons
    write_institutions(files.institutions, schools)
    return files


@dataclass(frozen=True, slots=True)
class Loading:
    """What one run of a loader cost, with its share of the database."""

    cpu_seconds: float
    peak_memory: float


def run(
    arguments: Sequence[str | Path], env: Mapping[str, str], *, database: EmbeddedServer | None, log: Path
) -> Loading:
    """Run a Python program to its end and add what the database did for it; raises SystemExit when it fails."""
    peak = 0.0
    with span(*([database.pid] if database else [])) as spent, log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments], env=environment(env), stdout=output, stderr=subprocess.STDOUT
        )
        while (ended := os.wait4(process.pid, os.WNOHANG))[0] == 0:
            peak = max(peak, _peak_of_all(process.pid))
            time.sleep(0.02)
    process.returncode = os.waitstatus_to_exitcode(ended[1])
    if process.returncode != 0:
        raise SystemExit(f"{arguments[:3]} failed:\n{log.read_text(errors='replace')[-3000:]}")
    return Loading(spent.seconds + ended[2].ru_utime + ended[2].ru_stime, peak)


def _peak_of_all(pid: int) -> float:
    try:
        family = [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    except psutil.NoSuchProcess:
        return 0.0
    return sum(peak_memory(one) for one in family)


@dataclass(slots=True)
class Loader:
    """Runs the loaders on databases that are made for them."""

    folder: Path
    log: Path

    def parse(self, files: Files) -> Loading:
        """Parse alone, bare."""
        return run(["bench.bare_roster", *files.paths], {}, database=None, log=self.log)

    def parse_and_copy(self, files: Files, *, name: str) -> Loading:
        """Parse and COPY into a new database, bare."""
        database = start_database(self.folder / name)
        found = run(["bench.bare_roster", "--dsn", database.dsn, *files.paths], {}, database=database, log=self.log)
        database.stop()
        return found

    def prepare(self, files: Files, *, name: str) -> tuple[EmbeddedServer, dict[str, str]]:
        """Make a new Unilogin that knows the institutions and nobody in them."""
        database = start_database(self.folder / name)
        secrets_file = self.folder / f"{name}.toml"
        create_secrets_file(secrets_file)
        env = {"UNILOGIN_DATABASE_URL": database.dsn, "UNILOGIN_SECRETS_FILE": str(secrets_file)}
        for command in (["migrate"], ["institutions", "import", files.institutions]):
            run(["unilogin.cli.app", *command], env, database=database, log=self.log)
        return database, env

    def load(self, files: Files, database: EmbeddedServer, env: Mapping[str, str]) -> Loading:
        """Import all files with one command."""
        return run(["unilogin.cli.app", "roster", "import", *files.paths], env, database=database, log=self.log)


def measure(folder: Path, *, persons: int, rounds: int, repeats: int) -> tuple[list[Ratio], list[Figure]]:
    """Load new databases and load them again, in turn with the bare work."""
    loader = Loader(folder, folder / "loader.log")
    peaks = _peaks(loader, folder, persons=persons)
    files = write_files(folder / "rosters", persons=persons)
    parse, copied, first, again = [], [], [], []
    for number in range(rounds):
        copied.append(loader.parse_and_copy(files, name=f"bare{number}"))
        database, env = loader.prepare(files, name=f"roster{number}")
        first.append(loader.load(files, database, env))
        for _ in range(repeats):
            files.come_again()
            parse.append(loader.parse(files))
            again.append(loader.load(files, database, env))
        database.stop()
    per = 1e6 / files.persons
    size = f"{files.persons} persons, {len(files.paths)} files"
    ratios = [
        Ratio(
            f"roster, first load ({size})",
            "bare parse + COPY",
            _each(first, per),
            _each(copied, per),
            FIRST_BUDGET,
            "µs",
        ),
        Ratio(
            "roster, the same again with a new time",
            "bare parse",
            _each(again, per),
            _each(parse, per),
            REPEAT_BUDGET,
            "µs",
        ),
    ]
    speeds = [
        Figure(f"roster, {what}", files.persons / min(run.cpu_seconds for run in runs), "persons per CPU second")
        for what, runs in (
            ("bare parse", parse),
            ("bare parse + COPY", copied),
            ("first load", first),
            ("again", again),
        )
    ]
    return ratios, [*speeds, *peaks]


def _each(runs: Sequence[Loading], per: float) -> list[float]:
    return [one.cpu_seconds * per for one in runs]


def _peaks(loader: Loader, folder: Path, *, persons: int) -> list[Figure]:
    """Load one small and one large file into a new database each: the peak must be the same. It is a warm-up, too."""
    peaks = []
    for name, classes in (("small", CLASSES_A_YEAR), ("large", round(persons / PERSONS_A_CLASS / 4))):
        single = write_files(folder / name, persons=classes * PERSONS_A_CLASS, classes_a_year=classes)
        database, env = loader.prepare(single, name=f"memory-{name}")
        peaks.append((single.persons, loader.load(single, database, env).peak_memory))
        loader.parse(single)
        database.stop()
    (few, small), (many, large) = peaks
    return [
        Figure(f"roster, peak memory of the reader, one file of {few} persons", small, "MB"),
        Figure(f"roster, peak memory of the reader, one file of {many} persons", large, "MB"),
        Figure("roster, growth of that peak", large / small, "×", FLAT),
    ]
