"""Finding who stands at the door and what a code or token means. Every statement looks at session and account again."""

from dataclasses import replace
from uuid import UUID

from asyncpg import Record

from unilogin.domain.directory.model import ActorGroup
from unilogin.domain.directory.queries import BELONGINGS, standing_of
from unilogin.domain.services.model import Client, ClientId, Level, Service
from unilogin.domain.services.queries import (
    CLIENT_COLUMNS,
    ENABLED,
    LICENCES,
    SERVICE_COLUMNS,
    client_of,
    licences_of,
    service_of,
)
from unilogin.domain.services.queries import client as client_by_id
from unilogin.domain.services.rules import is_client_id
from unilogin.domain.sessions.model import SessionId
from unilogin.domain.sessions.queries import COLUMNS, LIVE, session_of
from unilogin.domain.sessions.vouching import has_waived
from unilogin.kit.db.connection import Connection
from unilogin.kit.ids import digest
from unilogin.protocols.oidc.checks import Asked
from unilogin.protocols.oidc.levels import REACHABLE, REACHABLE_OUTSIDE, higher
from unilogin.protocols.oidc.model import FoundAccessToken, GrantId, Holder, Visitor
from unilogin.protocols.oidc.request import AuthorizationRequest
from unilogin.protocols.oidc.rules import Arrival, still_entitled
from unilogin.signin.gate import is_admitted
from unilogin.signin.means import means_of

_SESSION = f"select {COLUMNS} from sessions_session s"

_STANDING_COLUMNS = """a.account_id, a.person_id, a.username, a.uniid, a.blocked_at is not null as blocked,
  b.belongings, e.session_id, e.method, e.level, e.auth_time, p.subject"""

_DOOR = f"""
  select {CLIENT_COLUMNS}, x.account_id, x.person_id, x.username, x.uniid, x.blocked, x.belongings, x.session_id,
         x.method, x.level, x.auth_time, x.subject, x.visited_as, x.licences, kit_now() as now
  from services_client c join services_service s using (service_id)
  left join lateral (
    select {_STANDING_COLUMNS}, v.actor_group as visited_as, {LICENCES.format(service_id="s.service_id")} as licences
    from ({_SESSION} where {{which}} and {LIVE}) e
    join directory_account a using (account_id) cross join lateral ({BELONGINGS}) b
    left join sessions_visit v on v.session_id = e.session_id and v.service_id = s.service_id
    left join services_pairwise p on p.account_id = a.account_id and p.sector = s.sector
  ) x on true
  where c.client_id = $1 and {ENABLED}
"""
_DOOR_BY_TOKEN = _DOOR.format(which="s.token_hash = $2")
_DOOR_BY_SESSION = _DOOR.format(which="s.session_id = $2")


async def who_asks_about_whom(
    connection: Connection, client_id: str, *, session: SessionId | str | None
) -> tuple[Client | None, Visitor | None]:
    """Return the enabled client of an id, and who is signed in and passes the gate now: one look at both.

    ``session`` is the session a journey led to, or the token of the session cookie, or None.
    """
    if not is_client_id(client_id):  # B-O02: what cannot be an id is not looked for
        return None, None
    if isinstance(session, UUID):
        row = await connection.fetchrow(_DOOR_BY_SESSION, client_id, session)
    else:
        row = await connection.fetchrow(_DOOR_BY_TOKEN, client_id, digest(session) if session else None)
    return (client_of(row), _visitor(row)) if row else (None, None)


async def enabled_client(connection: Connection, client_id: str) -> Client | None:
    """Return the enabled client of an id as it came."""
    return await client_by_id(connection, client_id) if is_client_id(client_id) else None


def _visitor(row: Record) -> Visitor | None:
    if row["session_id"] is None or not is_admitted(standing := standing_of(row)):
        return None
    return Visitor(
        session_of(row),
        standing,
        str(row["subject"]) if row["subject"] else None,
        ActorGroup(row["visited_as"]) if row["visited_as"] else None,
        licences_of(row["licences"]),
        row["now"],
    )


HOLDER_COLUMNS = f"""{_STANDING_COLUMNS}, {{g}}.grant_id, {{g}}.client_id, {{g}}.actor_group, {{g}}.scope,
  {{g}}.insisted_level"""

HOLDER_JOINS = f"""
  join directory_account a on a.account_id = e.account_id cross join lateral ({BELONGINGS}) b
  join services_client c on c.client_id = {{g}}.client_id
  join services_service s on s.service_id = c.service_id and {ENABLED}
  join services_pairwise p on p.account_id = a.account_id and p.sector = s.sector
"""
"""What must still be so for a grant of a live session ``e`` to mean anything (V-53); ``g``: where the grant stands."""

HOLDER_LICENCES = f"{LICENCES.format(service_id='s.service_id')} as licences"


def holder_of(row: Record, service: Service) -> Holder:
    """Return the holder in a row that has ``HOLDER_COLUMNS`` and ``HOLDER_LICENCES``."""
    return Holder(
        GrantId(row["grant_id"]),
        ClientId(row["client_id"]),
        service,
        str(row["subject"]),
        ActorGroup(row["actor_group"]),
        row["scope"],
        Level(row["insisted_level"]) if row["insisted_level"] else Level.EN_FAKTOR,
        session_of(row),
        standing_of(row),
        licences_of(row["licences"]),
    )


def is_good(holder: Holder) -> bool:
    """Tell whether the account passes the gate now and may still enter the service: asked before every answer."""
    return is_admitted(holder.standing) and still_entitled(holder)


_ACCESS_TOKEN = f"""
  select {HOLDER_COLUMNS.format(g="g")}, {HOLDER_LICENCES}, {SERVICE_COLUMNS}, t.issued_at, t.expires_at, c.web_origins
  from oidc_token t join oidc_grant g using (grant_id)
  join lateral ({_SESSION} where s.session_id = g.session_id and {LIVE}) e on true {HOLDER_JOINS.format(g="g")}
  where t.token_hash = $1 and t.kind = 'access' and t.revoked_at is null and g.revoked_at is null
    and t.expires_at > kit_now()
"""


async def access_token(connection: Connection, token: str) -> FoundAccessToken | None:
    """Return an access token that is good now by its text, or None."""
    row = await connection.fetchrow(_ACCESS_TOKEN, digest(token))
    if row is None or not is_good(holder := holder_of(row, service_of(row))):
        return None
    return FoundAccessToken(holder, tuple(row["web_origins"]), row["issued_at"], row["expires_at"])


async def asked_of(
    connection: Connection, request: AuthorizationRequest, client: Client | None, *, visitor: Visitor | None
) -> Asked:
    """Return what is asked, and how sure a journey can be: looked up only for one that must be more than is proved."""
    asked = Asked(request, client, higher(REACHABLE, visitor.session.level) if visitor else REACHABLE)
    if client is None or "client_id" in request.repeated or asked.insisted_level.rank <= asked.reachable.rank:
        return asked
    return replace(asked, reachable=REACHABLE_OUTSIDE) if await _more_is_possible(connection) else asked


async def _more_is_possible(connection: Connection) -> bool:
    """Tell whether anybody can prove two factors here now: with a provider, or a passkey from when there was one."""
    return bool(
        await connection.fetchval(
            "select exists (select from signin_provider where disabled_at is null)"
            " or exists (select from credentials_passkey where level = $1)",
            Level.TO_FAKTOR.value,
        )
    )


async def with_means(connection: Connection, asked: Asked, arrival: Arrival) -> Arrival:
    """Return the arrival with what the visitor could prove more with, looked up only where more is asked."""
    visitor = arrival.visitor
    if visitor is None or visitor.session.level.rank >= asked.wished_level.rank:
        return arrival
    session = visitor.session
    waived = await has_waived(connection, session.session_id, service_id=asked.client.service.service_id)
    return replace(arrival, means=await means_of(connection, session.account_id), waived=waived)


async def is_web_origin(connection: Connection, origin: str) -> bool:
    """Tell whether some enabled client registered this origin (CORS; B-O40)."""
    return bool(
        await connection.fetchval(
            "select exists (select from services_client where disabled_at is null and $1 = any(web_origins))", origin
        )
    )
