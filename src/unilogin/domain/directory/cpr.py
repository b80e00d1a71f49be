"""Danish civil registration numbers (CPR-numre): ten canonical characters, and what they tell.

Modulus 11 is no reason to refuse: since 2007 numbers are given that do not fulfil it (B-R17).
"""

import re
from datetime import date
from enum import StrEnum
from typing import ClassVar, NewType

from unilogin.kit.errors import UniloginError

Cpr = NewType("Cpr", str)
"""Ten characters without a hyphen. Never in a log, a URL, an audit row or an error's text (K-13)."""


class CprKind(StrEnum):
    """What kind of number it is; only the first belongs to a person of the register."""

    REAL = "real"
    REPLACEMENT = "replacement"  # erstatningspersonnummer: 60 added to the day
    LETTERS = "letters"  # three letters after the date, from study administration
    TEST = "test"  # ends in ZZZ9


class CprError(UniloginError):
    """Not a number that can be. The text never holds the number."""

    code: ClassVar[str] = "cpr"


class CprFormatError(CprError):
    """Not six digits, an optional hyphen and four characters of the known kinds."""

    code = "cpr_format"


class CprDateError(CprError):
    """The first six digits are no date of the calendar."""

    code = "cpr_date"


_FORM = re.compile(r"([0-9]{6})(?:[0-9]{4}|[A-ZÆØÅ]{3}[0-9])")
_SEPARATORS = str.maketrans("", "", " -")
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def read_cpr(text: str) -> Cpr:
    """Return the canonical form of what a file or a person wrote, with or without hyphen and spaces.

    Raises:
        CprFormatError: wrong length or characters.
        CprDateError: 31 February, month 13, or 29 February of a year that had none.

    """
    number = text if len(text) == 10 else text.translate(_SEPARATORS)
    if not (len(number) == 10 and number.isascii() and number.isdigit()):
        number = number.upper()
        if _FORM.fullmatch(number) is None:
            raise CprFormatError("not ten characters of a known form")
        if number.endswith("ZZZ9"):
            return Cpr(number)
    day, month = int(number[:2]), int(number[2:4])
    if not 1 <= month <= 12 or not 1 <= (day - 60 if day > 60 else day) <= _DAYS[month - 1]:
        raise CprDateError("no date of the calendar")
    if day == 29 and month == 2 and number[6].isdigit() and birth_date(Cpr(number)) is None:
        raise CprDateError("29 February of a year without one")
    return Cpr(number)


def kind_of(cpr: Cpr) -> CprKind:
    """Return what kind of number a canonical one is."""
    if cpr.endswith("ZZZ9"):
        return CprKind.TEST
    if not cpr[6].isdigit():
        return CprKind.LETTERS
    return CprKind.REPLACEMENT if cpr[0] > "3" else CprKind.REAL


def birth_date(cpr: Cpr) -> date | None:
    """Return the date of birth a real number tells; None for the other kinds, whose century nobody promises."""
    if cpr[0] > "3" or kind_of(cpr) is not CprKind.REAL:
        return None
    try:
        return date(_century(cpr[6], int(cpr[4:6])) + int(cpr[4:6]), int(cpr[2:4]), int(cpr[:2]))
    except ValueError:
        return None


def _century(seventh: str, year: int) -> int:
    """The table of the CPR office: the seventh digit and the two-digit year decide the century (B-R18)."""
    if seventh in "0123":
        return 1900
    if seventh in "49":
        return 2000 if year <= 36 else 1900
    return 2000 if year <= 57 else 1800
