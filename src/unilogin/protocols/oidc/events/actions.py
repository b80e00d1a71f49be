"""Queueing what clients are to be told, claiming it, and noting what came of it. Each is one statement."""

from unilogin.domain.services.following import CHANGES_AT_ONCE, TAKE_CHANGES
from unilogin.domain.services.model import ClientId
from unilogin.domain.services.queries import ENABLED
from unilogin.kit.db.connection import Connection
from unilogin.protocols.oidc.events.model import Event, Poll
from unilogin.protocols.oidc.events.queries import FIRST, OPEN, PUSHED, TAKES_BACK, event_of
from unilogin.protocols.oidc.events.rules import (
    CLAIMED_AT_ONCE,
    GIVE_UP_AFTER,
    KEPT_DAYS,
    KEPT_HANDED_DAYS,
    LEASE_SECONDS,
)

_QUEUE = f"""
  with taken as (
    {TAKE_CHANGES} returning t.change_id, t.service_id, t.withdrawn_at, t.takes_back
  ), queued as (
    insert into oidc_event (client_id, change_id)
    select c.client_id, taken.change_id
    from taken join services_client c using (service_id) join services_service s using (service_id)
    where c.events_wanted and taken.withdrawn_at is null and {ENABLED}
      and (taken.takes_back is null or exists (
        select from oidc_event o
        where o.client_id = c.client_id and o.change_id = taken.takes_back and o.handed_at is not null))
    on conflict do nothing
  )
  select count(*) from taken
"""


async def queue_events(connection: Connection) -> None:
    """Queue every change for each client of its service that wants to know, once.

    One that takes another back is for those who may have been told of that: whoever begins to tell locks the change, so
    that by now it is known who they are.
    """
    while await connection.fetchval(_QUEUE) == CHANGES_AT_ONCE:
        pass


_HANDED = "handed_at = coalesce(t.handed_at, kit_now())"

# The change is locked, so that it is not taken back between the look and the note that somebody was told.
_CLAIM = f"""
  update oidc_event t
  set attempts = t.attempts + 1, next_try_at = kit_now() + interval '{LEASE_SECONDS} seconds', {_HANDED}
  from (
    select n.event_id, {TAKES_BACK} from oidc_event n join services_identifier_change h using (change_id)
    where n.client_id = $1 and {PUSHED} and {FIRST} and n.next_try_at <= kit_now()
    order by h.happened_at, h.change_id limit {CLAIMED_AT_ONCE} for update of n skip locked for share of h
  ) due, services_identifier_change h, services_client c join services_service s using (service_id)
  where t.event_id = due.event_id and h.change_id = t.change_id and c.client_id = t.client_id and c.events_wanted
    and c.events_push_uri is not null and {ENABLED}
  returning t.event_id, t.client_id, h.format, h.old_value, h.new_value, h.happened_at, t.attempts,
            kit_now() as claimed_at, c.events_push_uri, due.takes_back
"""


async def claim_events(connection: Connection, client_id: ClientId) -> list[Event]:
    """Claim a few of a client's due events: nobody else tries them until the lease is over."""
    return [event_of(row) for row in await connection.fetch(_CLAIM, client_id)]


_HAND_OUT = f"""
  update oidc_event t set {_HANDED}
  from (
    select n.event_id, n.queued_at, {TAKES_BACK} from oidc_event n join services_identifier_change h using (change_id)
    where n.client_id = $1 and {OPEN} and {FIRST}
    order by n.queued_at, n.event_id limit $2 for update of n for share of h
  ) due, services_identifier_change h, services_client c
  where t.event_id = due.event_id and h.change_id = t.change_id and c.client_id = t.client_id
  returning t.event_id, t.client_id, h.format, h.old_value, h.new_value, h.happened_at, t.attempts,
            kit_now() as claimed_at, c.events_push_uri, due.takes_back, due.queued_at
"""

_IS_MORE = f"""
  select count(*) > $2 from oidc_event n join services_identifier_change h using (change_id)
  where n.client_id = $1 and {OPEN}
"""


async def hand_out(connection: Connection, client_id: ClientId, *, most: int) -> tuple[list[Event], bool]:
    """Give a client what it has not been told, the oldest first, and say whether there is more.

    An answer has no order (RFC 8936 §2.3): what must come after something else comes when that was acknowledged.
    """
    rows = await connection.fetch(_HAND_OUT, client_id, most)
    rows.sort(key=lambda row: (row["queued_at"], row["event_id"]))
    more = await connection.fetchval(_IS_MORE, client_id, len(rows))
    return [event_of(row) for row in rows], bool(more)


async def note_told(connection: Connection, event: Event, *, answer: str) -> None:
    """Note that the client has taken an event."""
    await connection.execute(
        "update oidc_event set told_at = kit_now(), last_answer = $2 where event_id = $1 and told_at is null",
        event.event_id,
        answer,
    )


async def note_failure(connection: Connection, event: Event, *, answer: str, pause_seconds: float) -> bool:
    """Note what came instead, and when to try again; return True when it is no longer pushed."""
    return bool(
        await connection.fetchval(
            "update oidc_event set last_answer = $2, next_try_at = kit_now() + $3 * interval '1 second',"
            " given_up_at = case when queued_at < kit_now() - $4::interval then kit_now() end"
            " where event_id = $1 and told_at is null returning given_up_at is not null",
            event.event_id,
            answer,
            pause_seconds,
            GIVE_UP_AFTER,
        )
    )


async def put_back(connection: Connection, events: list[Event]) -> None:
    """Put claimed events back that were not tried after all."""
    await connection.execute(
        "update oidc_event set attempts = attempts - 1, next_try_at = kit_now()"
        " where event_id = any($1) and told_at is null",
        [event.event_id for event in events],
    )


_FETCHED = "fetched"

_SETTLE = """
  update oidc_event set told_at = kit_now(), last_answer = s.answer, refused = s.answer <> $4
  from unnest($2::uuid[], $3::text[]) as s (event_id, answer)
  where oidc_event.event_id = s.event_id and client_id = $1 and told_at is null
"""


async def settle(connection: Connection, client_id: ClientId, poll: Poll) -> None:
    """Note what a client says of the events it fetched before; of another client's events it can say nothing.

    One that it could not use is settled as well (RFC 8936 §2.4): it would come again the same.
    """
    said = [*((event_id, _FETCHED) for event_id in poll.acknowledged), *poll.refused]
    if said:
        await connection.execute(_SETTLE, client_id, [one for one, _ in said], [answer for _, answer in said], _FETCHED)


async def forget_old_events(connection: Connection) -> int:
    """Delete old events; return how many. Nothing is decided here (D4)."""
    status = await connection.execute(
        f"delete from oidc_event where queued_at < kit_now() - interval '{KEPT_DAYS} days'"
        f" and (handed_at is null or queued_at < kit_now() - interval '{KEPT_HANDED_DAYS} days')"
    )
    return int(status.split()[-1])
