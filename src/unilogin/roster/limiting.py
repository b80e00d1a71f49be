"""How much a delivery may do at an institution before it is parked: its own limits instead of the usual ones."""

from collections.abc import Mapping
from dataclasses import fields

from unilogin.domain.audit.actions import write
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.directory.model import InstitutionId
from unilogin.kit.db.connection import Connection, Transaction
from unilogin.roster.rules import Limits


async def limits_of(connection: Connection, institution_id: InstitutionId) -> Limits:
    """Return how much a delivery may do at an institution: its own limits, and the usual ones where it has none."""
    row = await connection.fetchrow(
        "select removed_percent, removed_persons, changed_percent, changed_persons, smallest_whole from roster_limit"
        " where institution_id = $1",
        institution_id,
    )
    return Limits(**{name: value for name, value in row.items() if value is not None}) if row else Limits()


_SET = """
  insert into roster_limit as l (institution_id, removed_percent, removed_persons, changed_percent, changed_persons,
                                 smallest_whole)
  values ($1, $2, $3, $4, $5, $6)
  on conflict (institution_id) do update
  set removed_percent = coalesce(excluded.removed_percent, l.removed_percent),
      removed_persons = coalesce(excluded.removed_persons, l.removed_persons),
      changed_percent = coalesce(excluded.changed_percent, l.changed_percent),
      changed_persons = coalesce(excluded.changed_persons, l.changed_persons),
      smallest_whole = coalesce(excluded.smallest_whole, l.smallest_whole)
"""


async def set_limits(
    tx: Transaction, institution_id: InstitutionId, given: Mapping[str, int], *, usual: bool, actor: Actor
) -> None:
    """Set the limits that are given and leave the others; ``usual`` first forgets all of its own."""
    if usual:
        await tx.execute("delete from roster_limit where institution_id = $1", institution_id)
    if given:
        await tx.execute(_SET, institution_id, *(given.get(limit.name) for limit in fields(Limits)))
    detail = {**given, "usual": usual}
    await write(tx, Entry(Event.DELIVERY_LIMITS_SET, actor, institution_id=institution_id, detail=detail))
