"""Taking a delivery back, for thirty days: the same ids, usernames, passwords and names at services (F-28)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from asyncpg import Record

from unilogin.domain.audit.actions import write
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.directory.bulk import lock_institution
from unilogin.domain.directory.bulk_staging import PATIENCE, Origin
from unilogin.domain.directory.bulk_undo import Later, Undone, changed_later, forget_journal, take_back, touched_among
from unilogin.domain.directory.following import lock_people
from unilogin.domain.directory.model import InstitutionId
from unilogin.domain.identity.queries import corrected_since
from unilogin.kit.db.connection import Transaction
from unilogin.roster.cpr_cases import close_cases_of
from unilogin.roster.model import DeliveryId

UNDO_DAYS = 30
CHANGES_DAYS = 400
"""How long it stands who was changed how by a delivery, and in which line something was wrong; its counts stay."""


_OLD = "d.received_at < kit_now() - $1 * interval '1 day'"

_FORGET_LINES = (
    f"delete from roster_change c using roster_delivery d where c.delivery_id = d.delivery_id and {_OLD}",
    f"delete from roster_finding f using roster_delivery d where f.delivery_id = d.delivery_id and {_OLD}",
)


class NotUndone(StrEnum):
    """Why a delivery is not taken back: ``roster.undo.<code>`` is the sentence."""

    UNKNOWN = "unknown"  # no such delivery, or it did not count, or was taken back before
    TOO_OLD = "too_old"
    CHANGED_LATER = "changed_later"
    CORRECTED = "corrected"  # people of it were merged or split since, or that was taken back since
    SWITCHED = "switched"  # the institution has changed system since, or by this very delivery


@dataclass(frozen=True, slots=True)
class UndoRefused:
    """Nothing was changed. ``people`` are those whom something later changed again."""

    why: NotUndone
    people: Sequence[Later] = ()


_SWITCHED = """
  select exists (select from roster_switch where institution_id = $1 and run_at is not null and undone_at is null
                   and ($2 in (delivery_id, retired_by) or (old_source = $3 and run_at >= $4)))
"""


async def undo(
    tx: Transaction, delivery_id: DeliveryId, *, actor: Actor, with_switch: bool = False
) -> Undone | UndoRefused:
    """Take a delivery back, all of it or nothing. The same file may come again and counts again.

    ``with_switch``: the change of system that it was part of is being taken back as a whole.
    """
    found = await _applied(tx, delivery_id)
    if found is None:
        return UndoRefused(NotUndone.UNKNOWN)
    origin = Origin(InstitutionId(found["institution_id"]), found["source"], str(delivery_id), actor)
    await lock_institution(tx, origin.institution_id)
    await lock_people(tx, patience=PATIENCE)
    if (found := await _applied(tx, delivery_id)) is None:  # somebody else was quicker
        return UndoRefused(NotUndone.UNKNOWN)
    if not found["is_young"]:
        return UndoRefused(NotUndone.TOO_OLD)
    if refused := await _why_not(tx, origin, found, with_switch=with_switch):
        return refused
    undone = await take_back(tx, origin)
    await close_cases_of(tx, delivery_id, since=found["applied_at"])
    await tx.execute(
        "update roster_delivery set status = 'undone', settled_at = kit_now() where delivery_id = $1", delivery_id
    )
    where, detail = origin.institution_id, undone._asdict()
    await write(tx, Entry(Event.DELIVERY_UNDONE, actor, institution_id=where, about=str(delivery_id), detail=detail))
    return undone


async def _why_not(tx: Transaction, origin: Origin, found: Record, *, with_switch: bool) -> UndoRefused | None:
    when = found["applied_at"]
    place = (origin.institution_id, UUID(origin.delivery), origin.source, when)
    if not with_switch and await tx.fetchval(_SWITCHED, *place):
        return UndoRefused(NotUndone.SWITCHED)
    corrected = await corrected_since(tx, when)
    if corrected and (people := await touched_among(tx, origin, persons=corrected)):
        return UndoRefused(NotUndone.CORRECTED, people)
    people = await changed_later(tx, origin)
    return UndoRefused(NotUndone.CHANGED_LATER, people) if people else None


async def _applied(tx: Transaction, delivery_id: DeliveryId) -> Record | None:
    return await tx.fetchrow(
        "select institution_id, source, applied_at, applied_at > kit_now() - $2 * interval '1 day' as is_young"
        " from roster_delivery where delivery_id = $1 and status = 'applied'",
        delivery_id,
        UNDO_DAYS,
    )


async def forget_what_was(tx: Transaction) -> None:
    """Forget what people were before deliveries that are too old to be taken back, and who changed how long ago."""
    await tx.execute("set local statement_timeout = 0")
    await forget_journal(tx, days=UNDO_DAYS)
    for statement in _FORGET_LINES:
        await tx.execute(statement, CHANGES_DAYS, timeout=PATIENCE)
