"""Finding who stands at the door and what a code or token means. Every statement looks at session and account again."""

from datetime import datetime
from uuid import UUID

from asyncpg import Record

from unilogin.domain.directory.model import ActorGroup
from unilogin.domain.directory.queries import BELONGINGS, standing_of
from unilogin.domain.services.model import ClientId, Service
from unilogin.domain.services.queries import LICENCES, SERVICE_COLUMNS, licences_of, service_of
from unilogin.domain.sessions.model import SessionId
from unilogin.domain.sessions.queries import LIVE, session_of
from unilogin.kit.db.connection import Connection
from unilogin.kit.ids import Digest, digest
from unilogin.protocols.oidc.model import FoundAccessToken, FoundCode, FoundRefreshToken, GrantId, Holder, Visitor
from unilogin.signin.gate import is_admitted

_SESSION = "select s.session_id, s.account_id, s.method, s.level, s.auth_time from sessions_session s"

_STANDING_COLUMNS = """a.account_id, a.person_id, a.username, a.uniid, a.blocked_at is not null as blocked,
  b.belongings, e.session_id, e.method, e.level, e.auth_time, p.subject"""

_VISITOR = f"""
  select {_STANDING_COLUMNS}, v.actor_group as visited_as, {LICENCES.format(service_id="$2")} as licences,
         kit_now() as now
  from ({_SESSION} where {{which}} and {LIVE}) e
  join directory_account a using (account_id) cross join lateral ({BELONGINGS}) b
  left join sessions_visit v on v.session_id = e.session_id and v.service_id = $2
  left join services_pairwise p on p.account_id = a.account_id and p.sector = $3
"""
_VISITOR_BY_TOKEN = _VISITOR.format(which="s.token_hash = $1")
_VISITOR_BY_ID = _VISITOR.format(which="s.session_id = $1")


async def visitor_by_token(connection: Connection, token: str, *, service: Service) -> Visitor | None:
    """Return who is signed in with a session cookie's token and passes the gate now, or None."""
    return await _visitor(connection, _VISITOR_BY_TOKEN, digest(token), service)


async def visitor_by_session(connection: Connection, session_id: SessionId, *, service: Service) -> Visitor | None:
    """Return who is signed in with a session and passes the gate now, or None."""
    return await _visitor(connection, _VISITOR_BY_ID, session_id, service)


async def _visitor(connection: Connection, statement: str, key: Digest | UUID, service: Service) -> Visitor | None:
    row = await connection.fetchrow(statement, key, service.service_id, service.sector)
    if row is None or not is_admitted(standing := standing_of(row)):
        return None
    return Visitor(
        session_of(row),
        standing,
        str(row["subject"]) if row["subject"] else None,
        ActorGroup(row["visited_as"]) if row["visited_as"] else None,
        licences_of(row["licences"]),
        row["now"],
    )


_HOLDER_COLUMNS = f"""{_STANDING_COLUMNS}, {SERVICE_COLUMNS}, {LICENCES.format(service_id="s.service_id")} as licences,
  g.grant_id, g.client_id, g.actor_group, g.scope"""

_HOLDER = f"""
  join lateral ({_SESSION} where s.session_id = g.session_id and {LIVE}) e on true
  join directory_account a on a.account_id = e.account_id cross join lateral ({BELONGINGS}) b
  join services_client c on c.client_id = g.client_id and c.disabled_at is null
  join services_service s on s.service_id = c.service_id and s.disabled_at is null
  join services_pairwise p on p.account_id = a.account_id and p.sector = s.sector
"""
"""What must still be so for a grant ``g`` to mean anything: live session, enabled client and service (V-53)."""


def _holder(row: Record) -> Holder | None:
    """Return the holder in a row, or None when the account does not pass the gate."""
    standing = standing_of(row)
    if not is_admitted(standing):
        return None
    return Holder(
        GrantId(row["grant_id"]),
        ClientId(row["client_id"]),
        service_of(row),
        str(row["subject"]),
        ActorGroup(row["actor_group"]),
        row["scope"],
        session_of(row),
        standing,
        licences_of(row["licences"]),
    )


_CODE = f"""
  select {_HOLDER_COLUMNS}, g.redirect_uri, g.code_challenge, g.nonce, g.code_used_at is not null as used,
         g.code_expires_at <= kit_now() as expired
  from oidc_grant g {_HOLDER} where g.grant_id = $1 and g.revoked_at is null
"""


async def code(connection: Connection, code: str) -> FoundCode | None:
    """Return a code by its text, or None for one that never was or whose session, account or client is gone."""
    row = await connection.fetchrow(_CODE, digest(code))
    if row is None or (holder := _holder(row)) is None:
        return None
    return FoundCode(
        holder, row["redirect_uri"], row["code_challenge"], row["nonce"], used=row["used"], expired=row["expired"]
    )


_REFRESH_TOKEN = f"""
  select {_HOLDER_COLUMNS}, t.used_at is not null as used, t.expires_at <= kit_now() as expired
  from oidc_token t join oidc_grant g using (grant_id) {_HOLDER}
  where t.token_hash = $1 and t.kind = 'refresh' and t.revoked_at is null and g.revoked_at is null
"""


async def refresh_token(connection: Connection, token: str) -> FoundRefreshToken | None:
    """Return a refresh token by its text, or None as for ``code``."""
    row = await connection.fetchrow(_REFRESH_TOKEN, digest(token))
    if row is None or (holder := _holder(row)) is None:
        return None
    return FoundRefreshToken(holder, used=row["used"], expired=row["expired"])


_ACCESS_TOKEN = f"""
  select {_HOLDER_COLUMNS}, t.issued_at, t.expires_at, c.web_origins
  from oidc_token t join oidc_grant g using (grant_id) {_HOLDER}
  where t.token_hash = $1 and t.kind = 'access' and t.revoked_at is null and g.revoked_at is null
    and t.expires_at > kit_now()
"""


async def access_token(connection: Connection, token: str) -> FoundAccessToken | None:
    """Return an access token that is good now by its text, or None."""
    row = await connection.fetchrow(_ACCESS_TOKEN, digest(token))
    if row is None or (holder := _holder(row)) is None:
        return None
    return FoundAccessToken(holder, tuple(row["web_origins"]), row["issued_at"], row["expires_at"])


async def now(connection: Connection) -> datetime:
    """Return the database's time."""
    value: datetime = await connection.fetchval("select kit_now()")
    return value


async def is_web_origin(connection: Connection, origin: str) -> bool:
    """Tell whether some enabled client registered this origin (CORS; B-O40)."""
    return bool(
        await connection.fetchval(
            "select exists (select from services_client where disabled_at is null and $1 = any(web_origins))", origin
        )
    )
