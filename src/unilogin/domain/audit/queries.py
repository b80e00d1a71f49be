"""Reading the log and its chain."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, datetime

from asyncpg import Record

from unilogin.domain.audit.model import Actor, Anchor, Claim, Link, Written
from unilogin.kit.db.connection import Connection

_EVENT = (
    "sequence, at, action, outcome, actor_kind, actor_id, account_id, institution_id, object, request_id, detail::text"
)
_LINK = "number, made_at, month, after, upto, events, rows_hash, previous, rows, hash, mac"
_LINKS_AT_ONCE = 50  # of at most 40 kB each


@dataclass(frozen=True, slots=True)
class Tail:
    """What no link holds yet: how many rows, and how long the oldest of them has been waiting."""

    events: int
    oldest_seconds: float


async def events_between(connection: Connection, *, after: int, upto: int, most: int) -> list[Written]:
    """Return the rows numbered above ``after`` up to ``upto``, in order, at most so many."""
    records = await connection.fetch(
        f"select {_EVENT} from audit_event where sequence > $1 and sequence <= $2 order by sequence, at limit $3",
        after,
        upto,
        most,
    )
    return [Written(*record) for record in records]


async def last_link(connection: Connection) -> Link | None:
    """Return the newest link."""
    record = await connection.fetchrow(f"select {_LINK} from audit_link order by number desc limit 1")
    return _link(record) if record else None


async def links(connection: Connection, *, after: int = 0) -> AsyncIterator[Link]:
    """Yield the links numbered above ``after`` in order, few at a time."""
    while True:
        records = await connection.fetch(
            f"select {_LINK} from audit_link where number > $1 order by number limit $2", after, _LINKS_AT_ONCE
        )
        for record in records:
            yield _link(record)
        if not records:
            return
        after = records[-1]["number"]


async def link_hashes(connection: Connection, month: date) -> list[bytes]:
    """Return the hashes of a month's links, in order."""
    records = await connection.fetch("select hash from audit_link where month = $1 order by number", month)
    return [record["hash"] for record in records]


async def anchors(connection: Connection) -> dict[date, Anchor]:
    """Return the months that were dropped."""
    records = await connection.fetch(
        "select month, dropped_at, actor_kind, actor_id, links, events, hash, mac from audit_anchor order by month"
    )
    return {
        record["month"]: Anchor(
            record["month"],
            record["dropped_at"],
            Actor(record["actor_kind"], record["actor_id"]),
            record["links"],
            record["events"],
            record["hash"],
            record["mac"],
        )
        for record in records
    }


async def tail(connection: Connection) -> Tail:
    """Return what waits to be sealed."""
    record = await connection.fetchrow(
        "select count(*) as events, coalesce(extract(epoch from kit_now() - min(at)), 0)::float8 as oldest"
        " from audit_event where sequence > coalesce((select upto from audit_link order by number desc limit 1), 0)"
    )
    return Tail(record["events"], max(0.0, record["oldest"])) if record else Tail(0, 0.0)


async def oldest_unsealed(connection: Connection, *, month: date) -> datetime | None:
    """Return the time of the oldest row of a month that no link holds yet."""
    found: datetime | None = await connection.fetchval(
        "select min(at) from audit_event where sequence > coalesce((select upto from audit_link order by number desc"
        " limit 1), 0) and at >= $1::timestamp at time zone 'UTC'"
        " and at < ($1::timestamp + interval '1 month') at time zone 'UTC'",
        month,
    )
    return found


def _link(record: Record) -> Link:
    *claim, rows, sealed, mac = record
    return Link(Claim(*claim), rows, sealed, mac)
