"""The school year (skoleår): from August to July."""

from datetime import date
from typing import NamedTuple

_AUGUST = 8


class SchoolYear(NamedTuple):
    """One school year, by the year it begins in."""

    first: int

    @property
    def name(self) -> str:
        """As the formats write it: 2026-2027."""
        return f"{self.first}-{self.first + 1}"

    @property
    def start(self) -> date:
        """Its first day."""
        return date(self.first, _AUGUST, 1)

    @property
    def end(self) -> date:
        """Its last day."""
        return date(self.first + 1, _AUGUST - 1, 31)


def school_year_of(day: date) -> SchoolYear:
    """Return the school year that a day is in."""
    return SchoolYear(day.year - (day.month < _AUGUST))
