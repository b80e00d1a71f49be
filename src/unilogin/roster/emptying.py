"""Letting all people of a system go at once: a delivery of its own, which stands in the history and can be undone."""

from datetime import datetime
from uuid import UUID

from unilogin.domain.audit.model import Actor
from unilogin.domain.directory.bulk import lock_institution, read_again, remove_members
from unilogin.domain.directory.bulk_belonging import end_groups
from unilogin.domain.directory.bulk_staging import Origin
from unilogin.domain.directory.model import InstitutionId
from unilogin.kit.db.connection import Transaction
from unilogin.roster.model import Counts, DeliveryId, DeliveryKind, DeliveryStatus, Receipt
from unilogin.roster.planning import effect_of
from unilogin.roster.recording import record
from unilogin.roster.staging import Drawer


async def let_everybody_go(tx: Transaction, where: InstitutionId, *, source: str, actor: Actor) -> DeliveryId:
    """End all memberships of a system at an institution; return the delivery in whose name that was."""
    await lock_institution(tx, where)
    origin = Origin(where, source, str(Drawer().new_id()), actor)
    rows = await tx.fetch(
        "select local_person_id from directory_membership"
        " where institution_id = $1 and source = $2 and ended_at is null",
        where,
        source,
    )
    removed = await remove_members(tx, origin, local_ids=[row["local_person_id"] for row in rows])
    await end_groups(tx, origin, declared=[])
    effect = await effect_of(tx, origin, first=False, other_numbers=0, garbled=0)
    number = await tx.fetchval("select number from directory_institution where institution_id = $1", where)
    now: datetime = await tx.fetchval("select kit_now()")
    told = Receipt(
        delivery_id=DeliveryId(UUID(origin.delivery)),
        institution_number=number,
        source=source,
        source_time=now,
        school_year="",
        status=DeliveryStatus.APPLIED,
        counts=Counts(left=removed.applied.left),
        received_at=now,
        kind=DeliveryKind.DELETE,
        plan=effect.lines,
    )
    await record(tx, told, actor=actor, institution_id=where, fingerprint=b"")
    return told.delivery_id


async def hear_anew(tx: Transaction, where: InstitutionId, *, source: str, actor: Actor) -> None:
    """Let the next delivery of a system tell about everybody anew: another one has told about them since."""
    rows = await tx.fetch(
        "select raw_hash from directory_membership where institution_id = $1 and source = $2 and ended_at is null",
        where,
        source,
    )
    origin = Origin(where, source, str(Drawer().new_id()), actor)
    await read_again(tx, origin, hashes=[row["raw_hash"] for row in rows])
