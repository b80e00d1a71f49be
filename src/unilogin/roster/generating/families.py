"""Who is in which class when: every family is drawn anew from its number, and nothing is remembered.

So a country of any size needs no memory, and the same family a year or ten nights later is the same but for what
happened to it since, at whichever institutions its children are. A CPR number is computed from the number of the
family; no list of taken ones is kept.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeVar

from unilogin.roster.generating.draw import Draw, chance_of, mixed
from unilogin.roster.generating.households import MOST_NUMBERS, SLOTS, Happening, Household
from unilogin.roster.generating.model import Contact, Person, Student
from unilogin.roster.generating.schools import DAGTILBUD, GYMNASIUM, ROOMS, Around, School

T = TypeVar("T")

FIRST_YEAR = 2025
"""Long enough ago that the next school year has begun: a file from the future is refused."""

YEARS_AHEAD = 6
"""School years that can be written after the first: so many years of children wait to begin."""

NIGHTS = 100
"""In each of so many nights, one family in a hundred changes."""

SFO_STAGES = 4
LINES = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CHILDREN = 3

_SIBLING_YEARS = 5
_GONE_ON_YEARS = 3
_OF_AGE = 18
_CHILDREN = ((0.55, 1), (0.35, 2), (0.10, 3))
_HAPPENINGS = (
    (0.36, Happening.ADDRESS),
    (0.20, Happening.MOBILE),
    (0.10, Happening.CLASS),
    (0.09, Happening.NAME),
    (0.05, Happening.MOVES),
    (0.05, Happening.LEAVES),
    (0.07, Happening.COMES),
    (0.03, Happening.GUARDIAN),
    (0.02, Happening.CUSTODY),
    (0.02, Happening.PROTECTION),
    (0.01, Happening.NUMBER),
)
# What families do when one of the next school years begins.
_SUMMERS = ((0.20, Happening.COMES), (0.12, Happening.MOVES), (0.08, Happening.LEAVES), (0.60, Happening.NOTHING))
_SPLIT = 0.03  # sisters and brothers at another school than the eldest, where the other parent lives
_AT_TWO_SCHOOLS = 0.02
_FIRST_STAGE_AT_TWO = 7
_LATE = 0.05  # begins school a year later than most


@dataclass(frozen=True, slots=True)
class Moment:
    """When a roster is written: in which school year, and after how many nights of changes."""

    year: int = FIRST_YEAR
    night: int = 0


BEGINNING = Moment()


class Place(NamedTuple):
    """Where a pupil sits: stage 0 is the first year at the institution."""

    stage: int
    line: int


class _Lot:
    """What each of a family's lots is about."""

    CHILDREN, SUMMER, SUMMER_YEAR, NIGHT, HAPPENING, DAY_CARE, SPLIT, TWO_SCHOOLS = range(8)
    LATE, GYMNASIUM, SFO, SWITCHES = 10, 20, 30, 40  # and one for each child


def families_of(school: School) -> int:
    """Return how many families have, had or will have a child at the school or have one who has gone on."""
    return school.families_a_year * _span(school)


def _span(school: School) -> int:
    return len(school.kind.levels) + _SIBLING_YEARS + YEARS_AHEAD + _GONE_ON_YEARS


def families_with_children_at(institution: School, *, seed: int) -> "Iterator[Family]":
    """Return all families that may have a child at an institution at some moment, in an order that stays.

    Raises `ValueError` where the CPR numbers would run out.
    """
    around = institution.municipality
    for home in around.feeders(institution) if around else [institution]:
        if (home.first + home.families_a_year) * SLOTS > MOST_NUMBERS:
            raise ValueError("the country is too large: there are no CPR numbers left")
        for family in range(families_of(home)):
            yield Family(home, family, seed=seed)


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


class Family:
    """One family around the school ``home``; everything about it is asked as of a moment."""

    def __init__(self, home: School, family: int, *, seed: int) -> None:
        self._home = home
        self._family = family
        self._seed = seed
        self._rank, cohort = divmod(family, _span(home))
        levels, first_age = len(home.kind.levels), home.kind.first_age
        self._eldest = FIRST_YEAR - first_age - levels + 1 - _SIBLING_YEARS - _GONE_ON_YEARS + cohort

    def students(
        self, institution: School, moment: Moment, *, new_numbers: bool = False
    ) -> tuple[list[Student], tuple[Contact, ...]]:
        """Return the children at an institution, and the contact persons they have there."""
        kind = institution.kind
        last = moment.year - kind.first_age  # the latest year of birth to be there, and then the earliest
        if self._eldest > last or self._eldest + 2 * CHILDREN < last - len(kind.levels):
            return [], ()
        seats = [
            (child, stage)
            for child in range(len(self._births))
            for where, stage in self._where(child, moment)
            if where is institution
        ]
        if not seats:
            return [], ()
        happened = self._happened(moment)
        contacts = self._household.contacts(happened)
        students = [
            self._student(institution, child, stage, moment=moment, contacts=contacts, new_numbers=new_numbers)
            for child, stage in seats
        ]
        return students, contacts if any(one.contacts for one in students) else ()

    def mother(self, moment: Moment) -> Person | None:
        """Return the mother, who may work at a school."""
        return self._household.mother(self._happened(moment))

    def _lot(self, about: int) -> float:
        return chance_of(self._bits, about)

    @cached_property
    def _bits(self) -> int:
        return mixed(self._seed, self._home.number, self._family)

    @cached_property
    def _births(self) -> list[int]:
        children = _chosen(_CHILDREN, self._lot(_Lot.CHILDREN)) or 1
        return [self._eldest + (2 * child + (self._rank + child) % 2 if child else 0) for child in range(children)]

    @cached_property
    def _household(self) -> Household:
        home, number = self._home, self._home.first + self._rank
        draw = Draw((self._seed * 100_003 + home.number) * 10_000_019 + self._family)
        return Household(draw, number=number, births=self._births, municipality=home.institution.municipality)

    @cached_property
    def _around(self) -> Around:
        return self._home.municipality.around(self._home) if self._home.municipality else Around()

    @cached_property
    def _happening(self) -> Happening:
        return _chosen(_HAPPENINGS, self._lot(_Lot.HAPPENING)) or Happening.ADDRESS

    def _happened(self, moment: Moment) -> Happening:
        night = 1 + int(self._lot(_Lot.NIGHT) * NIGHTS)
        return self._happening if night <= moment.night else Happening.NOTHING

    def _by_summer(self, what: Happening, moment: Moment) -> bool:
        """Tell whether something that is done when a school year begins is done, and the year has begun."""
        year = FIRST_YEAR + 1 + int(self._lot(_Lot.SUMMER_YEAR) * YEARS_AHEAD)
        return _chosen(_SUMMERS, self._lot(_Lot.SUMMER)) is what and moment.year >= year

    def _is_around(self, moment: Moment) -> bool:
        """Tell whether the family has come and not left."""
        happened = self._happened(moment)
        if happened is Happening.LEAVES or self._by_summer(Happening.LEAVES, moment):
            return False
        if self._happening is Happening.COMES and happened is not Happening.COMES:
            return False
        comes = _chosen(_SUMMERS, self._lot(_Lot.SUMMER)) is Happening.COMES
        return not comes or self._by_summer(Happening.COMES, moment)

    def _where(self, child: int, moment: Moment) -> Iterator[tuple[School, int]]:
        """Return the institutions of a child, and in which of their years it is there."""
        age = moment.year - self._births[child]
        stage = age - self._home.kind.first_age - (self._lot(_Lot.LATE + child) < _LATE)
        levels = len(self._home.kind.levels)
        if not self._is_around(moment):
            return
        if 0 <= stage < levels:
            yield from self._schools(child, stage, moment)
        elif stage < 0 and age >= DAGTILBUD.first_age:
            day_care = _chosen(self._around.day_cares, self._lot(_Lot.DAY_CARE))
            if day_care:
                yield day_care, min(age - DAGTILBUD.first_age, len(DAGTILBUD.levels) - 1)
        elif levels <= stage < levels + len(GYMNASIUM.levels):
            gymnasium = _chosen(self._around.gymnasiums, self._lot(_Lot.GYMNASIUM + child))
            if gymnasium:
                yield gymnasium, stage - levels

    def _schools(self, child: int, stage: int, moment: Moment) -> Iterator[tuple[School, int]]:
        beside = self._around.beside
        moved = self._happened(moment) is Happening.MOVES or self._by_summer(Happening.MOVES, moment)
        if beside is None:
            if not moved:
                yield self._home, stage
            return
        apart = child > 0 and self._lot(_Lot.SPLIT) < _SPLIT
        at, other = (self._home, beside) if moved == apart else (beside, self._home)
        yield at, stage
        if child == 0 and stage >= _FIRST_STAGE_AT_TWO and self._lot(_Lot.TWO_SCHOOLS) < _AT_TWO_SCHOOLS:
            yield other, stage

    def _student(
        self,
        where: School,
        child: int,
        stage: int,
        *,
        moment: Moment,
        contacts: tuple[Contact, ...],
        new_numbers: bool,
    ) -> Student:
        happened = self._happened(moment)
        person = self._household.child(child, happened, new_numbers=new_numbers)
        switched = moment.year > FIRST_YEAR + int(self._lot(_Lot.SWITCHES + child) * 50)
        other = switched + (happened is Happening.CLASS and child == 0)
        place = Place(stage, (self._family + child + other) % where.lines)
        sfo = where.kind.has_families and stage < SFO_STAGES and self._lot(_Lot.SFO + child) < 0.7
        number = self._family * CHILDREN + child
        return Student(
            f"e{number}" if where is self._home else f"e{self._home.number}-{number}",
            person,
            where.kind.role,
            where.kind.levels[stage],
            class_id(where, place, moment.year),
            ("sfo",) if sfo else (),
            contacts if moment.year - self._births[child] < _OF_AGE else (),
        )


def _chosen(choices: Sequence[tuple[float, T]], lot: float) -> T | None:
    """Return what a lot falls upon; None: beyond all of them."""
    for share, choice in choices:
        lot -= share
        if lot < 0:
            return choice
    return None
