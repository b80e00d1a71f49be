"""The way of a user administrator (brugeradministrator) to an institution, and to the people who belong to it.

Asked again at every step: a right, an institution or a membership that ended a moment ago reaches nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from unilogin.domain.access.care import in_care
from unilogin.domain.directory.model import AccountId, InstitutionId, InstitutionNumber, PersonId
from unilogin.kit.db.connection import Connection


@dataclass(frozen=True, slots=True)
class Administrator:
    """Somebody at work as user administrator.

    ``institutions``: where their session holds the right, read with the session in this same request.
    """

    account_id: AccountId
    institutions: tuple[InstitutionNumber, ...]


@dataclass(frozen=True, slots=True)
class AdministeredSchool:
    """An institution that ``reached_by`` administers now. Only the gates of this file make one."""

    institution_id: InstitutionId
    number: InstitutionNumber
    name: str
    reached_by: AccountId


@dataclass(frozen=True, slots=True)
class PersonInReach:
    """A person who belongs to an institution that ``reached_by`` administers now, or is a pupil's contact there."""

    person_id: PersonId
    school: AdministeredSchool


async def administered_schools(connection: Connection, administrator: Administrator) -> list[AdministeredSchool]:
    """Return the institutions this person administers now, by name."""
    rows = await connection.fetch(
        "select i.institution_id, i.number, i.name from directory_account a, directory_institution i"
        " where a.account_id = $1 and a.blocked_at is null and i.active and i.number = any($2::text[])"
        " order by i.name, i.number",
        administrator.account_id,
        administrator.institutions,
    )
    return [
        AdministeredSchool(
            InstitutionId(row["institution_id"]),
            InstitutionNumber(row["number"]),
            row["name"],
            administrator.account_id,
        )
        for row in rows
    ]


async def administered_school(
    connection: Connection, administrator: Administrator, number: str
) -> AdministeredSchool | None:
    """Return the institution of a number when this person administers it now, else None."""
    folded = number.upper()
    held: Sequence[AdministeredSchool] = ()
    if folded in administrator.institutions:
        held = await administered_schools(connection, administrator)
    return next((school for school in held if school.number == folded), None)


_HERE = f"""
  select p.person_id from directory_person p
  where p.person_id = any($1::uuid[]) and exists (
    select from directory_membership m
    where m.institution_id = $2 and m.ended_at is null
      and (m.person_id = p.person_id and {in_care()}
           or exists (select from directory_contact c
                      where c.membership_id = m.membership_id and c.contact_person_id = p.person_id)))
"""


async def people_in_reach(
    connection: Connection, school: AdministeredSchool, people: Sequence[UUID]
) -> dict[PersonId, PersonInReach]:
    """Return those of some people who belong to an administered institution now, by more than its own word for it."""
    rows = await connection.fetch(_HERE, list(people), school.institution_id)
    return {PersonId(row["person_id"]): PersonInReach(PersonId(row["person_id"]), school) for row in rows}


async def person_in_reach(connection: Connection, school: AdministeredSchool, person_id: UUID) -> PersonInReach | None:
    """Return a person who belongs to an administered institution now, else None."""
    return (await people_in_reach(connection, school, [person_id])).get(PersonId(person_id))
