"""``python -m bench [--quick] [--only WHAT …]``: measure, print a table, write JSON into ``bench/results``."""

import argparse
import asyncio
import shutil
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from bench import (
    arrival,
    beside,
    board,
    country,
    elevadgang,
    growth,
    journey,
    morning,
    releasing,
    rosters,
    sign_on,
    timing,
    undoing,
    worker,
)
from bench.report import Report
from bench.running import free_port, install_peers, start_database, start_unilogin
from bench.sign_on import Size
from bench.unilogin_side import prepare

MEASURES = (
    "journey",
    "sign-on",
    "morning",
    "timing",
    "board",
    "elevadgang",
    "roster",
    "undo",
    "release",
    "arrival",
    "beside",
    "country",
    "growth",
    "worker",
)
MILLION = 1_000_000
GROWTH_TIMES = 24


@dataclass(frozen=True, slots=True)
class Effort:
    """How much of everything is done."""

    sign_on: Size
    journey_rounds: int
    journeys: int
    persons: int
    roster_rounds: int
    roster_repeats: int
    morning_seconds: float
    pupils: int
    samples: int
    board_rounds: int
    board_journeys: int
    undone: int
    released: int
    deliveries: int
    beside_rounds: int
    beside_schools: int
    institutions: int
    growth: tuple[int, int]
    growth_rounds: int


FULL = Effort(
    Size(rounds=9, sessions=40),
    9,
    20,
    persons=200_000,
    roster_rounds=2,
    roster_repeats=2,
    morning_seconds=60,
    pupils=600,
    samples=600,
    board_rounds=5,
    board_journeys=840,
    undone=200_000,
    released=20_000,
    deliveries=20,
    beside_rounds=5,
    beside_schools=200,
    institutions=200,
    growth=(10_000, 100_000),
    growth_rounds=7,
)
QUICK = Effort(
    Size(rounds=3, sessions=20),
    3,
    10,
    persons=20_000,
    roster_rounds=1,
    roster_repeats=2,
    morning_seconds=15,
    pupils=60,
    samples=60,
    board_rounds=2,
    board_journeys=200,
    undone=10_000,
    released=5_000,
    deliveries=3,
    beside_rounds=3,
    beside_schools=40,
    institutions=20,
    growth=(2_000, 20_000),
    growth_rounds=3,
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure against the budgets.")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, a tenth of the roster")
    parser.add_argument("--only", nargs="+", choices=MEASURES, default=MEASURES, help="measure only this")
    parser.add_argument("--whole", action="store_true", help="country and growth with a million persons")
    parser.add_argument("--check", action="store_true", help="fail when a budget is exceeded")
    given = parser.parse_args()
    report = Report(given.quick)
    console = Console(width=None if sys.stdout.isatty() else 180)
    folder = Path(tempfile.mkdtemp(prefix="unilogin-bench-"))
    try:
        effort = QUICK if given.quick else FULL
        if given.whole:
            effort = replace(effort, institutions=country.WHOLE, growth=(effort.growth[0], MILLION))
        measure(report, folder, only=given.only, effort=effort)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    report.show(console)
    console.print(f"Written to {report.write()}")
    return 1 if given.check and not report.kept else 0


def measure(report: Report, folder: Path, *, only: list[str], effort: Effort) -> None:
    """Do what was asked for."""
    _measure_people(report, folder, only=only, effort=effort)
    _measure_rosters(report, folder, only=only, effort=effort)


def _measure_people(report: Report, folder: Path, *, only: list[str], effort: Effort) -> None:
    if set(only) & {"journey", "sign-on", "morning", "worker"}:
        _measure_server(report, folder, only=only, effort=effort)
    if "timing" in only:
        _measure_timing(report, folder, samples=effort.samples)
    if "board" in only:
        ratios, figures = board.measure(folder, rounds=effort.board_rounds, journeys=effort.board_journeys)
        report.ratios += ratios
        report.figures += figures
    if "elevadgang" in only:
        ratios, figures = elevadgang.measure(folder, rounds=effort.board_rounds)
        report.ratios += ratios
        report.figures += figures
    if "worker" in only:
        report.figures += worker.database_starts(folder)


def _measure_rosters(report: Report, folder: Path, *, only: list[str], effort: Effort) -> None:
    if "roster" in only:
        ratios, figures = rosters.measure(
            folder, persons=effort.persons, rounds=effort.roster_rounds, repeats=effort.roster_repeats
        )
        report.ratios += ratios
        report.figures += figures
    if "undo" in only:
        ratios, figures = undoing.measure(folder / "undoing", persons=effort.undone)
        report.ratios += ratios
        report.figures += figures
    if "release" in only:
        report.figures += releasing.measure(folder / "releasing", persons=effort.released)
    if "arrival" in only:
        report.figures += arrival.measure(folder / "arrival", deliveries=effort.deliveries)
    if "beside" in only:
        ratios, figures = beside.measure(
            folder / "beside",
            rounds=effort.beside_rounds,
            seconds=effort.morning_seconds,
            pupils=effort.pupils,
            schools=effort.beside_schools,
        )
        report.ratios += ratios
        report.figures += figures
    if "country" in only:
        ratios, figures = country.measure(folder / "country", institutions=effort.institutions)
        report.ratios += ratios
        report.figures += figures
    if "growth" in only:
        report.ratios += growth.measure(
            folder / "growth", sizes=effort.growth, rounds=effort.growth_rounds, times=GROWTH_TIMES
        )


def _measure_server(report: Report, folder: Path, *, only: list[str], effort: Effort) -> None:
    database = start_database(folder / "ours")
    pupils = max(effort.sign_on.sessions, effort.journeys, effort.pupils if "morning" in only else 0)
    house = asyncio.run(prepare(database.dsn, folder, services=sign_on.SERVICES, pupils=pupils))
    with start_unilogin(house.dsn, house.secrets_file, port=free_port()) as server:
        if "journey" in only:
            report.ratios += journey.measure(
                server, house, database=database, rounds=effort.journey_rounds, journeys=effort.journeys
            )
        if "sign-on" in only:
            install_peers()
            report.ratios += sign_on.compare(server, house, database=database, folder=folder, size=effort.sign_on)
        if "worker" in only:
            report.figures += worker.after_load(server)
    if "morning" in only:
        report.figures += morning.measure(house, database=database, seconds=effort.morning_seconds)
    if "worker" in only:
        report.figures += worker.starts(house)
    database.stop()


def _measure_timing(report: Report, folder: Path, *, samples: int) -> None:
    """On a database of its own: its thousands of names are nobody else's burden."""
    place = folder / "timing"
    place.mkdir()
    database = start_database(place / "ours")
    house = asyncio.run(prepare(database.dsn, place, services=1, pupils=1))
    with start_unilogin(house.dsn, house.secrets_file, port=free_port(), proxies="127.0.0.0/8,::1") as server:
        report.comparisons += timing.measure(server, house, database=database, samples=samples)
    database.stop()


if __name__ == "__main__":
    sys.exit(main())
