"""Writing the files: one roster a school, as drawn, so that memory does not grow with a school or a country."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import chain
from pathlib import Path

from unilogin.roster.generating.changes import changed, gone
from unilogin.roster.generating.families import BEGINNING, SFO_STAGES, Moment, class_id, class_name, line_name
from unilogin.roster.generating.members import Count, members, places
from unilogin.roster.generating.mistakes import Member
from unilogin.roster.generating.model import Group
from unilogin.roster.generating.oneroster_file import write_tables
from unilogin.roster.generating.roster_file import Delivery, write_document
from unilogin.roster.generating.schools import School

_A_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class RosterSize:
    """What written rosters hold; `persons` counts everybody once."""

    pupils: int = 0
    staff: int = 0
    guardians: int = 0
    bytes: int = 0

    @property
    def persons(self) -> int:
        return self.pupils + self.staff + self.guardians

    def __add__(self, other: "RosterSize") -> "RosterSize":
        return RosterSize(
            self.pupils + other.pupils,
            self.staff + other.staff,
            self.guardians + other.guardians,
            self.bytes + other.bytes,
        )


def extracted_at(moment: Moment) -> datetime:
    """Return when a source has read the facts of a moment: at three in the morning."""
    first = datetime(moment.year, 8, 10, 3, 0, tzinfo=timezone(timedelta(hours=2)))
    return first + timedelta(days=moment.night)


def write_roster(
    path: Path,
    school: School,
    *,
    seed: int,
    moment: Moment = BEGINNING,
    at: datetime | None = None,
    mistakes: bool = False,
) -> RosterSize:
    """Write one school at a moment; the same arguments give the same bytes. ``at`` gives the file another time.

    A name that ends in ``.zip`` makes a OneRoster file, any other UNILoginImport. ``mistakes`` makes about one person
    in a hundred wrong. Raises `ValueError` where the CPR numbers would run out (past two million persons).
    """
    count = Count()
    delivery = _delivery(school, moment, at or extracted_at(moment))
    groups = _groups(school, moment)
    people = members(school, count, seed=seed, moment=moment, mistakes=mistakes)
    if path.suffix == ".zip":
        write_tables(path, delivery, institution=school.institution, groups=groups, members=people)
    else:
        _write(path, delivery, school, groups=groups, people=people)
    return RosterSize(count.pupils, count.staff, count.guardians, path.stat().st_size)


def write_changes(folder: Path, school: School, *, seed: int, before: Moment, after: Moment) -> list[Path]:
    """Write what changed between two moments as a delta and a deletion, each if there is something in it.

    The deletion is the older one: whoever loads them by name or by time loads both.
    """
    written = []
    for name, people, at in (
        ("delete", gone(school, seed=seed, before=before, after=after), extracted_at(after)),
        ("delta", changed(school, seed=seed, before=before, after=after), extracted_at(after) + _A_MINUTE),
    ):
        if (first := next(people, None)) is not None:
            written.append(folder / f"{school.institution.number}.{name}.xml")
            _write(written[-1], _delivery(school, after, at), school, groups=(), people=chain([first], people))
    return written


def write_institutions(path: Path, schools: Iterable[School]) -> None:
    """Write the list that `unilogin institutions import` reads."""
    with path.open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out, lineterminator="\n")
        table.writerow(["number", "name", "kind", "cvr", "municipality", "public_law_body"])
        for one in (school.institution for school in schools):
            answer = "yes" if one.public_law_body else "no"
            table.writerow([one.number, one.name, one.kind, one.cvr, one.municipality, answer])


def _delivery(school: School, moment: Moment, at: datetime) -> Delivery:
    return Delivery(school.source, at, f"{moment.year}-{moment.year + 1}")


def _write(
    path: Path, delivery: Delivery, school: School, *, groups: Iterable[Group], people: Iterable[Member]
) -> None:
    with path.open("w", encoding="utf-8", newline="\n", buffering=1 << 20) as out:
        write_document(out, delivery, institution=school.institution, groups=groups, members=people)


def _groups(school: School, moment: Moment) -> Iterator[Group]:
    for place in places(school):
        level, line = school.kind.levels[place.stage], line_name(place.line)
        yield Group(class_id(school, place, moment.year), class_name(school, place), "Hovedgruppe", level, line)
    if school.kind.has_families:
        yield Group("sfo", f"SFO, 0.-{SFO_STAGES - 1}. klasse", "SFO")
