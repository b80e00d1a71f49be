"""Reading who holds which right."""

from collections.abc import Sequence
from uuid import UUID

from unilogin.domain.access.model import HeldRight, Right
from unilogin.domain.directory.model import AccountId, InstitutionId, InstitutionNumber, Username
from unilogin.domain.directory.queries import DISPLAY_NAME
from unilogin.kit.db.connection import Connection


async def held_rights(connection: Connection, *, institution: str | None = None) -> list[HeldRight]:
    """Return the rights held now, of one institution number or all, by institution and name."""
    rows = await connection.fetch(
        f"select r.account_id, a.username, {DISPLAY_NAME} as display_name, i.number, r.name, r.granted_at, r.granted_by"
        " from access_right r join directory_account a using (account_id) join directory_person p using (person_id)"
        " join directory_institution i using (institution_id)"
        " where r.revoked_at is null and ($1::text is null or i.number = upper($1))"
        " order by i.number, display_name, r.name",
        institution,
    )
    return [
        HeldRight(
            AccountId(row["account_id"]),
            Username(row["username"]),
            row["display_name"],
            InstitutionNumber(row["number"]),
            Right(row["name"]),
            row["granted_at"],
            row["granted_by"],
        )
        for row in rows
    ]


async def holders_of(
    connection: Connection, right: Right, institutions: Sequence[InstitutionId]
) -> Sequence[AccountId]:
    """Return who holds a right at one of these institutions now, each once; not who brings it along with a session."""
    rows = await connection.fetch(
        "select distinct r.account_id from access_right r join directory_account a using (account_id)"
        " where r.name = $1 and r.institution_id = any($2::uuid[]) and r.revoked_at is null and a.blocked_at is null",
        right.value,
        list(institutions),
    )
    return [AccountId(row["account_id"]) for row in rows]


async def holders_among(connection: Connection, persons: Sequence[UUID]) -> frozenset[UUID]:
    """Return those of these people who hold a right somewhere now."""
    rows = await connection.fetch(
        "select a.person_id from directory_account a join access_right r using (account_id)"
        " where a.person_id = any ($1::uuid[]) and r.revoked_at is null",
        list(persons),
    )
    return frozenset(row["person_id"] for row in rows)
