"""Who works at an institution: posts that are held for some years, a parent from another school, a second job."""

from collections.abc import Sequence

from unilogin.roster.generating.draw import Draw, chance_of, invented_cpr, mixed
from unilogin.roster.generating.families import FIRST_YEAR, Family, Moment, Place, class_id, families_of
from unilogin.roster.generating.households import DAYS, birthday
from unilogin.roster.generating.model import Employee, Gender, Person
from unilogin.roster.generating.names import COMMON_MEN, COMMON_WOMEN, DANISH, MIDDLE_NAMES, POPULATION
from unilogin.roster.generating.schools import DAGTILBUD, School
from unilogin.roster.generating.spelling import initials, mail_address

HOLDERS = 4
"""People who hold one post after the other."""

_FIRST_HOLDER_YEAR = FIRST_YEAR - 3
_JOBS = ((0.72, "Lærer", "Lærer"), (0.16, "Pædagog", "Pædagog"), (0.06, "Vikar", "Vikar"), (0.06, "TAP", "Pedel"))
_FIXED = ((("Leder",), "Skoleleder"), (("TAP",), "Sekretær"), (("Ledelse", "Lærer"), "Afdelingsleder"))
_SHARED_POST = len(_FIXED)
_SHARES_IT = 3  # one institution in so many shares a post with the school beside
_IS_PARENT = 0.08
_SLOTS, _SLOT, _YEARS, _FIRST_BORN = 4, 3, 40, 1962
_INITIALS_FOR = 200


def employee(
    school: School, post: int, *, places: Sequence[Place], seed: int, moment: Moment, taken: set[str]
) -> Employee:
    """Return who holds a post; ``taken`` are the initials that others have."""
    holder = _holder(post, moment)
    draw = _draw(school, post, holder, seed=seed)
    roles, occupation = _FIXED[post] if post < len(_FIXED) else _job(draw, school)
    groups = [class_id(school, draw.pick(places), moment.year) for _ in range(3)]
    person, is_shared = _person(school, post, holder, seed=seed, moment=moment)
    shown = person.alias or person
    short = initials(shown.first_name, shown.family_name, taken=taken) if post < _INITIALS_FOR else f"A{post}"
    taken.add(short)
    mine = tuple(dict.fromkeys(groups)) if roles[0] in ("Lærer", "Pædagog", "Vikar") else ()
    return Employee(f"{'b' if is_shared else 'a'}{post}-{holder}", person, roles, occupation, short, mine)


def _holder(post: int, moment: Moment) -> int:
    tenure = 6 + post % 7
    return (moment.year - _FIRST_HOLDER_YEAR + post * 5 % tenure) // tenure % HOLDERS


def _draw(school: School, post: int, holder: int, *, seed: int) -> Draw:
    return Draw((seed * 100_003 + school.number) * 10_000_019 - 1 - post * HOLDERS - holder)


def _job(draw: Draw, school: School) -> tuple[tuple[str, ...], str]:
    role, occupation = draw.pick_weighted([(share, (role, called)) for share, role, called in _JOBS])
    if school.kind is DAGTILBUD and role == "Lærer":
        role, occupation = "Pædagog", "Pædagog"
    return (role,), occupation


def _person(school: School, post: int, holder: int, *, seed: int, moment: Moment) -> tuple[Person, bool]:
    """Return who it is, and whether this is their second job."""
    homes = school.municipality.of_kind() if school.municipality else []
    if homes and post == _SHARED_POST and school.number % _SHARES_IT == 0:
        other = homes[school.number // _SHARES_IT % len(homes)]
        if other.number % _SHARES_IT:
            return _newcomer(other, post, holder, seed=seed), True
    if homes and post > _SHARED_POST and chance_of(mixed(seed, school.number, post), holder) < _IS_PARENT:
        home = homes[(school.number + post) % len(homes)]
        family = (post * 7919 + holder * 613 + school.number * 31) % families_of(home)
        if mother := Family(home, family, seed=seed).mother(moment):
            return mother, False
    return _newcomer(school, post, holder, seed=seed), False


def _newcomer(school: School, post: int, holder: int, *, seed: int) -> Person:
    """Draw somebody who lives elsewhere; the number of a post in the whole country makes their CPR number."""
    draw = _draw(school, post, HOLDERS + holder, seed=seed ^ 0x5AFE)
    rest, year = divmod((school.first_post + post) * HOLDERS + holder, _YEARS)
    index = rest * _SLOTS + _SLOT
    born = birthday(_FIRST_BORN + year, index)
    gender: Gender = "K" if draw.chance(0.68) else "M"
    pool = DANISH if draw.chance(0.9) else draw.pick_weighted(POPULATION)
    names, common = (pool.women, COMMON_WOMEN) if gender == "K" else (pool.men, COMMON_MEN)
    first = draw.pick_common(common) if pool is DANISH and draw.chance(0.5) else draw.pick(names)
    first = f"{first} {draw.pick(MIDDLE_NAMES)}"
    family = draw.pick_common(pool.families)
    email = mail_address(first, family, domain="skole.example")
    return Person(first, family, invented_cpr(born, gender, index // DAYS), born, gender, email=email)
