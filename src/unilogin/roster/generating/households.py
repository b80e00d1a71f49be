"""The people of one family: drawn once, whatever the moment, and then looked at as of what has happened to them."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

from unilogin.roster.generating.draw import CROWD_SERIALS, Draw, invented_cpr
from unilogin.roster.generating.model import Address, Alias, Contact, Gender, Person
from unilogin.roster.generating.names import (
    COMMON_BOYS,
    COMMON_GIRLS,
    COMMON_MEN,
    COMMON_WOMEN,
    DANISH,
    MIDDLE_NAMES,
    POPULATION,
    STREETS,
    NamePool,
)
from unilogin.roster.generating.spelling import mail_address

DAYS = 365
MOST_NUMBERS = DAYS * CROWD_SERIALS
"""How many people of one year of birth there can be: `birthday` and `invented_cpr` give each a number of their own."""

SLOTS = 4
"""People of a family who may share a year of birth with those of another: three children, or three adults."""

NEW_NUMBER_SLOT = 3
"""The fourth number is what the eldest child's may change to."""

_SPREAD = 131  # no divisor in common with 365: neighbours in number are no neighbours in birthday
_YOUNGEST_PARENT = 24
_GENERATION = 25
_PROTECTED = 0.012


class Happening(StrEnum):
    """What may happen to a family in one of the nights."""

    ADDRESS = "address"
    MOBILE = "mobile"
    NAME = "name"
    CLASS = "class"
    GUARDIAN = "guardian"  # a step-parent becomes a contact person
    CUSTODY = "custody"  # one of two parents loses it
    PROTECTION = "protection"
    MOVES = "moves"  # to the school beside
    LEAVES = "leaves"
    COMES = "comes"
    NUMBER = "number"  # the eldest gets another CPR number; told only where mistakes are asked for
    NOTHING = ""


class _Adult(NamedTuple):
    """What an adult is to the children of a household."""

    slot: int
    gender: Gender
    relation: str
    custody: bool = True
    elsewhere: bool = False
    older: int = 0


_MOTHER, _FATHER = _Adult(0, "K", "Mor"), _Adult(1, "M", "Far")
_FATHER_ELSEWHERE = _FATHER._replace(elsewhere=True)
_STEP_FATHER = _Adult(2, "M", "Andet", custody=False)
_HOUSEHOLDS: tuple[tuple[float, tuple[_Adult, ...]], ...] = (
    (0.585, (_MOTHER, _FATHER)),
    (0.180, (_MOTHER, _FATHER_ELSEWHERE)),
    (0.070, (_MOTHER, _FATHER_ELSEWHERE._replace(custody=False))),
    (0.060, (_MOTHER,)),
    (0.025, (_FATHER,)),
    (0.020, (_MOTHER, _Adult(1, "K", "Mor"))),
    (0.050, (_MOTHER, _FATHER_ELSEWHERE, _STEP_FATHER)),
    (0.010, (_Adult(2, "K", "Andet", older=_GENERATION),)),  # a grandmother who decides
)


@dataclass(frozen=True, slots=True)
class _Drawn:
    """Somebody as drawn, with what they may come to have."""

    person: Person
    alias: Alias
    later_mobile: str | None = None
    has_mail: bool = False


class Household:
    """A family's people. ``number`` is the family's among those of its year in the whole country."""

    def __init__(self, draw: Draw, *, number: int, births: list[int], municipality: str) -> None:
        self._draw = draw
        self._municipality = municipality
        self._protected = draw.chance(_PROTECTED)
        self._pool: NamePool = draw.pick_weighted(POPULATION)
        self._adults = draw.pick_weighted(_HOUSEHOLDS)
        self._homes = (self._address(), self._address())
        self._elsewhere = self._address()
        self._family_name = draw.pick_common(self._pool.families)
        eldest = births[0]
        specs = self._adults if any(adult.slot == 2 for adult in self._adults) else (*self._adults, _STEP_FATHER)
        self._drawn_adults = {
            adult: self._adult(adult, eldest - _YOUNGEST_PARENT - number % 14 - adult.slot - adult.older, number)
            for adult in specs
        }
        self._drawn_children = [self._child(year, number * SLOTS + child) for child, year in enumerate(births)]
        self._new_number = number * SLOTS + NEW_NUMBER_SLOT

    def contacts(self, happened: Happening) -> tuple[Contact, ...]:
        """Return the children's contact persons."""
        deciding = [adult for adult in self._adults if adult.custody]
        found = []
        for adult in self._drawn_adults:
            if adult in self._adults or happened is Happening.GUARDIAN:
                lost = happened is Happening.CUSTODY and len(deciding) > 1 and adult == deciding[-1]
                found.append(Contact(self._adult_now(adult, happened), adult.relation, adult.custody and not lost))
        return tuple(found)

    def mother(self, happened: Happening) -> Person | None:
        """Return the mother, who may work somewhere."""
        return self._adult_now(_MOTHER, happened) if _MOTHER in self._adults else None

    def child(self, child: int, happened: Happening, *, new_numbers: bool = False) -> Person:
        """Return one of the children; with ``new_numbers``, after a number has changed."""
        drawn = self._drawn_children[child]
        person = replace(drawn.person, address=self._home(happened), alias=self._alias_now(drawn, happened))
        if happened is Happening.NAME:
            person = replace(person, family_name=f"{person.family_name}-Holm")
        if happened is Happening.NUMBER and new_numbers and child == 0:
            born = birthday(person.born.year, self._new_number)
            number = invented_cpr(born, person.gender, self._new_number // DAYS)
            person = replace(person, born=born, cpr=number)
        return person

    def _adult_now(self, adult: _Adult, happened: Happening) -> Person:
        drawn = self._drawn_adults[adult]
        person = replace(
            drawn.person,
            address=self._elsewhere if adult.elsewhere else self._home(happened),
            alias=self._alias_now(drawn, happened),
        )
        if happened is Happening.MOBILE and person.mobile:
            person = replace(person, mobile=drawn.later_mobile)
        if happened is Happening.NAME and adult.gender == "K":
            person = replace(person, family_name=f"{person.family_name}-Holm")
        shown = person.alias or drawn.person  # the address of mail keeps the name somebody had
        mail = mail_address(shown.first_name, shown.family_name, domain="hjem.example")
        return replace(person, email=mail if drawn.has_mail else None)

    def _home(self, happened: Happening) -> Address:
        return self._homes[happened is Happening.ADDRESS]

    def _alias_now(self, drawn: _Drawn, happened: Happening) -> Alias | None:
        return drawn.alias if self._protected or happened is Happening.PROTECTION else None

    # Drawing: always the same lots in the same order ------------------------------------------------------------------

    def _child(self, year: int, index: int) -> _Drawn:
        gender: Gender = "K" if self._draw.chance(0.49) else "M"
        common = COMMON_GIRLS if gender == "K" else COMMON_BOYS
        names = self._pool.girls if gender == "K" else self._pool.boys
        first, born = self._first_name(names, common), birthday(year, index)
        person = Person(first, self._family_name, invented_cpr(born, gender, index // DAYS), born, gender)
        return _Drawn(person, self._alias(names))

    def _adult(self, adult: _Adult, year: int, number: int) -> _Drawn:
        draw, gender, index = self._draw, adult.gender, number * SLOTS + adult.slot
        common = COMMON_WOMEN if gender == "K" else COMMON_MEN
        names = self._pool.women if gender == "K" else self._pool.men
        first, born = self._first_name(names, common), birthday(year, index)
        family = self._family_name if draw.chance(0.6) else draw.pick_common(self._pool.families)
        alias, mobiles = self._alias(names), (self._mobile(), self._mobile())
        reachable, has_mail = draw.chance(0.85), draw.chance(0.8)
        cpr = invented_cpr(born, gender, index // DAYS)
        person = Person(first, family, cpr, born, gender, mobile=mobiles[0] if reachable else None)
        return _Drawn(person, alias, mobiles[1], has_mail)

    def _alias(self, names: tuple[str, ...]) -> Alias:
        return Alias(self._draw.pick(names), self._draw.pick(DANISH.families))

    def _first_name(self, names: tuple[str, ...], common: tuple[str, ...]) -> str:
        first, other = self._draw.pick(names), self._draw.pick_common(common)
        is_common, middle = self._draw.chance(0.5), self._draw.chance(0.4)
        if self._pool is not DANISH:
            return first
        chosen = other if is_common else first
        return f"{chosen} {self._draw.pick(MIDDLE_NAMES)}" if middle else chosen

    def _address(self) -> Address:
        street = f"{self._draw.pick(STREETS)} {1 + self._draw.below(199)}"
        municipality = self._municipality
        return Address(street, f"9{municipality}", f"By {municipality}", municipality)

    def _mobile(self) -> str:
        """A number no one can have: no Danish subscriber's begins with 0."""
        digits = f"0{self._draw.below(10_000_000):07}"
        return "+45 " + " ".join(digits[i : i + 2] for i in range(0, 8, 2))


def birthday(year: int, index: int) -> date:
    """Return a birthday: with its year and ``index // 365`` it belongs to one index alone."""
    return date(year, 1, 1) + timedelta(days=index * _SPREAD % DAYS)
