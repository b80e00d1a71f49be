"""Reading leave, readers, and what they may read. Everything is as it is now: leave whose ground is gone is none."""

from uuid import UUID

from asyncpg import Record

from unilogin.domain.access.gates import IN_CUSTODY, places_of
from unilogin.domain.credentials.model import PasswordHolders, PasswordType
from unilogin.domain.credentials.rules import may_hold_password, password_type
from unilogin.domain.directory.model import AccountId, Standing, Username
from unilogin.domain.directory.queries import BELONGINGS, DISPLAY_NAME, standing_of
from unilogin.domain.services.model import Level
from unilogin.domain.sessions.queries import LIVE
from unilogin.kit.db.connection import Connection
from unilogin.recovery.model import OwnName, Permit, PermitId, Proof, Reader
from unilogin.signin.gate import is_admitted
from unilogin.signin.model import JourneyId

GOOD = f"""p.used_at is null and p.expires_at > kit_now()
  and j.journey_id = p.journey_id and j.expires_at > kit_now() and j.finished_at is null
  and pupil.account_id = p.account_id and pupil.username = j.username and pupil.blocked_at is null
  and (p.helper_id is null or exists (
    select from directory_account guardian where guardian.account_id = p.helper_id and guardian.blocked_at is null
      and (p.proof not in ('parent', 'parent window') or {IN_CUSTODY})))"""
"""True for leave ``p`` that is good now, of journey ``j`` and account ``pupil``; every statement that uses it says so.

The name typed in the journey is still the account's: who goes back and types another one leaves the leave behind.
"""

NOBODY = AccountId(UUID(int=0))
"""Asked about in place of a name that is nobody's: the same work for every name (N-09)."""

_PERMIT = f"""
  select p.permit_id, p.proof, p.level, p.helper_id, p.type as assigned_type, p.assigned, f.type as forced,
         a.account_id, a.person_id, a.username, a.uniid, a.blocked_at is not null as blocked, b.belongings,
         (select count(*)::int from credentials_passkey k where k.account_id = a.account_id) as passkeys
  from recovery_permit p, signin_journey j, directory_account pupil, directory_account a
    cross join lateral ({BELONGINGS}) b
    left join credentials_forced_type f on f.account_id = a.account_id
  where p.journey_id = $1 and a.account_id = p.account_id and {GOOD}
"""


async def permit_of(connection: Connection, journey_id: JourneyId) -> Permit | None:
    """Return the leave that this journey has now, or None."""
    row = await connection.fetchrow(_PERMIT, journey_id)
    if row is None:
        return None
    standing = standing_of(row)
    return _permit(row, standing) if is_admitted(standing) else None


def _permit(row: Record, standing: Standing) -> Permit:
    forced = PasswordType(row["forced"]) if row["forced"] else None
    assigned = PasswordType(row["assigned_type"]) if row["assigned_type"] else None
    return Permit(
        PermitId(row["permit_id"]),
        standing.account_id,
        standing.username,
        Proof(row["proof"]),
        Level(row["level"]),
        AccountId(row["helper_id"]) if row["helper_id"] else None,
        assigned or password_type(standing.belongings, forced=forced),
        row["assigned"],
        row["passkeys"],
    )


async def may_have_password(connection: Connection, standing: Standing, *, holders: PasswordHolders) -> bool:
    """Tell whether a password of this account would open anything: who holds a right proves it with more."""
    if not is_admitted(standing) or not may_hold_password(standing.actor_groups, holders):
        return False
    return not await connection.fetchval(
        "select exists (select from access_right where account_id = $1 and revoked_at is null)", standing.account_id
    )


async def proved_by_password(connection: Connection, journey_id: JourneyId) -> AccountId | None:
    """Return whose password was typed a moment ago in a journey that stands before a change of it, or None.

    A journey that began with somebody signed in proves nothing here.
    """
    found: UUID | None = await connection.fetchval(
        "select s.account_id from signin_journey j join sessions_session s using (session_id)"
        " where j.journey_id = $1 and j.change_due is not null and s.auth_time >= j.started_at"
        f" and s.method in ('pictures', 'words', 'password') and {LIVE}",
        journey_id,
    )
    return AccountId(found) if found else None


async def reader_of(connection: Connection, journey_id: JourneyId) -> Reader | None:
    """Return who may read usernames in this journey now, or None."""
    row = await connection.fetchrow(
        "select r.account_id, r.level from recovery_reader r join signin_journey j using (journey_id)"
        " join directory_account a using (account_id)"
        " where r.journey_id = $1 and r.expires_at > kit_now() and j.expires_at > kit_now() and j.session_id is null"
        " and a.blocked_at is null",
        journey_id,
    )
    return Reader(AccountId(row["account_id"]), Level(row["level"])) if row else None


_OWN_NAME = f"""
  select a.account_id, a.person_id, a.username, a.uniid, a.blocked_at is not null as blocked, b.belongings,
         {DISPLAY_NAME} as name,
         (select coalesce(jsonb_agg(distinct jsonb_build_object('s', i.name, 'g', g.name)), '[]')
            from directory_membership m join directory_institution i using (institution_id)
              left join directory_group_member gm on gm.membership_id = m.membership_id and gm.main
              left join directory_group g on g.group_key = gm.group_key and g.ended_at is null
            where m.person_id = a.person_id and m.ended_at is null and i.active) as places
  from directory_account a join directory_person p using (person_id) cross join lateral ({BELONGINGS}) b
  where a.account_id = $1
"""


async def own_name(connection: Connection, account_id: AccountId, *, holders: PasswordHolders) -> OwnName | None:
    """Return what somebody is shown of their own account, or None when it may not authenticate now."""
    row = await connection.fetchrow(_OWN_NAME, account_id)
    if row is None or not is_admitted(standing := standing_of(row)):
        return None
    may = await may_have_password(connection, standing, holders=holders)
    return OwnName(account_id, row["name"], Username(row["username"]), places_of(row["places"]), may)


async def account_of_name(connection: Connection, username: Username) -> AccountId | None:
    """Return whose a typed username is, for a gate to be asked about it; never to be told to anybody."""
    found: UUID | None = await connection.fetchval(
        "select account_id from directory_account where username = $1", username
    )
    return AccountId(found) if found else None
