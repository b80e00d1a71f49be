"""Issuing, redeeming, refreshing and revoking. Each is one statement that decides by itself, with its audit row.

A code is redeemed at most once and a refresh token used at most once: the row is claimed by the statement that issues.
"""

from datetime import datetime
from uuid import UUID

from unilogin.domain.audit import actions as audit
from unilogin.domain.audit.events import Event
from unilogin.domain.directory.model import ActorGroup
from unilogin.domain.services.actions import INSERT_SUBJECT
from unilogin.domain.services.model import Client, ClientId, Level
from unilogin.domain.sessions.actions import INSERT_VISIT, TOUCH, VISIT_AGAIN
from unilogin.domain.sessions.queries import COLUMNS, LIVE
from unilogin.kit.db.connection import Connection
from unilogin.kit.ids import digest, new_token
from unilogin.protocols.oidc.model import (
    ACCESS_SECONDS,
    CODE_SECONDS,
    POSTED_SECONDS,
    REFRESH_SECONDS,
    SCOPE,
    Issued,
    Visitor,
)
from unilogin.protocols.oidc.queries import HOLDER_COLUMNS, HOLDER_JOINS, HOLDER_LICENCES, holder_of, is_good
from unilogin.protocols.oidc.request import AuthorizationRequest

_ISSUE_CODE = f"""
  with live as (
    select s.session_id, s.account_id from sessions_session s where s.session_id = $2 and {LIVE}
  ), granted as (
    insert into oidc_grant (grant_id, client_id, session_id, actor_group, redirect_uri, scope, nonce, code_challenge,
                            insisted_level, code_expires_at)
    select $1, $3, session_id, $4, $5, $6, $7, $8, $10, kit_now() + interval '{CODE_SECONDS} seconds' from live
    returning grant_id
  ), logged as (
    {audit.INSERT}
    select '{Event.CODE_ISSUED}', 'person', account_id::text, account_id, null, $3, 'ok', $9, '{{{{}}}}' from live
  ), touched as ({TOUCH} in (select session_id from live)){{first_visit}}
  select true from granted
"""
_FIRST_VISIT = f""", known as (
    {INSERT_SUBJECT} select account_id, $11 from live on conflict do nothing
  ), visited as (
    {INSERT_VISIT} select session_id, $12, $4 from live {VISIT_AGAIN}
  )"""
_ISSUE_CODE_AGAIN = _ISSUE_CODE.format(first_visit="")
_ISSUE_CODE_FIRST = _ISSUE_CODE.format(first_visit=_FIRST_VISIT)


async def issue_code(
    connection: Connection,
    *,
    visitor: Visitor,
    client: Client,
    request: AuthorizationRequest,
    actor_group: ActorGroup,
    insisted_level: Level,
    request_id: str,
) -> str | None:
    """Issue a code for a visitor who may enter; None when the session ended at this very moment.

    ``insisted_level`` stays with the grant: it is worth nothing on a session that is not that sure any more.
    At the first visit, or in another group than before, the pairwise subject is made and the visit noted.
    """
    code = new_token()
    values: list[object] = [
        digest(code),
        visitor.session.session_id,
        client.client_id,
        actor_group.value,
        request.redirect_uri,
        SCOPE,
        request.nonce or None,
        request.code_challenge or None,
        request_id,
        insisted_level.value if insisted_level is not Level.EN_FAKTOR else None,
    ]
    statement = _ISSUE_CODE_AGAIN
    if visitor.subject is None or visitor.visited_as is not actor_group:
        statement = _ISSUE_CODE_FIRST
        values += [client.service.sector, client.service.service_id]
    return code if await connection.fetchval(statement, *values) else None


_CLAIMED = f"""returning g.grant_id, g.client_id, g.actor_group, g.scope, g.insisted_level, g.nonce,
      {COLUMNS}, s.expires_at as session_ends"""

_ACCESS_ENDS = f"least(kit_now() + interval '{ACCESS_SECONDS} seconds', e.session_ends)"
_REFRESH_ENDS = f"least(kit_now() + interval '{REFRESH_SECONDS} seconds', e.session_ends)"

_NEW_TOKENS = f"""
  tokens as (
    insert into oidc_token (token_hash, kind, grant_id, expires_at)
    select $1::bytea, 'access', e.grant_id, {_ACCESS_ENDS} from claimed e union all
    select $2::bytea, 'refresh', e.grant_id, {_REFRESH_ENDS} from claimed e
  ), logged as (
    {audit.INSERT}
    select '{{event}}', 'service', e.client_id, e.account_id, null, e.session_id::text, 'ok', $3, '{{{{}}}}'
    from claimed e
  ){{touch}}
  select {HOLDER_COLUMNS.format(g="e")}, {HOLDER_LICENCES}, e.nonce, kit_now() as at,
         {_ACCESS_ENDS} as access_expires_at, {_REFRESH_ENDS} as refresh_expires_at
  from claimed e {HOLDER_JOINS.format(g="e")}
"""

_CODE_PRESENTED = f"""g.grant_id = $4 and g.client_id = $5 and g.redirect_uri = $6
      and g.code_challenge is not distinct from $7 and g.code_expires_at > kit_now() and g.revoked_at is null
      and s.session_id = g.session_id and {LIVE}"""
"""The code is presented rightly: by its client, with its redirect URI and verifier, in time (RFC 6749 §4.1.3, V-08)."""

_REDEEM = f"""
  with claimed as (
    update oidc_grant g set code_used_at = kit_now() from sessions_session s
    where {_CODE_PRESENTED} and g.code_used_at is null {_CLAIMED}
  ), {_NEW_TOKENS.format(event=Event.TOKENS_ISSUED, touch="")}"""

_REFRESH_PRESENTED = f"""t.token_hash = $4 and t.kind = 'refresh' and t.expires_at > kit_now() and t.revoked_at is null
      and g.grant_id = t.grant_id and g.client_id = $5 and g.revoked_at is null
      and s.session_id = g.session_id and {LIVE}"""

_REFRESH = f"""
  with claimed as (
    update oidc_token t set used_at = kit_now() from oidc_grant g, sessions_session s
    where {_REFRESH_PRESENTED} and t.used_at is null {_CLAIMED}
  ), {
    _NEW_TOKENS.format(
        event=Event.TOKENS_REFRESHED, touch=f", touched as ({TOUCH} in (select session_id from claimed))"
    )
}"""


async def redeem_code(
    connection: Connection, code: str, *, client: Client, redirect_uri: str, challenge: str | None, request_id: str
) -> Issued | None:
    """Claim a code and issue tokens; None when it is not presented rightly, or was used before.

    ``challenge`` is what the verifier hashes to. A second right presentation revokes all that came from the first: one
    of the two is a thief. A wrong one changes nothing, or anybody could sign others out (N-31).
    """
    presented = (digest(code), client.client_id, redirect_uri, challenge)
    issued = await _issue(connection, _REDEEM, presented, client=client, request_id=request_id)
    if issued is None:
        await connection.execute(_REVOKE_REPLAYED_CODE, Event.CODE_REPLAYED, "refused", request_id, *presented)
    return issued


async def use_refresh_token(connection: Connection, token: str, *, client: Client, request_id: str) -> Issued | None:
    """Claim a refresh token and issue new tokens in its place; None, and what a replay costs, as for ``redeem_code``.

    Using one counts as using the session: a lesson in a service keeps it from falling idle.
    """
    presented = (digest(token), client.client_id)
    issued = await _issue(connection, _REFRESH, presented, client=client, request_id=request_id)
    if issued is None:
        await connection.execute(_REVOKE_REPLAYED_REFRESH, Event.REFRESH_REPLAYED, "refused", request_id, *presented)
    return issued


async def _issue(
    connection: Connection, statement: str, presented: tuple[object, ...], *, client: Client, request_id: str
) -> Issued | None:
    access, refresh = new_token(), new_token()
    row = await connection.fetchrow(statement, digest(access), digest(refresh), request_id, *presented)
    if row is None:
        return None
    holder = holder_of(row, client.service)
    if not is_good(holder):  # nobody has the tokens, and nobody gets them
        await connection.execute(_REVOKE_GRANT, Event.TOKENS_REVOKED, "refused", request_id, holder.grant_id)
        return None
    return Issued(holder, row["nonce"], access, refresh, row["at"], row["access_expires_at"], row["refresh_expires_at"])


_REVOKE = f"""
  with revoked as (
    update oidc_grant g set revoked_at = kit_now() from {{which}} and g.revoked_at is null
    returning g.client_id, g.session_id, s.account_id
  ), logged as (
    {audit.INSERT}
    select $1, 'service', client_id, account_id, null, session_id::text, $2, $3, '{{{{}}}}' from revoked
  )
  select true from revoked
"""
_REVOKE_GRANT = _REVOKE.format(which="sessions_session s where s.session_id = g.session_id and g.grant_id = $4")
_REVOKE_REPLAYED_CODE = _REVOKE.format(
    which=f"sessions_session s where {_CODE_PRESENTED} and g.code_used_at is not null"
)
_REVOKE_REPLAYED_REFRESH = _REVOKE.format(
    which=f"oidc_token t, sessions_session s where {_REFRESH_PRESENTED} and t.used_at is not null"
)


_WHOSE = """
  select t.kind, t.grant_id, g.client_id from oidc_token t join oidc_grant g using (grant_id) where t.token_hash = $1
"""

_REVOKE_ACCESS = f"""
  with revoked as (
    update oidc_token t set revoked_at = kit_now() from oidc_grant g join sessions_session s using (session_id)
    where t.token_hash = $1 and t.revoked_at is null and g.grant_id = t.grant_id
    returning g.client_id, g.session_id, s.account_id
  ), logged as (
    {audit.INSERT}
    select '{Event.TOKENS_REVOKED}', 'service', client_id, account_id, null, session_id::text, 'ok', $2, '{{}}'
    from revoked
  )
  select true from revoked
"""


async def revoke_token(connection: Connection, token: str, *, client_id: ClientId, request_id: str) -> bool:
    """Revoke a client's token, with a refresh token all that came from its grant (RFC 7009 §2.1).

    Return False when the token is another client's, which stays untouched; an unknown token is nobody's.
    """
    row = await connection.fetchrow(_WHOSE, digest(token))
    if row is None:
        return True
    if row["client_id"] != client_id:
        return False
    if row["kind"] == "refresh":
        await connection.execute(_REVOKE_GRANT, Event.TOKENS_REVOKED, "ok", request_id, row["grant_id"])
    else:
        await connection.execute(_REVOKE_ACCESS, digest(token), request_id)
    return True


async def keep_posted_request(connection: Connection, query: str) -> UUID:
    """Keep a request that came by POST until the GET after it."""
    request_id: UUID = await connection.fetchval(
        "insert into oidc_posted_request (query, expires_at)"
        f" values ($1, kit_now() + interval '{POSTED_SECONDS} seconds') returning request_id",
        query,
    )
    return request_id


async def take_posted_request(connection: Connection, request_id: UUID) -> str | None:
    """Take a kept request, once."""
    query: str | None = await connection.fetchval(
        "delete from oidc_posted_request where request_id = $1 and expires_at > kit_now() returning query", request_id
    )
    return query


KEPT_DAYS = 2
"""Longer than any session lives: a grant this old can mean nothing any more."""


async def forget_old_grants(connection: Connection) -> int:
    """Delete what can no longer be used; return how many grants. Nothing is decided here (D4)."""
    before: datetime = await connection.fetchval(f"select kit_now() - interval '{KEPT_DAYS} days'")
    await connection.execute("delete from oidc_posted_request where expires_at < kit_now()")
    await connection.execute("delete from oidc_token where issued_at < $1", before)
    status = await connection.execute("delete from oidc_grant where issued_at < $1", before)
    return int(status.split()[-1])
