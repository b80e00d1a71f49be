"""Writing the log: one function for a row of its own, one SQL fragment for rooms that write it in their statement."""

import asyncpg

from unilogin.domain.audit.model import Entry
from unilogin.kit.db.connection import Transaction
from unilogin.kit.logs import request_of_log

COLUMNS = "action, actor_kind, actor_id, account_id, institution_id, object, outcome, request_id, detail"

INSERT = f"insert into audit_event ({COLUMNS})"
"""For a data-modifying CTE of another room: ``with … , logged as ({INSERT} select … from changed)``.

The select gives the columns in the order of ``COLUMNS``; ``detail`` is jsonb.
"""

_WRITE = f"{INSERT} values ($1, $2, $3, $4, $5, $6, $7, $8, $9)"


async def write(tx: Transaction, entry: Entry) -> None:
    """Write one row in the caller's transaction, so that the act and its trace commit together (K-31)."""
    await tx.execute(_WRITE, *row(entry))


def row(entry: Entry) -> tuple[object, ...]:
    """Return the values of an entry in the order of ``COLUMNS``, as arguments of a statement."""
    return (
        entry.event.value,
        entry.actor.kind,
        entry.actor.id,
        entry.account_id,
        entry.institution_id,
        entry.about,
        entry.outcome,
        entry.request_id or request_of_log.get(None),
        dict(entry.detail),
    )


MONTHS_AHEAD = 2


async def make_partitions_ahead(tx: Transaction) -> None:
    """Make the log's partitions of this month and the next ``MONTHS_AHEAD``; repeating changes nothing."""
    for month in range(MONTHS_AHEAD + 1):
        try:
            async with tx.transaction():
                await tx.execute("select audit_make_partition(kit_now() + $1 * interval '1 month')", month)
        except asyncpg.CheckViolationError:  # a month that began without: its rows are in audit_event_rest and stay
            continue
