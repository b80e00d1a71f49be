"""Microsoft School Data Sync, CSV version 2.1: an institution's people in the tables and exact headers it asks for.

Names of users there are addresses (user@domain): with the domain of the school they are written so, without it SDS can
be told to append one. Contact persons are known to it by their mail address alone: without one they are left out.
"""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime

from unilogin.domain.directory.model import ActorGroup, Institution
from unilogin.domain.directory.outgoing import OutgoingPerson, groups_of, people_of, places_of, roles_of
from unilogin.kit.db.connection import Transaction
from unilogin.roster.formats.oneroster_words import GRADES_OF_LEVELS
from unilogin.roster.formats.oneroster_writer import contact_role, source_id
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

_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?=.{{4,253}}$)(?:{_LABEL}\.)+[a-z]{{2,63}}")
_DIGITS_OF_DENMARK = 8

Row = Sequence[str]


def read_domain(text: str) -> str | None:
    """Return the domain that somebody typed, with or without an @; None: it is none."""
    domain = text.strip().removeprefix("@").lower()
    return domain if _DOMAIN.fullmatch(domain) else None


def tables(
    tx: Transaction, where: Institution, now: datetime, *, domain: str | None = None
) -> Mapping[str, tuple[Sequence[str], AsyncIterator[Row]]]:
    """Return the tables by file name, each with its columns and its rows, to be read in this order."""
    year = school_year_of(now.date()).name
    rows = {
        "orgs": _one((where.number, where.name, "school", "")),
        "academicSessions": _session(now.date()),
        "users": _users(tx, where, domain=domain),
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


async def _users(tx: Transaction, where: Institution, *, domain: str | None) -> AsyncIterator[Row]:
    async for person in people_of(tx, where.institution_id):
        if person.local_ids or person.email:
            reach = (person.email or "", e164(person.phone), e164(person.mobile))
            name = _username(person, domain)
            yield source_id(person.uniid), name, person.first_name, person.family_name, "", "", *reach


def _username(person: OutgoingPerson, domain: str | None) -> str:
    """Contact persons have no account at the school, and are given no address there."""
    return f"{person.username}@{domain}" if domain and person.local_ids else person.username


def e164(number: str | None) -> str:
    """Return a number as E.164 has it, without the plus: a spreadsheet would compute it, and SDS does not need it."""
    digits = re.sub("[^0-9]", "", number or "")
    if (number or "").strip().startswith("+"):
        return digits
    return f"45{digits}" if len(digits) == _DIGITS_OF_DENMARK else digits.removeprefix("00")


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
            if not contact["mail"]:
                continue
            role = contact_role(str(contact["relation"]), custody=bool(contact["custody"]))
            yield source_id(person.uniid), source_id(str(contact["uniid"])), role
