"""Letting the old system's people go, at the run or at a time that can be changed until then."""

from datetime import datetime

from unilogin.domain.audit.actions import write
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import SYSTEM, Actor, Entry
from unilogin.domain.directory.bulk import lock_institutions
from unilogin.domain.directory.model import InstitutionId
from unilogin.kit.db.connection import Transaction
from unilogin.roster.emptying import let_everybody_go
from unilogin.roster.switching.model import SwitchId

MOST_DAYS_BESIDE = 90
"""How long after the run the old system's people may stay beside the new one's: a summer, and not a second school."""

USUAL_DAYS_BESIDE = 14
"""What a page proposes to whoever wants them to stay for a while."""


async def retire(tx: Transaction, switch_id: SwitchId, where: InstitutionId, *, source: str, actor: Actor) -> None:
    """Let the old system's people go now; under the institution's lock."""
    delivery_id = await let_everybody_go(tx, where, source=source, actor=actor)
    await tx.execute("update roster_switch set retired_by = $2 where switch_id = $1", switch_id, delivery_id)


async def retire_due(tx: Transaction) -> None:
    """Let the people go of the systems whose time has come."""
    due = await tx.fetch(
        "select switch_id, institution_id, old_source from roster_switch where run_at is not null"
        " and retired_by is null and undone_at is null and retire_at <= kit_now() order by switch_id for update"
    )
    await lock_institutions(tx, [InstitutionId(row["institution_id"]) for row in due])
    for row in due:
        await retire(
            tx,
            SwitchId(row["switch_id"]),
            InstitutionId(row["institution_id"]),
            source=row["old_source"],
            actor=SYSTEM,
        )


_MOVE = f"""
  update roster_switch set retire_at = coalesce($2::timestamptz, kit_now())
  where switch_id = $1 and run_at is not null and retired_by is null and undone_at is null and retire_at > kit_now()
    and ($2::timestamptz is null
         or $2 > kit_now() and $2 <= run_at + {MOST_DAYS_BESIDE} * interval '1 day')
  returning institution_id
"""


async def move_retirement(tx: Transaction, switch_id: SwitchId, *, to: datetime | None, actor: Actor) -> bool:
    """Let the old system's people go at another time, or with the next job when none is given; False: too late.

    One person's word: two have agreed who goes, and nobody gets what they do not have.
    """
    where = await tx.fetchval(_MOVE, switch_id, to)
    if where is None:
        return False
    detail = {"word": "moves the end", "to": to.isoformat() if to else "now"}
    entry = Entry(Event.SWITCH_WANTED, actor, institution_id=InstitutionId(where), about=str(switch_id), detail=detail)
    await write(tx, entry)
    return True
