"""Microsoft School Data Sync, CSV version 2.1: an institution's people in the tables and exact headers it asks for."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime

from unilogin.domain.directory.model import ActorGroup, Institution
from unilogin.domain.directory.outgoing import groups_of, people_of, places_of, roles_of
from unilogin.kit.db.connection import Transaction
from unilogin.roster.formats.oneroster_words import GRADES_OF_LEVELS
from unilogin.roster.formats.oneroster_writer import contact_role, phone, source_id
from unilogin.roster.formats.school_year import school_year_of

COLUMNS: Mapping[str, Sequence[str]] = {
    "orgs": ("sourcedId", "name", "type", "parentSourcedId"),
    "academicSessions": ("sourcedId", "title", "type", "schoolYear", "startDate", "endDate"),
    "users": (
        *("sourcedId", "username", "givenName", "familyName", "password", "activeDirectoryMatchId", "email", "phone"),
        "sms",
    ),
    "roles": (
        *("userSourcedId", "orgSourcedId", "role", "sessionSourcedId", "grade", "isPrimary", "roleStartDate"),
        "roleEndDate",
    ),
    "classes": ("sourcedId", "orgSourcedId", "title", "sessionSourcedIds", "courseSourcedId"),
    "enrollments": ("classSourcedId", "userSourcedId", "role"),
    "relationships": ("userSourcedId", "relationshipUserSourcedId", "relationshipRole"),
}
_ROLES = {
    **dict.fromkeys(("Barn", "Elev", "Studerende"), "student"),
    "Lærer": "teacher",
    "Vikar": "substitute",
    "Pædagog": "assistant",
    "Leder": "principal",
    "Ledelse": "administrator",
}
"""Everybody else is staff; contact persons have relationships and no role."""

Row = Sequence[str]


def tables(
    tx: Transaction, where: Institution, now: datetime
) -> Mapping[str, tuple[Sequence[str], AsyncIterator[Row]]]:
    """Return the tables by file name, each with its columns and its rows, to be read in this order."""
    year = school_year_of(now.date()).name
    rows = {
        "orgs": _one((where.number, where.name, "school", "")),
        "academicSessions": _session(now.date()),
        "users": _users(tx, where),
        "roles": _roles(tx, where, year=year),
        "classes": _classes(tx, where, year=year),
        "enrollments": _enrollments(tx, where),
        "relationships": _relationships(tx, where),
    }
    return {name: (COLUMNS[name], rows[name]) for name in COLUMNS}


async def _one(row: Row) -> AsyncIterator[Row]:
    yield row


async def _session(today: date) -> AsyncIterator[Row]:
    year = school_year_of(today)
    yield year.name, year.name, "schoolYear", str(year.end.year), str(year.start), str(year.end)


async def _users(tx: Transaction, where: Institution) -> AsyncIterator[Row]:
    async for person in people_of(tx, where.institution_id):
        reach = (person.email or "", phone(person.phone), phone(person.mobile))
        yield source_id(person.uniid), person.username, person.first_name, person.family_name, "", "", *reach


async def _roles(tx: Transaction, where: Institution, *, year: str) -> AsyncIterator[Row]:
    """Roles and people come in the same order, so that a pupil's grade is at hand; a grade is for pupils alone."""
    people = people_of(tx, where.institution_id)
    person = await anext(people, None)
    last = ""
    async for role in roles_of(tx, where.institution_id):
        while person is not None and person.uniid < role.uniid:
            person = await anext(people, None)
        if role.actor_group == ActorGroup.KONTAKTPERSON:
            continue
        pupil = role.actor_group == ActorGroup.ELEV
        grade = GRADES_OF_LEVELS.get((person.level if person and pupil else None) or "", "")
        primary = "false" if role.uniid == last else "true"
        yield source_id(role.uniid), where.number, _ROLES.get(role.role, "staff"), year, grade, primary, "", ""
        last = role.uniid


async def _classes(tx: Transaction, where: Institution, *, year: str) -> AsyncIterator[Row]:
    async for group in groups_of(tx, where.institution_id):
        yield group.key, where.number, group.name, year, ""


async def _enrollments(tx: Transaction, where: Institution) -> AsyncIterator[Row]:
    async for place in places_of(tx, where.institution_id):
        yield place.group, source_id(place.uniid), "student" if place.actor_group == ActorGroup.ELEV else "teacher"


async def _relationships(tx: Transaction, where: Institution) -> AsyncIterator[Row]:
    async for person in people_of(tx, where.institution_id):
        for contact in person.contacts:
            role = contact_role(str(contact["relation"]), custody=bool(contact["custody"]))
            yield source_id(person.uniid), source_id(str(contact["uniid"])), role
