"""Filling the town: the cast takes its places, then families and staff are drawn around them."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from unilogin.demo.cast import FAMILIES, STAFF, CastAdult, CastChild, CastFamily, CastMember
from unilogin.demo.households import HOME_MAIL, Residents
from unilogin.demo.institutions import INSTITUTIONS, PRIVATE_SCHOOL, PUBLIC_SCHOOL, ClassPlan, InstitutionPlan, Post
from unilogin.roster.generating.draw import Draw
from unilogin.roster.generating.model import Address, Contact, Employee, Extern, Person, Student
from unilogin.roster.generating.spelling import initials, mail_address

SEED = 999_000
OF_AGE_IF_BORN_BY = date(2008, 8, 10)
SIBLINGS = ((0.62, 0), (0.30, 1), (0.08, 2))
"""Share of families, and how many sisters and brothers a child has in town."""


@dataclass(frozen=True, slots=True)
class Seat:
    """A place in a class, and when the child in it was born."""

    plan: InstitutionPlan
    group: ClassPlan
    born: date


@dataclass(slots=True)
class Town:
    """The town while it fills up; the lists are keyed by institution number."""

    residents: Residents
    cast: dict[str, Person] = field(default_factory=dict)
    students: dict[str, list[Student]] = field(default_factory=dict)
    staff: dict[str, list[Employee | Extern]] = field(default_factory=dict)

    def enrol(self, plan: InstitutionPlan, student: Student) -> None:
        self.students.setdefault(plan.institution.number, []).append(student)

    def members(self, plan: InstitutionPlan) -> list[Student | Employee | Extern]:
        """Everybody of one institution: staff first, then class by class."""
        order = {group.id: i for i, group in enumerate(plan.classes)}
        students = sorted(
            self.students[plan.institution.number],
            key=lambda one: (order[one.main_group], one.person.first_name, one.person.family_name),
        )
        numbered = (replace(one, local_id=f"{one.role.lower()}-{1001 + i}") for i, one in enumerate(students))
        return [*self.staff[plan.institution.number], *numbered]


def build_town(seed: int = SEED) -> Town:
    """Place the cast, then fill every free seat and post; the same seed gives the same town."""
    town = Town(Residents(Draw(seed)))
    for member in STAFF.values():
        _person_of(town, member)
    for family in FAMILIES:
        _place_cast_family(town, family)
    free = town.residents.draw.shuffled(list(_free_seats(town.residents)))
    while free:
        _seat_family(town, _take_siblings(town.residents.draw, free))
    for plan in INSTITUTIONS:
        town.staff[plan.institution.number] = [*_employees(town, plan), *_externs(town, plan)]
    return town


def _person_of(town: Town, member: CastMember, home: Address | None = None) -> Person:
    """The person behind a member of the cast: one and the same, however many rosters they are in."""
    if member.key not in town.cast:
        town.cast[member.key] = town.residents.settle(
            (member.first_name, member.family_name),
            gender=member.gender,
            born=member.born,
            email=_work_mail(member),
            alias=member.alias,
            newcomer=member.newcomer,
        )
    if home is not None:
        town.cast[member.key] = replace(town.cast[member.key], address=home)
    return town.cast[member.key]


def _work_mail(member: CastMember) -> str | None:
    """At the first place they work; the mail address of a protected person is made of the alias."""
    name = member.alias or member
    for plan in INSTITUTIONS:
        if any(post.holder == member.key for post in plan.posts):
            return mail_address(name.first_name, name.family_name, domain=plan.mail_domain)
    return None


def _place_cast_family(town: Town, family: CastFamily) -> None:
    home = family.address or town.residents.address()
    contacts = tuple([_cast_contact(town, adult, home) for adult in family.adults])
    for child in family.children:
        plan, group = _class_of(child)
        person = _person_of(town, child.who, home)
        town.enrol(plan, Student("", person, group.role, group.level, group.id, child.groups, contacts))


def _cast_contact(town: Town, adult: CastAdult, home: Address) -> Contact:
    person = _person_of(town, adult.who, town.residents.address() if adult.lives_elsewhere else home)
    if person.email is None:
        shown = adult.who.alias or adult.who
        person = replace(person, email=mail_address(shown.first_name, shown.family_name, domain=HOME_MAIL))
        town.cast[adult.who.key] = person
    return Contact(person, adult.relation, adult.custody, adult.access_level)


def _class_of(child: CastChild) -> tuple[InstitutionPlan, ClassPlan]:
    plan = next(plan for plan in INSTITUTIONS if plan.institution.number == child.institution)
    return plan, next(group for group in plan.classes if group.id == child.main_group)


def _free_seats(residents: Residents) -> Iterator[Seat]:
    taken = [child.main_group for family in FAMILIES for child in family.children]
    for plan in INSTITUTIONS:
        for group in plan.classes:
            for _ in range(group.seats - taken.count(group.id)):
                born = residents.birthday(*group.born)
                # Some start school a year later than most.
                late = group.role == "Elev" and residents.draw.chance(0.06)
                yield Seat(plan, group, born - timedelta(days=365) if late else born)


def _take_siblings(draw: Draw, free: list[Seat]) -> list[Seat]:
    """Take the next free seat, and perhaps seats for sisters and brothers of fitting ages."""
    seats = [free.pop()]
    for _ in range(draw.pick_weighted(SIBLINGS)):
        found = next((seat for seat in free if all(_may_be_siblings(seat, other) for other in seats)), None)
        if found is not None:
            free.remove(found)
            seats.append(found)
    return seats


def _may_be_siblings(seat: Seat, other: Seat) -> bool:
    days_apart = abs((seat.born - other.born).days)
    numbers = {seat.plan.institution.number, other.plan.institution.number}
    both_schools = numbers == {PUBLIC_SCHOOL.institution.number, PRIVATE_SCHOOL.institution.number}
    return 450 < days_apart < 11 * 365 and not both_schools


def _seat_family(town: Town, seats: list[Seat]) -> None:
    family = town.residents.family([seat.born for seat in seats])
    for seat, child in zip(seats, family.children, strict=True):
        contacts = () if child.born <= OF_AGE_IF_BORN_BY else family.contacts
        group = seat.group
        further = _further_groups(town.residents.draw, seat.plan, group)
        town.enrol(seat.plan, Student("", child, group.role, group.level, group.id, further, contacts))


def _further_groups(draw: Draw, plan: InstitutionPlan, group: ClassPlan) -> tuple[str, ...]:
    return tuple([further.id for further in plan.groups if group.id in further.classes and draw.chance(further.share)])


def _employees(town: Town, plan: InstitutionPlan) -> list[Employee]:
    taken: set[str] = set()
    return [_employee(town, plan, post=post, number=101 + i, taken=taken) for i, post in enumerate(plan.posts)]


def _employee(town: Town, plan: InstitutionPlan, *, post: Post, number: int, taken: set[str]) -> Employee:
    if post.holder is None:
        drawn = town.residents.adult(born_from=1959, born_to=2000)
        person = replace(drawn, email=mail_address(drawn.first_name, drawn.family_name, domain=plan.mail_domain))
    else:
        person = town.cast[post.holder]
    shown = person.alias or person
    short_name = initials(shown.first_name, shown.family_name, taken=taken)
    taken.add(short_name)
    return Employee(f"ansat-{number}", person, post.roles, post.occupation, short_name, post.groups)


def _externs(town: Town, plan: InstitutionPlan) -> list[Extern]:
    return [
        Extern(f"ekstern-{11 + i}", town.residents.adult(born_from=1995, born_to=2004), role, groups)
        for i, (role, groups) in enumerate(plan.externs)
    ]
