"""Drawing persons and families: who lives with whom, who has custody, what everybody is called."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from unilogin.roster.generating.draw import CROWD_SERIALS, SERIALS_PER_DATE, Draw, cpr_of_newcomer, invented_cpr
from unilogin.roster.generating.model import Address, Alias, Contact, Gender, Person
from unilogin.roster.generating.names import DANISH, MIDDLE_NAMES, POPULATION, STREETS, NamePool
from unilogin.roster.generating.spelling import mail_address

TOWNS = (("9909", "Klitborg"), ("9909", "Klitborg"), ("9909", "Klitborg"), ("9919", "Nørre Tang"))
HOME_MAIL, PUPILS_MAIL = "hjem.example", "elev.klitborg.example"
OLD_ENOUGH_FOR_MAIL = date(2013, 12, 31)


@dataclass(frozen=True, slots=True)
class _Role:
    """What an adult is to the children of a household."""

    gender: Gender
    relation: str
    custody: bool = True
    elsewhere: bool = False
    access_level: int | None = None


_MOTHER, _FATHER = _Role("K", "Mor"), _Role("M", "Far")
_FATHER_ELSEWHERE = _Role("M", "Far", elsewhere=True)

HOUSEHOLDS: tuple[tuple[float, tuple[_Role, ...]], ...] = (
    (0.60, (_MOTHER, _FATHER)),
    (0.19, (_MOTHER, _FATHER_ELSEWHERE)),
    (0.07, (_MOTHER, _Role("M", "Far", custody=False, elsewhere=True, access_level=0))),
    (0.05, (_MOTHER,)),
    (0.02, (_FATHER,)),
    (0.02, (_MOTHER, _MOTHER)),
    (0.04, (_MOTHER, _FATHER_ELSEWHERE, _Role("M", "Andet", custody=False))),
    (0.01, (_Role("K", "Andet", custody=True),)),
)
"""Share of households, and the adults in the children's lives; the last one is a grandmother."""


@dataclass(frozen=True, slots=True)
class Family:
    """Children of one household with the contact persons they share."""

    children: tuple[Person, ...]
    contacts: tuple[Contact, ...]


class Residents:
    """Everybody who has moved to town so far; no CPR number and no name is given twice."""

    def __init__(self, draw: Draw) -> None:
        self.draw = draw
        self._births: Counter[tuple[date, Gender]] = Counter()
        self._names: set[tuple[str, str]] = set()

    def settle(
        self,
        name: tuple[str, str],
        *,
        gender: Gender,
        born: date,
        home: Address | None = None,
        email: str | None = None,
        mobile: str | None = None,
        alias: Alias | None = None,
        newcomer: bool = False,
    ) -> Person:
        """Make a person with a CPR number of their own."""
        self._names.add(name)
        email = email or _pupils_mail(alias or Alias(*name), born=born)
        cpr = cpr_of_newcomer(born) if newcomer else self._next_cpr(born, gender)
        return Person(*name, cpr=cpr, born=born, gender=gender, address=home, email=email, mobile=mobile, alias=alias)

    def _next_cpr(self, born: date, gender: Gender) -> str:
        earlier = self._births[born, gender]
        self._births[born, gender] += 1
        # Spread over the digits, so that the numbers do not all look alike; 7 has no divisor in common with 1000.
        spread = (earlier * 7 + born.toordinal() * 131) % (SERIALS_PER_DATE - CROWD_SERIALS)
        return invented_cpr(born, gender, CROWD_SERIALS + spread)

    def address(self) -> Address:
        postal_code, town = self.draw.pick(TOWNS)
        return Address(f"{self.draw.pick(STREETS)} {1 + self.draw.below(89)}", postal_code, town)

    def mobile(self) -> str:
        """A number no one can have: no Danish subscriber's begins with 0."""
        digits = f"0{self.draw.below(10_000_000):07}"
        return "+45 " + " ".join(digits[i : i + 2] for i in range(0, 8, 2))

    def birthday(self, first: date, last: date) -> date:
        return first + timedelta(days=self.draw.below((last - first).days + 1))

    def adult(self, *, born_from: int, born_to: int) -> Person:
        """Draw somebody for a post."""
        gender: Gender = "K" if self.draw.chance(0.68) else "M"
        pool = DANISH if self.draw.chance(0.85) else self.draw.pick_weighted(POPULATION)
        name = self._new_name(pool.women if gender == "K" else pool.men, (self.draw.pick(pool.families),), middle=0.3)
        born = self.birthday(date(born_from, 1, 1), date(born_to, 12, 31))
        return self.settle(name, gender=gender, born=born)

    def family(self, births: Sequence[date]) -> Family:
        """Draw a household around children born on these days."""
        pool = self.draw.pick_weighted(POPULATION)
        roles = self.draw.pick_weighted(HOUSEHOLDS)
        home = self.address()
        oldest = min(births).year
        contacts = tuple([self._contact(role, pool, home=home, oldest=oldest) for role in roles])
        family_names = [contact.person.family_name for contact in contacts if contact.relation in ("Mor", "Far")]
        children = tuple([self._child(pool, family_names, born=born, home=home) for born in births])
        return Family(children, contacts)

    def _contact(self, role: _Role, pool: NamePool, *, home: Address, oldest: int) -> Contact:
        draw = self.draw
        first_names = pool.women if role.gender == "K" else pool.men
        name = self._new_name(first_names, (draw.pick(pool.families),), middle=0.2 if pool is DANISH else 0)
        grandmother = role.relation == "Andet" and role.custody
        year = oldest - (52 + draw.below(8) if grandmother else 24 + draw.below(15))
        person = self.settle(
            name,
            gender=role.gender,
            born=self.birthday(date(year, 1, 1), date(year, 12, 31)),
            home=self.address() if role.elsewhere else home,
            mobile=self.mobile() if draw.chance(0.85) else None,
        )
        if person.mobile:  # who leaves the school no number leaves it no address either
            person = replace(person, email=mail_address(*name, domain=HOME_MAIL))
        return Contact(person, role.relation, role.custody, role.access_level)

    def _child(self, pool: NamePool, parents: list[str], *, born: date, home: Address) -> Person:
        gender: Gender = "K" if self.draw.chance(0.49) else "M"
        first_names = pool.girls if gender == "K" else pool.boys
        name = self._new_name(first_names, parents or pool.families, middle=0.35 if pool is DANISH else 0)
        return self.settle(name, gender=gender, born=born, home=home)

    def _new_name(self, first_names: Sequence[str], families: Sequence[str], *, middle: float) -> tuple[str, str]:
        """Draw until nobody in town is called the same; a middle name is part of the first name, as in the format."""
        while True:
            family = self.draw.pick(families)
            first = self.draw.pick(first_names)
            if self.draw.chance(middle):
                first = f"{first} {self.draw.pick(MIDDLE_NAMES)}"
            if (first, family) not in self._names and not first.endswith(f" {family}"):
                return first, family


def _pupils_mail(shown: Alias, *, born: date) -> str | None:
    """What the municipality gives pupils of the oldest classes; of a protected one it is made of the alias."""
    if not date(2005, 1, 1) <= born <= OLD_ENOUGH_FOR_MAIL:
        return None
    return mail_address(shown.first_name, shown.family_name, domain=PUPILS_MAIL)
