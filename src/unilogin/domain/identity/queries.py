"""Reading two accounts side by side, and what was corrected."""

from datetime import datetime

from asyncpg import Record

from unilogin.domain.directory.cpr import Cpr, CprKind, kind_of
from unilogin.domain.directory.model import AccountId, PersonId, Username
from unilogin.domain.directory.queries import BELONGINGS, DISPLAY_NAME
from unilogin.domain.identity.model import Correction, CorrectionId, Side, Use
from unilogin.kit.db.connection import Connection
from unilogin.kit.secrets import CprVault

_SIDE = f"""
  select a.account_id, a.person_id, a.username, a.uniid, {DISPLAY_NAME} as display_name,
         a.blocked_at is not null as blocked, a.merged_into is not null as merged, a.created_at, p.cpr_sealed,
         b.belongings,
         (select max(s.auth_time) from sessions_session s where s.account_id = a.account_id) as last_sign_in,
         (select count(*) from services_pairwise x join services_service s using (sector)
          where x.account_id = a.account_id and s.app is null)::int as services,
         exists (select from credentials_password c where c.account_id = a.account_id)
           or exists (select from credentials_passkey c where c.account_id = a.account_id) as has_secret
  from directory_account a join directory_person p using (person_id) cross join lateral ({BELONGINGS}) b
"""


async def side_of_name(connection: Connection, username: Username, *, vault: CprVault) -> Side | None:
    """Return the account of exactly this name, merged or not, or None."""
    row = await connection.fetchrow(f"{_SIDE} where a.username = $1", username)
    return _side(row, vault) if row else None


async def side_of_account(connection: Connection, account_id: AccountId, *, vault: CprVault) -> Side:
    """Return an account that is known to be there."""
    row = await connection.fetchrow(f"{_SIDE} where a.account_id = $1", account_id)
    assert row is not None  # noqa: S101 - for the type checker: accounts are never deleted
    return _side(row, vault)


def _side(row: Record, vault: CprVault) -> Side:
    return Side(
        AccountId(row["account_id"]),
        PersonId(row["person_id"]),
        Username(row["username"]),
        row["uniid"],
        row["display_name"],
        row["blocked"],
        row["merged"],
        Use(row["last_sign_in"], row["services"], row["has_secret"], row["created_at"]),
        kind_of_sealed(row["cpr_sealed"], PersonId(row["person_id"]), vault),
        tuple(f"{one['n']} {'/'.join(one['r'])} {one['l'] or ''}".strip() for one in row["belongings"]),
    )


def kind_of_sealed(sealed: bytes | None, person_id: PersonId, vault: CprVault) -> CprKind | None:
    """Return what kind of number a person has whose sealed one this is."""
    return None if sealed is None else kind_of(Cpr(vault.open(sealed, person_id)))


async def are_related(connection: Connection, one: PersonId, other: PersonId) -> bool:
    """Tell whether one of two persons is the other's contact person."""
    return bool(
        await connection.fetchval(
            "select exists (select from directory_contact c join directory_membership m using (membership_id)"
            " where (c.contact_person_id, m.person_id) in (($1, $2), ($2, $1)))",
            one,
            other,
        )
    )


async def are_of_other_days(connection: Connection, one: PersonId, other: PersonId) -> bool:
    """Tell whether two persons were born on different days, as far as both days are known."""
    return bool(
        await connection.fetchval(
            "select one.birth_date <> other.birth_date from directory_person one, directory_person other"
            " where one.person_id = $1 and other.person_id = $2",
            one,
            other,
        )
    )


async def corrections(connection: Connection, *, most: int = 100) -> list[Correction]:
    """Return what was corrected, the newest first."""
    rows = await connection.fetch(
        "select c.correction_id, c.kind, k.username as kept, o.username as other, c.made_at, c.actor_id, c.undone_at"
        " from identity_correction c join directory_account k on k.account_id = c.kept_id"
        " join directory_account o on o.account_id = c.other_id order by c.correction_id desc limit $1",
        most,
    )
    return [
        Correction(
            CorrectionId(row["correction_id"]),
            row["kind"],
            Username(row["kept"]),
            Username(row["other"]),
            row["made_at"],
            row["actor_id"],
            row["undone_at"],
        )
        for row in rows
    ]


async def corrected_since(connection: Connection, when: datetime) -> list[PersonId]:
    """Return the persons who are others than they were at that time: merged or split since, or back from it since."""
    rows = await connection.fetch(
        "select distinct a.person_id from identity_correction c"
        " join directory_account a on a.account_id in (c.kept_id, c.other_id)"
        " where (c.made_at > $1 and c.undone_at is null) or (c.made_at <= $1 and c.undone_at > $1)",
        when,
    )
    return [PersonId(row["person_id"]) for row in rows]
