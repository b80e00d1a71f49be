"""Two people decide about a parked delivery: the second one who says the same makes it so."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from unilogin.domain.access.words import recorded_counts
from unilogin.domain.audit.actions import write
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.directory.bulk import lock_institution
from unilogin.domain.directory.model import InstitutionId
from unilogin.kit.db.connection import Connection, Transaction
from unilogin.kit.secrets import Secrets
from unilogin.roster.actions import import_file
from unilogin.roster.formats.unilogin_import import NAMESPACES
from unilogin.roster.model import DeliveryId, DeliveryKind, Receipt
from unilogin.roster.parking import PARKED, drop_file
from unilogin.roster.queries import receipt
from unilogin.roster.sealed_files import kept_file

KEPT_DAYS = 30
"""A parked delivery can be released so long; then its file is forgotten."""


class Decision(StrEnum):
    """What somebody says about a parked delivery."""

    RELEASE = "release"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Decided:
    """What one person's word did. ``receipt`` is there when it was the second one."""

    needs_another: bool
    receipt: Receipt | None = None


_SAY = f"""
  with said as (
    insert into roster_decision (delivery_id, actor_kind, actor_id, decision) values ($1, $2, $3, $4)
    on conflict (delivery_id, actor_kind, actor_id) do update
    set decision = excluded.decision, decided_at = kit_now()
    returning decision
  )
  select 1 + count(*) from roster_decision v join roster_delivery d using (delivery_id), said
  where v.delivery_id = $1 and v.decision = said.decision and (v.actor_kind, v.actor_id) <> ($2, $3)
    and {recorded_counts("v", at="d.institution_id", since="decided_at")}
"""


async def decide(
    connection: Connection,
    delivery_id: DeliveryId,
    decision: Decision,
    *,
    actor: Actor,
    secrets: Secrets,
    namespaces: Sequence[str] = NAMESPACES,
) -> Decided | None:
    """Say a person's word about a parked delivery, and load it when two have released it; None when none is parked.

    ``connection`` is outside a transaction.
    """
    async with connection.transaction():
        decided = await say(connection, delivery_id, decision, actor=actor)
    if decided is None or decided.needs_another or decision is Decision.REJECT:
        return decided
    loaded = await release(connection, delivery_id, actor=actor, secrets=secrets, namespaces=namespaces)
    return Decided(needs_another=False, receipt=loaded)


async def say(tx: Transaction, delivery_id: DeliveryId, decision: Decision, *, actor: Actor) -> Decided | None:
    """Say a person's word; None when no delivery is parked under this id.

    What two have rejected is rejected. What two have released is still parked, until ``release`` has loaded it.
    """
    where = await _parked(tx, delivery_id)
    if where is None:
        return None
    people = int(await tx.fetchval(_SAY, delivery_id, actor.kind, actor.id, decision.value))
    await _log(tx, Event.DELIVERY_DECIDED, delivery_id, where=where, actor=actor, decision=decision)
    if people < 2:
        return Decided(needs_another=True)
    if decision is Decision.RELEASE:
        return Decided(needs_another=False)
    await _reject(tx, delivery_id, where=where, actor=actor)
    return Decided(needs_another=False, receipt=await receipt(tx, delivery_id))


async def release(
    connection: Connection,
    delivery_id: DeliveryId,
    *,
    actor: Actor,
    secrets: Secrets,
    namespaces: Sequence[str] = NAMESPACES,
) -> Receipt | None:
    """Load what two people have released, from its file as if it came now, without the limits; None: it is not parked.

    It may still be refused, if its institution was closed. It takes time and memory: for a process of its own.
    """
    async with connection.transaction():
        place = await connection.fetchval(
            "select institution_id from roster_delivery where delivery_id = $1", delivery_id
        )
        if place is None:
            return None
        await lock_institution(connection, InstitutionId(place))  # before the row, as every delivery does
        if await _parked(connection, delivery_id) is None:
            return None
        kind, number = await _kind_and_place(connection, delivery_id)
        file = await kept_file(connection, PARKED, delivery_id, secrets=secrets)
    return await import_file(
        connection,
        file,
        secrets=secrets,
        actor=actor,
        kind=kind,
        namespaces=namespaces,
        released=delivery_id,
        sent_for=number,
    )


async def _parked(tx: Transaction, delivery_id: DeliveryId) -> InstitutionId | None:
    found = await tx.fetchval(
        "select institution_id from roster_delivery where delivery_id = $1 and status = 'parked'"
        " and received_at > kit_now() - $2 * interval '1 day' for update",
        delivery_id,
        KEPT_DAYS,
    )
    return None if found is None else InstitutionId(found)


async def _kind_and_place(tx: Transaction, delivery_id: DeliveryId) -> tuple[DeliveryKind, str]:
    """Return what a delivery is, and for which institution: its file may hold several."""
    (row,) = await tx.fetch(
        "select d.kind, i.number from roster_delivery d join directory_institution i using (institution_id)"
        " where d.delivery_id = $1",
        delivery_id,
    )
    return DeliveryKind(row["kind"]), row["number"]


async def _reject(tx: Transaction, delivery_id: DeliveryId, *, where: InstitutionId, actor: Actor) -> None:
    await tx.execute(
        "update roster_delivery set status = 'rejected', settled_at = kit_now() where delivery_id = $1", delivery_id
    )
    await drop_file(tx, delivery_id)
    await _log(tx, Event.DELIVERY_REJECTED, delivery_id, where=where, actor=actor, decision=Decision.REJECT)


async def _log(
    tx: Transaction,
    event: Event,
    delivery_id: DeliveryId,
    *,
    where: InstitutionId,
    actor: Actor,
    decision: Decision,
) -> None:
    detail = {"decision": decision.value}
    await write(tx, Entry(event, actor, institution_id=where, about=str(delivery_id), detail=detail))


async def forget_parked(tx: Transaction) -> None:
    """Forget the files of parked deliveries that nobody can release any more."""
    old = await tx.fetch(
        "update roster_delivery set status = 'overtaken', settled_at = kit_now()"
        " where status = 'parked' and received_at <= kit_now() - $1 * interval '1 day' returning delivery_id",
        KEPT_DAYS,
    )
    for row in old:
        await drop_file(tx, row["delivery_id"])
