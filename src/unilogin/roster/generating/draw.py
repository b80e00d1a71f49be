"""Drawing lots that come out the same everywhere, and CPR numbers that cannot be anybody's.

Only `Random.random()` is used: of all of Python's generator it alone is promised to give the same sequence in every
version.
"""

from collections.abc import Sequence
from datetime import date
from random import Random
from typing import TypeVar

from unilogin.roster.generating.model import Gender

T = TypeVar("T")

SERIALS_PER_DATE = 2000
"""How many CPR numbers `invented_cpr` can give for one date of birth and one gender, whatever the century."""

CROWD_SERIALS = 1000
"""The first of them are for crowds, the others for the municipality: the two can be loaded together."""


_SKEW = 1.5
_MASK = (1 << 64) - 1


def mixed(*numbers: int) -> int:
    """Return 64 bits that look like chance and are the same for the same numbers."""
    bits = 0x9E3779B97F4A7C15
    for number in numbers:
        bits = ((bits ^ number) * 0xBF58476D1CE4E5B9) & _MASK
        bits ^= bits >> 29
    return bits


def chance_of(bits: int, about: int) -> float:
    """Return a number from 0 to 1: a lot that can be looked at alone, and costs less than a lottery."""
    bits = ((bits ^ about * 0xD6E8FEB86659FD93) * 0x94D049BB133111EB) & _MASK
    return (((bits ^ (bits >> 32)) * 0xBF58476D1CE4E5B9 & _MASK) >> 11) / (1 << 53)


class Draw:
    """A seeded lottery."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed).random

    def below(self, limit: int) -> int:
        return int(self._random() * limit)

    def chance(self, probability: float) -> bool:
        return self._random() < probability

    def pick(self, choices: Sequence[T]) -> T:
        return choices[int(self._random() * len(choices))]

    def pick_common(self, choices: Sequence[T]) -> T:
        """Pick from a list that begins with the commonest: the first of seventy about once in twenty times."""
        return choices[int(self._random() ** _SKEW * len(choices))]

    def pick_weighted(self, choices: Sequence[tuple[float, T]]) -> T:
        """Pick by weight; the weights add up to one."""
        left = self._random()
        for weight, choice in choices:
            left -= weight
            if left < 0:
                return choice
        return choices[-1][1]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        keyed = sorted((self._random(), index) for index in range(len(items)))
        return [items[index] for _, index in keyed]


def invented_cpr(born: date, gender: Gender, serial: int) -> str:
    """A replacement number: 60 is added to the day, so no living person can have it.

    The seventh digit tells the century and the last digit the gender, as in real numbers; different serials below
    `SERIALS_PER_DATE` give different numbers. Check digits are not computed: numbers without one exist.
    """
    century_digits = "495678" if born.year >= 2000 else "012349" if born.year >= 1937 else "0123"
    seventh, rest = divmod(serial, 500)
    middle, last = divmod(rest, 5)
    odd = 1 if gender == "M" else 0
    return f"{born.day + 60:02}{born:%m%y}{century_digits[seventh]}{middle:02}{2 * last + odd}"


def cpr_of_newcomer(born: date) -> str:
    """The form for somebody who has no Danish number yet; one for each date."""
    return f"{born:%d%m%y}ZZZ9"
