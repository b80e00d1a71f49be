"""Deliveries that wait for two people: the file, and the changes it would make."""

from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast
from uuid import UUID

from unilogin.domain.access.words import recorded_counts
from unilogin.domain.directory.bulk_staging import PATIENCE, Origin
from unilogin.kit.db.connection import Transaction
from unilogin.roster.desk import Desk
from unilogin.roster.model import DeliveryId, Receipt
from unilogin.roster.queries import receipt
from unilogin.roster.sealed_files import Shelf, put_file

Changes = BinaryIO
"""Rows of roster_change on their way around a transaction that is taken back: ids, classes and counts, no names."""

PARKED = Shelf(
    "roster_parked_part.sealed",
    "insert into roster_parked_part (delivery_id, number, sealed) values ($1, $2, $3)",
    "select number, sealed from roster_parked_part where delivery_id = $1 order by number",
)

_IN_MEMORY = 4 * 1024 * 1024
_CHANGES = (
    "delivery_id, number, local_person_id, case when kind <> 'new' then membership_id end, kind, actor_group,"
    " class_before, class_after, fields"
)


async def take_changes_out(tx: Transaction, origin: Origin) -> Changes:
    """Copy the changes of a delivery to where no rollback reaches them."""
    changes = cast("Changes", SpooledTemporaryFile(_IN_MEMORY))  # noqa: SIM115 - closed when they are put back
    await tx.copy_from_query(
        f"select {_CHANGES} from roster_change where delivery_id = $1",
        UUID(origin.delivery),
        output=changes,
        format="binary",
        timeout=PATIENCE,
    )
    changes.seek(0)
    return changes


async def put_changes_back(tx: Transaction, changes: Changes) -> None:
    """Keep them after all."""
    with changes:
        await tx.copy_to_table("roster_change", source=changes, format="binary", timeout=PATIENCE)


async def keep_file(desk: Desk, delivery_id: DeliveryId, file: BinaryIO) -> None:
    """Store a delivery's file until it waits no more."""
    await put_file(desk.tx, PARKED, delivery_id, file=file, secrets=desk.secrets)


async def begin_release(tx: Transaction, delivery_id: DeliveryId) -> Receipt | None:
    """Clear the way for a parked delivery under its institution's lock; its receipt if it waits no more, or still does.

    Two people who may must have said so: asked here, so that no caller can forget it.
    """
    may_count = await tx.fetchval(
        "select status = 'parked' and 2 <= (select count(*) from roster_decision r"
        " where r.delivery_id = d.delivery_id and r.decision = 'release'"
        f" and {recorded_counts('r', at='d.institution_id', since='decided_at')})"
        " from roster_delivery d where delivery_id = $1 for update",
        delivery_id,
    )
    if may_count is None:
        raise LookupError(f"no delivery {delivery_id}")
    if not may_count:
        return await receipt(tx, delivery_id)
    await tx.execute("delete from roster_change where delivery_id = $1", delivery_id, timeout=PATIENCE)
    return None


async def drop_file(tx: Transaction, delivery_id: DeliveryId) -> None:
    """Forget the file of a delivery that waits no more."""
    await tx.execute("delete from roster_parked_part where delivery_id = $1", delivery_id)


async def drop_held(tx: Transaction, origin: Origin, *, but: DeliveryId | None) -> None:
    """A later delivery of the source takes the place of those that wait."""
    overtaken = await tx.fetch(
        "update roster_delivery set status = 'overtaken', settled_at = kit_now()"
        " where institution_id = $1 and source = $2 and status = 'parked' and delivery_id is distinct from $3"
        " returning delivery_id",
        origin.institution_id,
        origin.source,
        but,
    )
    for row in overtaken:
        await drop_file(tx, row["delivery_id"])
