"""Everybody of one institution at a moment, one by one."""

from collections.abc import Iterator
from dataclasses import dataclass

from unilogin.roster.generating.families import Moment, Place, families_with_children_at
from unilogin.roster.generating.mistakes import Member, with_mistakes
from unilogin.roster.generating.model import Employee
from unilogin.roster.generating.schools import School
from unilogin.roster.generating.staff import employee


@dataclass(slots=True)
class Count:
    """How many came by."""

    pupils: int = 0
    staff: int = 0
    guardians: int = 0


def members(school: School, count: Count, *, seed: int, moment: Moment, mistakes: bool = False) -> Iterator[Member]:
    """Return pupils family by family, then staff, and count them."""
    for one in _all(school, count, seed=seed, moment=moment, mistakes=mistakes):
        yield with_mistakes(one, seed=seed, number=school.number) if mistakes else one


def _all(school: School, count: Count, *, seed: int, moment: Moment, mistakes: bool) -> Iterator[Member]:
    for family in families_with_children_at(school, seed=seed):
        students, contacts = family.students(school, moment, new_numbers=mistakes)
        count.pupils += len(students)
        count.guardians += len(contacts)
        yield from students
    for one in members_of_staff(school, seed=seed, moment=moment):
        count.staff += 1
        yield one


def members_of_staff(school: School, *, seed: int, moment: Moment) -> Iterator[Employee]:
    """Return who works there, post by post."""
    where, taken = list(places(school)), set[str]()
    for post in range(school.posts):
        yield employee(school, post, places=where, seed=seed, moment=moment, taken=taken)


def places(school: School) -> Iterator[Place]:
    """Return the classes there are."""
    stages = range(len(school.kind.levels)) if school.kind.classes_by_year else range(1)
    for stage in stages:
        for line in range(school.lines):
            yield Place(stage, line)
