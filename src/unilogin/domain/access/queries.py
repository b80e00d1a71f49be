"""Reading who holds which right."""

from unilogin.domain.access.model import HeldRight, Right
from unilogin.domain.directory.model import AccountId, InstitutionNumber, Username
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
