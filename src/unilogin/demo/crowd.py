"""Rosters of any size, for measuring and for tests: written as they are drawn, so memory does not grow with them.

Families are numbered, and what is unique about a person – CPR number, local id – is computed from the family's number.
Rosters with families of other numbers therefore share nobody, and no list of what is taken is kept.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

from unilogin.demo.draw import CROWD_SERIALS, Draw, invented_cpr
from unilogin.demo.model import (
    MUNICIPALITY_CODE,
    Address,
    Contact,
    Employee,
    Gender,
    Group,
    Institution,
    Person,
    Student,
)
from unilogin.demo.names import DANISH, MIDDLE_NAMES, STREETS
from unilogin.demo.roster_file import Delivery, write_document

EXTRACTED_AT = datetime(2026, 8, 10, 3, 0, tzinfo=timezone(timedelta(hours=2)))
LEVELS = 10  # 0 to 9
CLASS_SIZE = 25
CHILDREN = ((0.55, 1), (0.35, 2), (0.10, 3))
PUPILS_PER_EMPLOYEE = 9  # one in ten is staff
_DAYS_IN_YEAR = 365
_ADULT_YEARS = 26
MOST_FAMILIES = LEVELS * _DAYS_IN_YEAR * CROWD_SERIALS // 3


@dataclass(frozen=True, slots=True)
class RosterSize:
    """What a written roster holds; `persons` counts everybody once."""

    pupils: int
    staff: int
    guardians: int
    families: int
    bytes: int

    @property
    def persons(self) -> int:
        return self.pupils + self.staff + self.guardians


@dataclass(slots=True)
class _Count:
    pupils: int = 0
    staff: int = 0
    guardians: int = 0
    families: int = 0


def write_roster(
    path: Path,
    *,
    seed: int,
    institution: str,
    pupils: int,
    first_family: int = 0,
    source: str = "Storskolen",
    extracted_at: datetime = EXTRACTED_AT,
    changed_every: int | None = None,
) -> RosterSize:
    """Write a UNILoginImport of so many pupils, their guardians and staff; 88 000 pupils make about 200 000 persons.

    The same arguments give the same bytes. A later `extracted_at` gives the same people again; with `changed_every=20`
    every twentieth pupil has got another family name since. The next roster without a person in common starts at
    `first_family + size.families`. Raises `ValueError` where the CPR numbers would run out (past a million pupils).
    """
    if first_family + pupils > MOST_FAMILIES:
        raise ValueError(f"there are CPR numbers for {MOST_FAMILIES} families only")
    draw, count = Draw(seed), _Count()
    with path.open("w", encoding="utf-8", newline="\n", buffering=1 << 20) as out:
        write_document(
            out,
            Delivery(source, extracted_at),
            institution=Institution(institution, f"Skole {institution}", "folkeskole", "", MUNICIPALITY_CODE, True),
            groups=_classes(pupils),
            members=_members(
                draw, count, pupils=pupils, first_family=first_family, changed_every=changed_every or pupils + 1
            ),
        )
    return RosterSize(count.pupils, count.staff, count.guardians, count.families, path.stat().st_size)


def _lines(pupils: int) -> int:
    """How many classes side by side each level has."""
    return max(1, round(pupils / LEVELS / CLASS_SIZE))


def _classes(pupils: int) -> Iterator[Group]:
    for level in range(LEVELS):
        for line in range(1, _lines(pupils) + 1):
            yield Group(f"{level}-{line}", f"{level}.{line}", "Hovedgruppe", str(level), str(line))


def _members(
    draw: Draw, count: _Count, *, pupils: int, first_family: int, changed_every: int
) -> Iterator[Student | Employee]:
    lines = _lines(pupils)
    while count.pupils < pupils:
        number = first_family + count.families
        wanted = min(draw.pick_weighted(CHILDREN), pupils - count.pupils)
        for student in _children(draw, number, wanted=wanted, lines=lines):
            count.pupils += 1
            yield _renamed(student) if count.pupils % changed_every == 0 else student
            if count.pupils % PUPILS_PER_EMPLOYEE == 0:
                yield _employee(draw, number, count=count, lines=lines)
        count.guardians += len(student.contacts)
        count.families += 1


def _renamed(student: Student) -> Student:
    return replace(student, person=replace(student.person, family_name="Nygift-Holm"))


def _children(draw: Draw, family: int, *, wanted: int, lines: int) -> list[Student]:
    home = Address(f"{draw.pick(STREETS)} {1 + draw.below(199)}", "9909", "Klitborg")
    family_name = draw.pick(DANISH.families)
    contacts = [Contact(_adult(draw, 3 * family, gender="K", home=home), "Mor", custody=True)]
    if draw.chance(0.85):
        contacts.append(Contact(_adult(draw, 3 * family + 1, gender="M", home=home), "Far", custody=draw.chance(0.92)))
    shared = tuple(contacts)
    return [
        _child(draw, 3 * family + i, family_name=family_name, home=home, contacts=shared, lines=lines)
        for i in range(wanted)
    ]


def _child(
    draw: Draw, number: int, *, family_name: str, home: Address, contacts: tuple[Contact, ...], lines: int
) -> Student:
    """The number decides level, birthday and serial, each pair of which occurs once."""
    rest, level = divmod(number, LEVELS)
    serial, day = divmod(rest, _DAYS_IN_YEAR)
    born = date(2020 - level, 1, 1) + timedelta(days=day)
    gender: Gender = "K" if draw.chance(0.49) else "M"
    first = f"{draw.pick(DANISH.girls if gender == 'K' else DANISH.boys)} {draw.pick(MIDDLE_NAMES)}"
    person = Person(first, family_name, invented_cpr(born, gender, serial), born, gender, address=home)
    group = f"{level}-{1 + rest % lines}"
    return Student(f"e{number}", person, "Elev", str(level), group, contacts=contacts)


def _adult(draw: Draw, number: int, *, gender: Gender, home: Address | None = None, email: str | None = None) -> Person:
    rest, year = divmod(number, _ADULT_YEARS)
    serial, day = divmod(rest, _DAYS_IN_YEAR)
    born = date(1965 + year, 1, 1) + timedelta(days=day)
    first = f"{draw.pick(DANISH.women if gender == 'K' else DANISH.men)} {draw.pick(MIDDLE_NAMES)}"
    cpr = invented_cpr(born, gender, serial)
    return Person(first, draw.pick(DANISH.families), cpr, born, gender, address=home, email=email)


def _employee(draw: Draw, family: int, *, count: _Count, lines: int) -> Employee:
    """The third adult of a family's numbers; no family is small enough to need two."""
    count.staff += 1
    person = _adult(
        draw, 3 * family + 2, gender="K" if draw.chance(0.68) else "M", email=f"ansat{family}@skole.example"
    )
    groups = (f"{draw.below(LEVELS)}-{1 + draw.below(lines)}", f"{draw.below(LEVELS)}-{1 + draw.below(lines)}")
    return Employee(f"a{family}", person, ("Lærer",), "Lærer", f"A{family}", tuple(dict.fromkeys(groups)))
