"""Which institutions an invented country has: their kinds and sizes as in Denmark, nothing of who is in them."""

from collections.abc import Iterator
from dataclasses import dataclass

from unilogin.roster.generating.draw import Draw
from unilogin.roster.generating.model import Institution

INSTITUTIONS_A_MUNICIPALITY = 20
_FIRST_MUNICIPALITY = 900  # no Danish municipality has a code as high
_FIRST_CVR = 9_900_000  # far above the numbers in use, so nobody's
_CVR_WEIGHTS = (2, 7, 6, 5, 4, 3, 2)
_MUNICIPALITIES = 100


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
    public: bool = True

    @property
    def classes_by_year(self) -> bool:
        """Whether a class is of one year of birth and moves up; in day care all ages share a room."""
        return self.levels[0] != "DT"


SCHOOL_LEVELS = tuple(str(level) for level in range(10))
FOLKESKOLE = Kind("folkeskole", "Skole", SCHOOL_LEVELS, 6, "Elev", 22, ((0.2, 1), (0.5, 2), (0.25, 3), (0.05, 4)))
FRISKOLE = Kind("friskole", "Friskole", SCHOOL_LEVELS, 6, "Elev", 18, ((0.9, 1), (0.1, 2)), public=False)
GYMNASIUM = Kind("gymnasium", "Gymnasium", ("U1", "U2", "U3"), 16, "Studerende", 27, ((0.4, 4), (0.4, 8), (0.2, 11)))
DAGTILBUD = Kind("dagtilbud", "Børnehus", ("DT", "DT", "DT"), 3, "Barn", 7, ((0.5, 2), (0.4, 3), (0.1, 5)))

KINDS: tuple[tuple[float, Kind], ...] = ((0.34, FOLKESKOLE), (0.20, FRISKOLE), (0.06, GYMNASIUM), (0.40, DAGTILBUD))
"""Share of the institutions; the average has about 220 children, which with parents and staff makes 500 persons."""

ROOMS = ("Rød stue", "Blå stue", "Gul stue", "Grøn stue", "Lilla stue")


@dataclass(frozen=True, slots=True)
class School:
    """One institution: ``first`` counts the families of a year before it, so that no two share a number."""

    institution: Institution
    kind: Kind
    lines: int
    first: int
    number: int
    source: str = "Storskolen"

    @property
    def families_a_year(self) -> int:
        """Families whose eldest is of one year; the others of a class are their sisters and brothers."""
        return max(1, round(self.lines * self.kind.class_size / 1.5))


def country(*, institutions: int, seed: int) -> Iterator[School]:
    """Invent so many institutions; the same seed gives the same ones, and more of them begin with the same."""
    draw, first = Draw(seed), 0
    for number in range(institutions):
        kind = FOLKESKOLE if number == 0 else draw.pick_weighted(KINDS)
        school = school_of(number, kind=kind, lines=draw.pick_weighted(kind.lines), first=first)
        first += school.families_a_year
        yield school


def school_of(number: int, *, kind: Kind = FOLKESKOLE, lines: int = 2, first: int = 0, prefix: str = "G") -> School:
    """Invent one institution of a known size."""
    municipality = _FIRST_MUNICIPALITY + number // INSTITUTIONS_A_MUNICIPALITY % _MUNICIPALITIES
    institution = Institution(
        f"{prefix}{number:05}",
        f"{kind.called} {number + 1}, egn {municipality}",
        kind.name,
        _cvr(municipality - _FIRST_MUNICIPALITY if kind.public else _MUNICIPALITIES + number),
        str(municipality),
        kind.public,
    )
    return School(institution, kind, lines, first, number)


def _cvr(number: int) -> str:
    """Return a company's number with its check digit; each has two stems, for there is none where it would be ten."""
    for stem in (_FIRST_CVR + 2 * number, _FIRST_CVR + 2 * number + 1):
        check = -sum(weight * int(digit) for weight, digit in zip(_CVR_WEIGHTS, str(stem), strict=True)) % 11
        if check < 10:
            return f"{stem}{check}"
    raise AssertionError(f"no check digit for company {number}")
