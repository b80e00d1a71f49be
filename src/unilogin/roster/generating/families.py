"""Who lives where and is in which class when: every family is drawn anew from its number, and nothing is remembered.

So a school of any size needs no memory, and the same family a year or ten nights later is the same but for what
happened to it since. A CPR number is computed from the numbers of school and family; no list of taken ones is kept.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from unilogin.roster.generating.draw import CROWD_SERIALS, Draw, invented_cpr
from unilogin.roster.generating.model import Address, Alias, Contact, Gender, Person, Student
from unilogin.roster.generating.names import DANISH, MIDDLE_NAMES, POPULATION, STREETS, NamePool
from unilogin.roster.generating.schools import ROOMS, School
from unilogin.roster.generating.spelling import mail_address

FIRST_YEAR = 2025
"""Long enough ago that the next school year has begun: a file from the future is refused."""

YEARS_AHEAD = 6
"""School years that can be written after the first: so many years of children wait to begin."""

NIGHTS = 100
"""In each of so many nights, one family in a hundred changes."""

SFO_STAGES = 4
LINES = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

_DAYS = 365
_SPREAD = 131  # no divisor in common with 365: neighbours in number are no neighbours in birthday
_SIBLING_YEARS = 5
_MOST = _DAYS * CROWD_SERIALS
_OF_AGE = 18
_CHILDREN = ((0.55, 1), (0.35, 2), (0.10, 3))
_HAPPENINGS = ((0.45, "moves"), (0.20, "mobile"), (0.10, "name"), (0.10, "class"), (0.08, "leaves"), (0.07, "comes"))
# Which of mother and father, whether father lives elsewhere, whether he has custody.
_HOUSEHOLDS = (
    (0.62, ("KM", False, True)),
    (0.20, ("KM", True, True)),
    (0.08, ("KM", True, False)),
    (0.07, ("K", False, True)),
    (0.03, ("M", False, True)),
)
_PROTECTED = 0.012


@dataclass(frozen=True, slots=True)
class Moment:
    """When a roster is written: in which school year, and after how many nights of changes."""

    year: int = FIRST_YEAR
    night: int = 0


BEGINNING = Moment()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a pupil sits: stage 0 is the first year at the institution."""

    stage: int
    line: int


def families_of(school: School) -> int:
    """Return how many families have, had or will have a child at the school."""
    return school.families_a_year * _span(school)


def _span(school: School) -> int:
    return len(school.kind.levels) + _SIBLING_YEARS + YEARS_AHEAD


def pupils(school: School, *, seed: int, moment: Moment) -> Iterator[tuple[list[Student], int]]:
    """Return family by family the pupils there are at a moment, and how many contact persons they have."""
    if (school.first + school.families_a_year) * 4 > _MOST:
        raise ValueError("the country is too large: there are no CPR numbers left")
    for family in range(families_of(school)):
        found = _Family(school, family, seed=seed).pupils(moment)
        if found:
            yield found, max(len(one.contacts) for one in found)


def line_name(line: int) -> str:
    """Return A to Z, and numbers where a school has more classes side by side than that."""
    return LINES[line] if line < len(LINES) else str(line + 1)


def class_id(school: School, place: Place, year: int) -> str:
    """Return the name of a class that stays the same while it moves up."""
    if not school.kind.classes_by_year:
        return f"stue-{place.line + 1}"
    return f"{year - place.stage}-{line_name(place.line)}"


def class_name(school: School, place: Place) -> str:
    """Return what a class is called this year: 3.B, in a gymnasium 2.b, in day care the colour of the room."""
    if not school.kind.classes_by_year:
        return ROOMS[place.line % len(ROOMS)]
    level = school.kind.levels[place.stage]
    return f"{level}.{line_name(place.line)}" if level.isdigit() else f"{level[1:]}.{line_name(place.line).lower()}"


class _Family:
    """One family: everything is drawn in the same order whatever the moment, and then looked at as of it."""

    def __init__(self, school: School, family: int, *, seed: int) -> None:
        self._school = school
        self._family = family
        self._rank, cohort = divmod(family, _span(school))
        self._number = school.first + self._rank
        levels, first_age = len(school.kind.levels), school.kind.first_age
        self._eldest = FIRST_YEAR - first_age - levels + 1 - _SIBLING_YEARS + cohort
        self._draw = draw = Draw((seed * 100_003 + school.number) * 10_000_019 + family)
        self._children = draw.pick_weighted(_CHILDREN)
        self._comes = FIRST_YEAR + (1 + draw.below(YEARS_AHEAD) if draw.chance(0.2) else 0)
        self._leaves = FIRST_YEAR + (1 + draw.below(YEARS_AHEAD) if draw.chance(0.2) else 99)
        self._night = 1 + draw.below(NIGHTS)
        self._happening = draw.pick_weighted(_HAPPENINGS)

    def pupils(self, moment: Moment) -> list[Student]:
        happened = self._happening if self._night <= moment.night else ""
        away = happened == "leaves" or (self._happening == "comes" and not happened)
        if away or not self._comes <= moment.year < self._leaves:
            return []
        births = [self._eldest + (2 * child + (self._rank + child) % 2 if child else 0) for child in range(3)]
        stages = [moment.year - born - self._school.kind.first_age for born in births[: self._children]]
        here = [child for child, stage in enumerate(stages) if 0 <= stage < len(self._school.kind.levels)]
        if not here:
            return []
        home = _Home(self._draw, self._school, eldest=self._eldest, number=self._number, happened=happened)
        drawn = [
            (self._child(home, child, births[child]), self._draw.below(50), self._draw.chance(0.7))
            for child in range(self._children)
        ]
        return [
            self._student(child, drawn[child], home=home, stage=stages[child], moment=moment, happened=happened)
            for child in here
        ]

    def _child(self, home: "_Home", child: int, year: int) -> Person:
        index = self._number * 3 + child
        gender: Gender = "K" if self._draw.chance(0.49) else "M"
        return home.child(gender, _born(year, index), serial=index // _DAYS)

    def _student(
        self,
        child: int,
        drawn: tuple[Person, int, bool],
        *,
        home: "_Home",
        stage: int,
        moment: Moment,
        happened: str,
    ) -> Student:
        person, switches_in, goes_to_sfo = drawn
        school, kind = self._school, self._school.kind
        moved = (moment.year > FIRST_YEAR + switches_in) + (happened == "class" and child == 0)
        place = Place(stage, (self._family + child + moved) % school.lines)
        sfo = kind.levels[0] == "0" and stage < SFO_STAGES and goes_to_sfo
        return Student(
            f"e{self._family * 3 + child}",
            person,
            kind.role,
            kind.levels[stage],
            class_id(school, place, moment.year),
            ("sfo",) if sfo else (),
            home.contacts if moment.year - person.born.year < _OF_AGE else (),
        )


class _Home:
    """The adults of a family, their names and addresses; a protected household is called by aliases, all of it."""

    def __init__(self, draw: Draw, school: School, *, eldest: int, number: int, happened: str) -> None:
        self._draw = draw
        self._school = school
        self._protected = draw.chance(_PROTECTED)
        self._pool = pool = draw.pick_weighted(POPULATION)
        who, elsewhere, custody = draw.pick_weighted(_HOUSEHOLDS)
        homes = (self._new_address(), self._new_address())
        self._address = homes[happened == "moves"]
        fathers_address = self._new_address() if elsewhere else None
        self._family_name = draw.pick(pool.families)
        contacts = []
        for slot, gender in enumerate(("K", "M")):
            index, year = number * 4 + slot, eldest - 23 - number % 14 - slot
            person = self._adult("K" if slot == 0 else "M", _born(year, index), serial=index // _DAYS)
            mobile = (self._mobile(), self._mobile())[happened == "mobile"]
            person = replace(person, mobile=mobile if draw.chance(0.85) else None, address=self._address)
            if gender == "M" and fathers_address is not None:
                person = replace(person, address=fathers_address)
            if happened == "name" and gender == "K":
                person = replace(person, family_name=f"{person.family_name}-Holm")
            if gender in who:
                relation = "Mor" if gender == "K" else "Far"
                contacts.append(Contact(person, relation, custody or gender == "K" or who == "M"))
        self.contacts = tuple(contacts)
        if happened == "name":
            self._family_name = f"{self._family_name}-Holm"

    def child(self, gender: Gender, born: date, *, serial: int) -> Person:
        """Draw a child's names."""
        first = self._first_name(self._pool.girls if gender == "K" else self._pool.boys)
        cpr = invented_cpr(born, gender, serial)
        return Person(
            first,
            self._family_name,
            cpr,
            born,
            gender,
            address=self._address,
            alias=self._alias(gender, self._pool.girls, self._pool.boys),
        )

    def _adult(self, gender: Gender, born: date, *, serial: int) -> Person:
        first = self._first_name(self._pool.women if gender == "K" else self._pool.men)
        family = self._family_name if self._draw.chance(0.6) else self._draw.pick(self._pool.families)
        alias = self._alias(gender, self._pool.women, self._pool.men)
        shown = alias or Alias(first, family)
        mail = mail_address(shown.first_name, shown.family_name, domain="hjem.example")
        has_mail = self._draw.chance(0.8)
        cpr = invented_cpr(born, gender, serial)
        return Person(first, family, cpr, born, gender, email=mail if has_mail else None, alias=alias)

    def _alias(self, gender: Gender, women: tuple[str, ...], men: tuple[str, ...]) -> Alias | None:
        if not self._protected:
            return None
        return Alias(self._draw.pick(women if gender == "K" else men), self._draw.pick(DANISH.families))

    def _first_name(self, names: tuple[str, ...]) -> str:
        first = self._draw.pick(names)
        middle = self._draw.chance(0.4)
        return f"{first} {self._draw.pick(MIDDLE_NAMES)}" if middle and self._pool is DANISH else first

    def _new_address(self) -> Address:
        street = f"{self._draw.pick(STREETS)} {1 + self._draw.below(199)}"
        municipality = self._school.institution.municipality
        return Address(street, f"9{municipality}", f"By {municipality}", municipality)

    def _mobile(self) -> str:
        """A number no one can have: no Danish subscriber's begins with 0."""
        digits = f"0{self._draw.below(10_000_000):07}"
        return "+45 " + " ".join(digits[i : i + 2] for i in range(0, 8, 2))


def staff_person(draw: Draw, *, number: int, slot: int, pool: NamePool = DANISH) -> Person:
    """Draw somebody for a post; ``number`` is the post's in the whole country."""
    rest, year = divmod(number, 40)
    index = rest * 4 + slot
    born = _born(1962 + year, index)
    gender: Gender = "K" if draw.chance(0.68) else "M"
    first = f"{draw.pick(pool.women if gender == 'K' else pool.men)} {draw.pick(MIDDLE_NAMES)}"
    family = draw.pick(pool.families)
    email = mail_address(first, family, domain="skole.example")
    return Person(first, family, invented_cpr(born, gender, index // _DAYS), born, gender, email=email)


def _born(year: int, index: int) -> date:
    """Return a birthday: with its year and ``index // 365`` it belongs to one index alone."""
    return date(year, 1, 1) + timedelta(days=index * _SPREAD % _DAYS)
