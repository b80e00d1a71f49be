"""Who waits to be told, what a client may fetch, and how clients fare."""

from collections.abc import Collection

from asyncpg import Record

from unilogin.domain.services.model import ClientId
from unilogin.domain.services.queries import ENABLED
from unilogin.kit.db.connection import Connection
from unilogin.protocols.oidc.events.model import Event, Fares

OPEN = "n.told_at is null and h.withdrawn_at is null"
"""True for an event ``n`` of a change ``h`` that the client has not been told, and that was not taken back."""

PUSHED = f"{OPEN} and n.given_up_at is null"


def event_of(row: Record) -> Event:
    """Return the event in a row that has its columns and ``claimed_at``."""
    return Event(
        row["event_id"],
        ClientId(row["client_id"]),
        row["format"],
        row["old_value"],
        row["new_value"],
        row["happened_at"],
        row["claimed_at"],
        row["attempts"],
        row["events_push_uri"] or "",
    )


async def due_clients(connection: Connection, *, but: Collection[ClientId]) -> list[ClientId]:
    """Return the clients that something is to be pushed to now, ``but`` those; longest waiting first."""
    rows = await connection.fetch(
        "select n.client_id from oidc_event n join services_identifier_change h using (change_id)"
        " join services_client c using (client_id) join services_service s on s.service_id = c.service_id"
        f" where {PUSHED} and n.next_try_at <= kit_now() and n.client_id <> all($1)"
        f" and c.events_wanted and c.events_push_uri is not null and {ENABLED}"
        " group by n.client_id order by min(n.next_try_at)",
        list(but),
    )
    return [ClientId(row["client_id"]) for row in rows]


async def untold(connection: Connection, client_id: ClientId, *, most: int) -> tuple[list[Event], bool]:
    """Return what a client has not been told, the oldest first, and whether there is more."""
    rows = await connection.fetch(
        "select n.event_id, n.client_id, h.format, h.old_value, h.new_value, h.happened_at, n.attempts,"
        " kit_now() as claimed_at, c.events_push_uri from oidc_event n"
        " join services_identifier_change h using (change_id) join services_client c using (client_id)"
        f" where n.client_id = $1 and {OPEN} order by n.queued_at, n.event_id limit $2",
        client_id,
        most + 1,
    )
    return [event_of(row) for row in rows[:most]], len(rows) > most


async def fares(connection: Connection) -> list[Fares]:
    """Return how each client fares that wants to be told."""
    rows = await connection.fetch(
        "select c.client_id, count(n.event_id) filter (where n.told_at is not null)::int as told,"
        f" count(n.event_id) filter (where {PUSHED})::int as waiting,"
        f" count(n.event_id) filter (where {OPEN} and n.given_up_at is not null)::int as given_up,"
        " (array_agg(n.last_answer order by n.next_try_at desc) filter (where n.last_answer is not null))[1]"
        " as last_answer from services_client c left join oidc_event n using (client_id)"
        " left join services_identifier_change h using (change_id)"
        " where c.events_wanted or n.event_id is not null group by c.client_id order by c.client_id"
    )
    return [Fares(ClientId(row["client_id"]), *list(row.values())[1:]) for row in rows]
