"""Which institutions an invented country has: their kinds and sizes as in Denmark, nothing of who is in them.

Families belong to schools (``Kind.has_families``). A municipality's day-cares and gymnasiums are theirs, too: who has
been in the red room at three is in 0.A at six, and in 1.b at sixteen.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple

from unilogin.roster.generating.draw import Draw
from unilogin.roster.generating.model import Institution

INSTITUTIONS_A_MUNICIPALITY = 20
POSTS_A_FAMILY = 4
"""Posts for each family of a year at most, where a school stands alone."""

_FIRST_MUNICIPALITY = 900  # no Danish municipality has a code as high
_FIRST_CVR = 9_900_000  # far above the numbers in use, so nobody's
_CVR_WEIGHTS = (2, 7, 6, 5, 4, 3, 2)
_MUNICIPALITIES = 100
_MOST_GO_ON = 0.85
_CHILDREN_A_FAMILY = 1.16  # of those who are there; more have yet to come, or have left


@dataclass(frozen=True, slots=True)
class Kind:
    """What institutions of a kind have in common; the first level is for children of ``first_age``."""

    name: str
    called: str
    levels: tuple[str, ...]
    first_age: int
    role: str
    class_size: int
    lines: tuple[tuple[float, int], ...]
    children_a_post: int = 9
    public: bool = True

    @property
    def classes_by_year(self) -> bool:
        """Whether a class is of one year of birth and moves up; in day care all ages share a room."""
        return self.levels[0] != "DT"

    @property
    def has_families(self) -> bool:
        """Whether families live around it: a school, from 0 to 9."""
        return self.levels[0] == "0"


SCHOOL_LEVELS = tuple(str(level) for level in range(10))
FOLKESKOLE = Kind("folkeskole", "Skole", SCHOOL_LEVELS, 6, "Elev", 22, ((0.2, 1), (0.5, 2), (0.25, 3), (0.05, 4)))
FRISKOLE = Kind("friskole", "Friskole", SCHOOL_LEVELS, 6, "Elev", 18, ((0.9, 1), (0.1, 2)), public=False)
GYMNASIUM = Kind("gymnasium", "Gymnasium", ("U1", "U2", "U3"), 16, "Studerende", 27, ((0.4, 4), (0.4, 8), (0.2, 11)))
DAGTILBUD = Kind("dagtilbud", "Børnehus", ("DT", "DT", "DT"), 3, "Barn", 7, ((0.5, 2), (0.4, 3), (0.1, 5)), 4)

KINDS: tuple[tuple[float, Kind], ...] = ((0.24, FOLKESKOLE), (0.16, FRISKOLE), (0.05, GYMNASIUM), (0.55, DAGTILBUD))
"""Share of the institutions; the average has about 200 children, which with parents and staff makes 500 persons."""

ROOMS = ("Rød stue", "Blå stue", "Gul stue", "Grøn stue", "Lilla stue")


class Around(NamedTuple):
    """Where the children of a school's families go otherwise; a share is of those who leave it, or have yet to come."""

    beside: "School | None" = None  # the school they move to
    day_cares: "tuple[tuple[float, School], ...]" = ()
    gymnasiums: "tuple[tuple[float, School], ...]" = ()


class Municipality:
    """The institutions of one municipality, and whose children go where; asked when all of them are there."""

    def __init__(self) -> None:
        self.institutions: list[School] = []
        self._around: dict[int, Around] = {}

    def of_kind(self, kind: Kind | None = None) -> "list[School]":
        """Return the institutions of a kind; without one, the schools around which families live."""
        return [one for one in self.institutions if (one.kind is kind if kind else one.kind.has_families)]

    def around(self, school: "School") -> Around:
        """Return what there is for the families of a school."""
        if school.number not in self._around:
            self._around[school.number] = Around(self._beside(school, 1), self._day_cares(school), self._gymnasiums())
        return self._around[school.number]

    def feeders(self, institution: "School") -> "list[School]":
        """Return the schools whose families may have children at an institution."""
        if institution.kind.has_families:
            before = self._beside(institution, -1)
            return [institution, *([before] if before else [])]
        if institution.kind is GYMNASIUM:
            return self.of_kind()
        homes = self.of_kind()
        return [homes[self.of_kind(DAGTILBUD).index(institution) % len(homes)]]

    def _beside(self, school: "School", step: int) -> "School | None":
        homes = self.of_kind()
        found = homes[(homes.index(school) + step) % len(homes)]
        return None if found is school else found

    def _day_cares(self, school: "School") -> "tuple[tuple[float, School], ...]":
        homes = self.of_kind()
        mine = [one for i, one in enumerate(self.of_kind(DAGTILBUD)) if homes[i % len(homes)] is school]
        room = sum(one.places_a_year for one in mine)
        return tuple((one.places_a_year / max(room, school.places_a_year), one) for one in mine)

    def _gymnasiums(self) -> "tuple[tuple[float, School], ...]":
        found = self.of_kind(GYMNASIUM)
        leavers = sum(one.places_a_year for one in self.of_kind())
        room = sum(one.places_a_year for one in found)
        return tuple((one.places_a_year / max(room / _MOST_GO_ON, leavers), one) for one in found)


@dataclass(frozen=True, slots=True)
class School:
    """One institution: ``first`` counts the families of a year before it, so that no two share a number."""

    institution: Institution
    kind: Kind
    lines: int
    first: int
    number: int
    first_post: int
    source: str = "Storskolen"
    municipality: Municipality | None = field(default=None, compare=False, repr=False)

    @property
    def places_a_year(self) -> int:
        """Children of one year."""
        return self.lines * self.kind.class_size

    @property
    def families_a_year(self) -> int:
        """Families whose eldest is of one year; the others of a class are their sisters and brothers."""
        return max(1, round(self.places_a_year / _CHILDREN_A_FAMILY))

    @property
    def posts(self) -> int:
        """How many work here."""
        posts = max(4, round(self.places_a_year * len(self.kind.levels) / self.kind.children_a_post))
        return posts if self.municipality else min(posts, POSTS_A_FAMILY * self.families_a_year)


def country(*, institutions: int, seed: int) -> Iterator[School]:
    """Invent so many institutions; the same seed gives the same ones, and more of them begin with the same."""
    first = first_post = 0
    for municipality in count():
        draw, around = Draw(seed * 1009 + municipality), Municipality()
        for place in range(INSTITUTIONS_A_MUNICIPALITY):
            kind = FOLKESKOLE if place == 0 else draw.pick_weighted(KINDS)
            lines = draw.pick_weighted(kind.lines)
            number = municipality * INSTITUTIONS_A_MUNICIPALITY + place
            school = _school(number, kind, lines=lines, first=first, first_post=first_post, around=around)
            first += school.families_a_year if kind.has_families else 0
            first_post += school.posts
            around.institutions.append(school)
        for school in around.institutions:
            if school.number >= institutions:
                return
            yield school


def school_of(number: int, *, kind: Kind = FOLKESKOLE, lines: int = 2, first: int = 0, prefix: str = "G") -> School:
    """Invent one institution of a known size that stands alone: all its families are its own."""
    return _school(number, kind, lines=lines, first=first, first_post=first * POSTS_A_FAMILY, prefix=prefix)


def _school(
    number: int,
    kind: Kind,
    *,
    lines: int,
    first: int,
    first_post: int,
    around: Municipality | None = None,
    prefix: str = "G",
) -> School:
    municipality = _FIRST_MUNICIPALITY + number // INSTITUTIONS_A_MUNICIPALITY % _MUNICIPALITIES
    institution = Institution(
        f"{prefix}{number:05}",
        f"{kind.called} {number + 1}, egn {municipality}",
        kind.name,
        _cvr(municipality - _FIRST_MUNICIPALITY if kind.public else _MUNICIPALITIES + number),
        str(municipality),
        kind.public,
    )
    return School(institution, kind, lines, first, number, first_post, municipality=around)


def _cvr(number: int) -> str:
    """Return a company's number with its check digit; each has two stems, for there is none where it would be ten."""
    for stem in (_FIRST_CVR + 2 * number, _FIRST_CVR + 2 * number + 1):
        check = -sum(weight * int(digit) for weight, digit in zip(_CVR_WEIGHTS, str(stem), strict=True)) % 11
        if check < 10:
            return f"{stem}{check}"
    raise AssertionError(f"no check digit for company {number}")
