"""What people in a hurry write into rosters: about one person in a hundred, each told by the import as a finding."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from zlib import crc32

from unilogin.roster.generating.draw import chance_of, mixed
from unilogin.roster.generating.model import Employee, Person, Student

Member = Student | Employee
SHARE = 0.01


def with_mistakes(member: Member, *, seed: int, number: int) -> Member:
    """Return a member as somebody may have typed them: nearly always as they are, and always the same."""
    bits = mixed(seed, number, crc32(member.local_id.encode()))
    if chance_of(bits, 0) >= SHARE:
        return member
    return MISTAKES[int(chance_of(bits, 1) * len(MISTAKES))](member)


def _of_person(change: Callable[[Person], Person]) -> Callable[[Member], Member]:
    return lambda member: replace(member, person=change(member.person))


def _of_pupil(change: Callable[[Student], Student]) -> Callable[[Member], Member]:
    return lambda member: change(member) if isinstance(member, Student) else _short(member)


def _garbled(person: Person) -> Person:
    """Went through the wrong encoding on its way."""
    name = f"{person.first_name} Bjørn".encode().decode("cp1252")
    return replace(person, first_name=name)


_short = _of_person(lambda person: replace(person, cpr=person.cpr[:8]))
MISTAKES: Sequence[Callable[[Member], Member]] = (
    _short,
    _of_person(lambda person: replace(person, cpr=f"3002{person.cpr[4:]}")),
    _of_person(lambda person: replace(person, email="kommer senere")),
    _of_person(_garbled),
    _of_person(lambda person: replace(person, born=person.born + timedelta(days=1))),
    lambda member: replace(member, local_id=member.person.cpr),
    lambda member: replace(member, groups=(*member.groups, "findes-ikke")),
    _of_pupil(lambda pupil: replace(pupil, main_group="findes-ikke")),
    _of_pupil(lambda pupil: replace(pupil, level="12")),
)
