"""Who has a MitID in Klitborg: read from the same town that the rosters were written from. Pure.

From fifteen everybody has one, from thirteen every other; below that nobody, as in Denmark.
"""

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import cache
from typing import TypeAlias

from unilogin.demo.cast import FAMILIES, STAFF
from unilogin.demo.institutions import INSTITUTIONS, MUNICIPALITY_CVR
from unilogin.demo.mitid.model import Identity, Kind
from unilogin.demo.town import Town, build_town
from unilogin.domain.access.model import Right
from unilogin.roster.generating.model import MUNICIPALITY, Employee, Person

TODAY = date(2026, 8, 10)
"""The day the town was written down: ages are counted to it, so that every start shows the same."""

YOUNGEST, EVERYBODY = 13, 15
_NAMESPACE = uuid.UUID("0f6f0ddc-86d2-4dc5-9d1c-6d1f4a0a6a55")
_ADMINISTRATORS = {
    "lone": (Right.BRUGERADMINISTRATOR, Right.BRUGERADMINISTRATOR_ELEVADGANG),
    "mette": (Right.BRUGERADMINISTRATOR,),
    "trine": (),
}
"""Members of the cast with a business identity, and the rights their work has given them: two who decide together."""


@cache
def identities() -> tuple[Identity, ...]:
    """Return every identity: the ones worth trying first, then everybody by group and name."""
    town = build_town()
    people = {identity.cpr: identity for identity in _people(town)}
    special = {town.cast[key].cpr for key in _cast_keys()}
    listed = [
        replace(identity, kind=Kind.SPECIAL) if identity.cpr in special and identity.has_mitid else identity
        for identity in people.values()
    ]
    order = list(Kind)
    everybody = [*listed, *_business(town), *_strangers()]
    return tuple(sorted(everybody, key=lambda one: (order.index(one.kind), one.name)))


@cache
def by_name() -> dict[str, Identity]:
    """Return name → identity, of those with a MitID."""
    return {identity.name: identity for identity in identities() if identity.has_mitid}


def subject_of(identity: Identity) -> str:
    """Return the pseudonym the client knows somebody by: the same at every start."""
    return str(uuid.uuid5(_NAMESPACE, identity.name))


def age_of(born: date) -> int:
    """Return how old somebody is."""
    return TODAY.year - born.year - ((TODAY.month, TODAY.day) < (born.month, born.day))


_Seen: TypeAlias = tuple[Person, Kind, str]
"""Somebody in one of the rosters: where they stand in the list, and what is said beside the name."""


def _has_mitid(person: Person, *, cast: bool) -> bool:
    age = age_of(person.born)
    if not person.cpr.isdigit() or age < YOUNGEST:
        return False
    return age >= EVERYBODY or cast or int(person.cpr[7:9]) % 2 == 0


def shown_name(person: Person) -> str:
    """Return what somebody is called here: a protected person's real name is nobody's business."""
    shown = person.alias or person
    return f"{shown.first_name} {shown.family_name}"


def _cast_keys() -> Iterator[str]:
    for family in FAMILIES:
        yield from (child.who.key for child in family.children)
        yield from (adult.who.key for adult in family.adults)
    yield from STAFF


def _people(town: Town) -> Iterator[Identity]:
    """Everybody once, with everything they are in town; who works there stands among the staff."""
    cast, children = {person.cpr for person in town.cast.values()}, _children(town)
    found: dict[str, Identity] = {}
    for person, kind, note in (*_parents(town), *_pupils(town), *_staff(town)):
        held = kind if _has_mitid(person, cast=person.cpr in cast) else Kind.NONE
        before = found[person.cpr].note if person.cpr in found else ""
        notes = " · ".join(part for part in (note, before) if part)
        names = tuple(children.get(person.cpr, ()))
        found[person.cpr] = Identity(shown_name(person), held, notes, person.born, person.cpr, names)
    yield from found.values()


def _children(town: Town) -> dict[str, list[str]]:
    """The first names of everybody's children, by the contact person's number."""
    names: dict[str, list[str]] = {}
    for student in (student for held in town.students.values() for student in held):
        for contact in student.contacts:
            shown = student.person.alias or student.person
            names.setdefault(contact.person.cpr, []).append(shown.first_name.split()[0])
    return names


def _parents(town: Town) -> Iterator[_Seen]:
    for student in (student for held in town.students.values() for student in held):
        for contact in student.contacts:
            yield contact.person, Kind.PARENT, ""


def _pupils(town: Town) -> Iterator[_Seen]:
    for plan in INSTITUTIONS:
        classes = {group.id: group.name for group in plan.classes}
        for student in town.students[plan.institution.number]:
            yield student.person, Kind.PUPIL, f"{classes[student.main_group]}, {plan.institution.name}"


def _staff(town: Town) -> Iterator[_Seen]:
    for plan in INSTITUTIONS:
        for member in town.staff[plan.institution.number]:
            work = member.occupation if isinstance(member, Employee) else member.role
            yield member.person, Kind.STAFF, f"{work}, {plan.institution.name}"


def _business(town: Town) -> Iterator[Identity]:
    """Members of the cast at work, and one whose number nobody has joined to the work's identity."""
    for key, rights in _ADMINISTRATORS.items():
        person = town.cast[key]
        held = tuple(right.value for right in rights)
        yield Identity(
            name=f"{shown_name(person)} (på arbejde)",
            kind=Kind.BUSINESS,
            note=", ".join(held),
            born=person.born,
            cpr=person.cpr,
            remark=None if held else "remark.no_rights",
            cvr=MUNICIPALITY_CVR,
            organisation=MUNICIPALITY,
            rights=held,
        )
    yield Identity(
        name="Nikolaj Uden Nummer (på arbejde)",
        kind=Kind.BUSINESS,
        note="",
        born=date(1985, 2, 14),
        cpr=None,
        remark="remark.no_number",
        cvr=MUNICIPALITY_CVR,
        organisation=MUNICIPALITY,
    )


def _strangers() -> Iterator[Identity]:
    """Somebody whom no school in town has ever heard of."""
    yield Identity("Rigmor Fremmed", Kind.SPECIAL, "", date(1977, 7, 7), "6707770004", remark="remark.stranger")
