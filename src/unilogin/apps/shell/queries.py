"""Who is in an app: one statement a request, in which everything is asked again."""

from asyncpg import Record

from unilogin.apps.shell.model import App, AppSession
from unilogin.domain.access.model import Right
from unilogin.domain.directory.model import ActorGroup, InstitutionNumber
from unilogin.domain.directory.queries import BELONGINGS, DISPLAY_NAME, standing_of
from unilogin.domain.sessions.actions import TOUCH
from unilogin.domain.sessions.model import Device
from unilogin.domain.sessions.queries import COLUMNS, LIVE, session_of
from unilogin.kit.db.connection import Connection
from unilogin.kit.ids import digest
from unilogin.signin.gate import is_admitted

_RIGHTS = """array(
  select array[i.number, r.name] from (
    select institution_id, name from access_right where account_id = a.account_id and revoked_at is null
    union select institution_id, name from sessions_right where session_id = h.session_id
  ) r join directory_institution i using (institution_id) where i.active)"""
"""Those the person holds, and those that this session alone brought along (a business identity's)."""

_HERE = f"""
  with here as (
    select {COLUMNS}, s.device, x.actor_group
    from shell_session x join sessions_session s using (session_id)
    where x.token_hash = $1 and x.app = $2 and {LIVE}
  )"""
_TOUCHED = f", touched as ({TOUCH} in (select session_id from here))"
_WHO = f"""
  select h.session_id, h.method, h.level, h.auth_time, h.device, h.actor_group,
         a.account_id, a.person_id, a.username, a.uniid, a.blocked_at is not null as blocked, b.belongings,
         {DISPLAY_NAME} as display_name, {_RIGHTS} as rights, kit_now() as now,
         p.protected, case when p.protected then p.alias_first_name else p.first_name end as first_name
  from here h join directory_account a using (account_id) join directory_person p using (person_id)
  cross join lateral ({BELONGINGS}) b
"""


async def who_is_here(connection: Connection, app: App, *, token: str) -> AppSession | None:
    """Return who is signed in to the app by its cookie, and passes the gate now; None for anything else (V-53)."""
    row = await connection.fetchrow(f"{_HERE}{_TOUCHED}{_WHO}", digest(token), app.name)
    return _app_session(row) if row else None


async def who_is_still_here(connection: Connection, app: App, *, token: str) -> AppSession | None:
    """Return the same for a page that asks by itself: an open page alone keeps nobody signed in."""
    row = await connection.fetchrow(f"{_HERE}{_WHO}", digest(token), app.name)
    return _app_session(row) if row else None


def _app_session(row: Record) -> AppSession | None:
    standing = standing_of(row)
    group = ActorGroup(row["actor_group"])
    if not is_admitted(standing) or group not in standing.actor_groups:
        return None
    return AppSession(
        session=session_of(row),
        device=Device(row["device"]),
        actor_group=group,
        standing=standing,
        display_name=row["display_name"],
        first_name=row["first_name"],
        protected=row["protected"],
        rights=frozenset((InstitutionNumber(number), Right(name)) for number, name in row["rights"]),
        now=row["now"],
    )


async def sealed_id_token(connection: Connection, app: App, *, token: str) -> bytes | None:
    """Return the sealed id token of an app's session, to be shown when the person logs out."""
    found: bytes | None = await connection.fetchval(
        "select id_token_sealed from shell_session where token_hash = $1 and app = $2", digest(token), app.name
    )
    return found
