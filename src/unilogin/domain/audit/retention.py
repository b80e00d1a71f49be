"""Dropping an old month: its rows go, its links stay and hold the chain together, and an anchor says who did it."""

from datetime import date

from unilogin.domain.audit import actions
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Anchor, Entry
from unilogin.domain.audit.queries import link_hashes, oldest_unsealed
from unilogin.domain.audit.rules import anchor_hash, month_of
from unilogin.domain.audit.sealing import anchor_mac
from unilogin.kit.db.connection import Transaction
from unilogin.kit.errors import UniloginError
from unilogin.kit.secrets import Secrets


class RetentionError(UniloginError):
    """The month may not be dropped; the sentence says why."""

    code = "audit_retention"


async def drop_month(tx: Transaction, month: date, *, actor: Actor, secrets: Secrets) -> Anchor:
    """Drop the rows of a month that is over and sealed; only the owner of the tables can.

    Raises:
        RetentionError: the month is not over, holds nothing, is dropped already, or has rows that no link holds.
    """
    now = await tx.fetchval("select kit_now()")
    if month >= month_of(now):
        raise RetentionError(f"{month:%Y-%m} is not over")
    if await oldest_unsealed(tx, month=month):
        raise RetentionError(f"{month:%Y-%m} has rows that are not sealed yet: is 'unilogin serve' running?")
    events = await tx.fetchval("select sum(events) from audit_link where month = $1 and rows is not null", month)
    if events is None:
        raise RetentionError(f"{month:%Y-%m} holds nothing, or was dropped already")
    hashes = await link_hashes(tx, month)
    digest = anchor_hash(month, now, actor=actor, events=events, links=hashes)
    anchor = Anchor(month, now, actor, len(hashes), events, digest, anchor_mac(secrets, digest))
    await tx.execute("select audit_drop_partition($1)", month)
    await tx.execute("update audit_link set rows = null where month = $1", month)
    await _declare(tx, anchor)
    return anchor


async def _declare(tx: Transaction, anchor: Anchor) -> None:
    await tx.execute(
        "insert into audit_anchor (month, dropped_at, actor_kind, actor_id, links, events, hash, mac)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8)",
        anchor.month,
        anchor.dropped_at,
        anchor.actor.kind,
        anchor.actor.id,
        anchor.links,
        anchor.events,
        anchor.hash,
        anchor.mac,
    )
    about = f"{anchor.month:%Y-%m}"
    detail = {"links": anchor.links, "events": anchor.events}
    await actions.write(tx, Entry(Event.AUDIT_MONTH_DROPPED, anchor.actor, about=about, detail=detail))
