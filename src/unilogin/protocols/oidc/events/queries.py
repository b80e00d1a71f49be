"""Who waits to be told, what a client may fetch, and how clients fare."""

from collections.abc import Collection

from asyncpg import Record

from unilogin.domain.services.model import ClientId
from unilogin.domain.services.queries import ENABLED
from unilogin.kit.db.connection import Connection
from unilogin.protocols.oidc.events.model import Event, Fares
from unilogin.protocols.oidc.events.rules import KEPT_DAYS


def _open(event: str, change: str) -> str:
    return (
        f"{event}.told_at is null and ({change}.withdrawn_at is null or {event}.handed_at is not null)"
        f" and {event}.queued_at > kit_now() - interval '{KEPT_DAYS} days'"
    )


OPEN = f"""{_open("n", "h")} and not exists (
    select from oidc_event o where o.client_id = n.client_id and o.change_id = h.takes_back and o.refused)"""
"""True for an event ``n`` of a change ``h`` that the client is still to be told.

Of a change that was taken back it is told all the same if a telling has begun: it may have heard, and hears of the end
of it next. What it could make nothing of is not taken back.
"""

FIRST = f"""not exists (
    select from oidc_event e join services_identifier_change x using (change_id)
    where e.client_id = n.client_id and {_open("e", "x")}
      and (x.happened_at, x.change_id) < (h.happened_at, h.change_id)
      and array[x.old_value, x.new_value] && array[h.old_value, h.new_value])"""
"""True when the client has been told everything that came before about the same names: no news overtakes another."""

PUSHED = f"{OPEN} and n.given_up_at is null"

TAKES_BACK = (
    "(select o.event_id from oidc_event o where o.client_id = n.client_id and o.change_id = h.takes_back) as takes_back"
)


def event_of(row: Record) -> Event:
    """Return the event in a row that has its columns, ``claimed_at`` and ``takes_back``."""
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
        row["takes_back"],
    )


async def due_clients(connection: Connection, *, but: Collection[ClientId]) -> list[ClientId]:
    """Return the clients that something is to be pushed to now, ``but`` those; longest waiting first."""
    rows = await connection.fetch(
        "select n.client_id from oidc_event n join services_identifier_change h using (change_id)"
        " join services_client c using (client_id) join services_service s on s.service_id = c.service_id"
        f" where {PUSHED} and {FIRST} and n.next_try_at <= kit_now() and n.client_id <> all($1)"
        f" and c.events_wanted and c.events_push_uri is not null and {ENABLED}"
        " group by n.client_id order by min(n.next_try_at)",
        list(but),
    )
    return [ClientId(row["client_id"]) for row in rows]


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
