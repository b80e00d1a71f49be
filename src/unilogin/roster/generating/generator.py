"""Writing the files: one roster a school, as drawn, so that memory does not grow with a school or a country."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from unilogin.roster.generating.draw import Draw
from unilogin.roster.generating.families import (
    BEGINNING,
    FIRST_YEAR,
    SFO_STAGES,
    Moment,
    Place,
    class_id,
    class_name,
    line_name,
    pupils,
    staff_person,
)
from unilogin.roster.generating.model import Employee, Group, Student
from unilogin.roster.generating.roster_file import Delivery, write_document
from unilogin.roster.generating.schools import School
from unilogin.roster.generating.spelling import initials

POSTS_A_FAMILY = 4
HOLDERS = 4
"""Posts for each family of a year at most, and people who hold one post after the other."""

STAFF_SLOT = 3
_FIRST_HOLDER_YEAR = FIRST_YEAR - 3
_PUPILS_A_POST = {"dagtilbud": 4}
_JOBS = ((0.72, "Lærer", "Lærer"), (0.16, "Pædagog", "Pædagog"), (0.06, "Vikar", "Vikar"), (0.06, "TAP", "Pedel"))
_FIXED = (("Leder", "Skoleleder"), ("TAP", "Sekretær"), ("Ledelse", "Afdelingsleder"))


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


@dataclass(slots=True)
class _Count:
    pupils: int = 0
    staff: int = 0
    guardians: int = 0


def extracted_at(moment: Moment) -> datetime:
    """Return when a source has read the facts of a moment: at three in the morning."""
    first = datetime(moment.year, 8, 10, 3, 0, tzinfo=timezone(timedelta(hours=2)))
    return first + timedelta(days=moment.night)


def write_roster(
    path: Path, school: School, *, seed: int, moment: Moment = BEGINNING, at: datetime | None = None
) -> RosterSize:
    """Write one school at a moment; the same arguments give the same bytes. ``at`` gives the file another time.

    Raises `ValueError` where the CPR numbers would run out (past two million persons).
    """
    count = _Count()
    years = f"{moment.year}-{moment.year + 1}"
    with path.open("w", encoding="utf-8", newline="\n", buffering=1 << 20) as out:
        write_document(
            out,
            Delivery(school.source, at or extracted_at(moment), years),
            institution=school.institution,
            groups=_groups(school, moment),
            members=_members(school, count, seed=seed, moment=moment),
        )
    return RosterSize(count.pupils, count.staff, count.guardians, path.stat().st_size)


def write_institutions(path: Path, schools: Iterable[School]) -> None:
    """Write the list that `unilogin institutions import` reads."""
    with path.open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out, lineterminator="\n")
        table.writerow(["number", "name", "kind", "cvr", "municipality", "public_law_body"])
        for one in (school.institution for school in schools):
            answer = "yes" if one.public_law_body else "no"
            table.writerow([one.number, one.name, one.kind, one.cvr, one.municipality, answer])


def _places(school: School) -> Iterator[Place]:
    stages = range(len(school.kind.levels)) if school.kind.classes_by_year else range(1)
    for stage in stages:
        for line in range(school.lines):
            yield Place(stage, line)


def _groups(school: School, moment: Moment) -> Iterator[Group]:
    for place in _places(school):
        level, line = school.kind.levels[place.stage], line_name(place.line)
        yield Group(class_id(school, place, moment.year), class_name(school, place), "Hovedgruppe", level, line)
    if school.kind.levels[0] == "0":
        yield Group("sfo", f"SFO, 0.-{SFO_STAGES - 1}. klasse", "SFO")


def _members(school: School, count: _Count, *, seed: int, moment: Moment) -> Iterator[Student | Employee]:
    for family, contacts in pupils(school, seed=seed, moment=moment):
        count.pupils += len(family)
        count.guardians += contacts
        yield from family
    a_post = _PUPILS_A_POST.get(school.kind.name, 9)
    expected = school.lines * school.kind.class_size * len(school.kind.levels)
    taken: set[str] = set()
    for post in range(min(max(4, round(expected / a_post)), POSTS_A_FAMILY * school.families_a_year)):
        count.staff += 1
        yield _employee(school, post, seed=seed, moment=moment, taken=taken)


def _employee(school: School, post: int, *, seed: int, moment: Moment, taken: set[str]) -> Employee:
    tenure = 6 + post % 7
    holder = (moment.year - _FIRST_HOLDER_YEAR + post * 5 % tenure) // tenure % HOLDERS
    number = (school.first * POSTS_A_FAMILY + post) * HOLDERS + holder
    draw = Draw((seed * 100_003 + school.number) * 10_000_019 - 1 - post * HOLDERS - holder)
    person = staff_person(draw, number=number, slot=STAFF_SLOT)
    role, occupation = _FIXED[post] if post < len(_FIXED) else _job(draw, school)
    places = list(_places(school))
    groups = [class_id(school, draw.pick(places), moment.year) for _ in range(3)]
    short = initials(person.first_name, person.family_name, taken=taken) if post < 200 else f"A{post}"
    taken.add(short)
    mine = tuple(dict.fromkeys(groups)) if role in ("Lærer", "Pædagog", "Vikar") else ()
    return Employee(f"a{post}-{holder}", person, (role,), occupation, short, mine)


def _job(draw: Draw, school: School) -> tuple[str, str]:
    role, occupation = draw.pick_weighted([(share, (role, called)) for share, role, called in _JOBS])
    return ("Pædagog", "Pædagog") if school.kind.name == "dagtilbud" and role == "Lærer" else (role, occupation)
