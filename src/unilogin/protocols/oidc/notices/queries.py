"""Who waits to be told, and how services fare."""

from collections.abc import Collection

from unilogin.domain.services.model import ClientId
from unilogin.domain.services.queries import ENABLED
from unilogin.domain.sessions.model import SessionId
from unilogin.kit.db.connection import Connection
from unilogin.protocols.oidc.notices.model import Told

WAITING = "n.told_at is null and n.given_up_at is null"


async def due_clients(connection: Connection, *, but: Collection[ClientId]) -> list[ClientId]:
    """Return the clients that have something due now, ``but`` those; longest waiting first."""
    rows = await connection.fetch(
        "select n.client_id from oidc_logout_notice n join services_client c using (client_id)"
        " join services_service s using (service_id)"
        f" where {WAITING} and n.next_try_at <= kit_now() and n.client_id <> all($1)"
        f" and c.backchannel_logout_uri is not null and {ENABLED}"
        " group by n.client_id order by min(n.next_try_at)",
        list(but),
    )
    return [ClientId(row["client_id"]) for row in rows]


async def told(connection: Connection) -> list[Told]:
    """Return how each client that was told something, or should have been, fares."""
    rows = await connection.fetch(
        "select client_id, count(*) filter (where told_at is not null) as told,"
        " count(*) filter (where given_up_at is not null) as given_up,"
        f" count(*) filter (where {WAITING}) as waiting, min(queued_at) filter (where {WAITING}) as waiting_since,"
        f" min(next_try_at) filter (where {WAITING} and attempts > 0) as next_try_at,"
        " (array_agg(last_answer order by next_try_at desc) filter (where last_answer is not null))[1] as last_answer"
        " from oidc_logout_notice n group by client_id order by client_id"
    )
    return [
        Told(
            ClientId(row["client_id"]),
            row["told"],
            row["waiting"],
            row["given_up"],
            row["waiting_since"],
            row["next_try_at"],
            row["last_answer"],
        )
        for row in rows
    ]


async def front_channel_uris(connection: Connection, session_id: SessionId) -> list[tuple[str, SessionId]]:
    """Return the addresses that services want to be shown in a session's browser when it has ended, and of which.

    Those that were entered before its owner proved more know the session whose place it took.
    """
    rows = await connection.fetch(
        "select c.frontchannel_logout_uri, v.session_id from sessions_visit v"
        " join services_service s using (service_id) join services_client c using (service_id)"
        " where v.session_id in (select $1::uuid union all"
        " select before.session_id from sessions_session before where before.succeeded_by = $1)"
        f" and c.frontchannel_logout_uri is not null and {ENABLED} order by v.first_at",
        session_id,
    )
    return [(row["frontchannel_logout_uri"], SessionId(row["session_id"])) for row in rows]
