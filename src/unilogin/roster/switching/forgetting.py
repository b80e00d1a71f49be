"""Forgetting who was recognised as whom in changes of system of long ago; that there was one stays."""

from unilogin.kit.db.connection import Transaction
from unilogin.roster.undoing import UNDO_DAYS

KEPT_DAYS = 400


_FORGET_NUMBERS = """
  update roster_switch_person p set gave_number = null, had_number = null, had_sealed = null
  from roster_switch w
  where p.switch_id = w.switch_id and p.gave_number is not null
    and (w.undone_at is not null or greatest(w.run_at, w.retire_at) < kit_now() - $1 * interval '1 day')
"""


async def forget_old_switches(tx: Transaction) -> int:
    """Delete the persons of old switches; return how many. Nothing is decided here (D4).

    The numbers they had before go as soon as the change cannot be taken back any more.
    """
    await tx.execute(_FORGET_NUMBERS, UNDO_DAYS + 1)
    status = await tx.execute(
        "delete from roster_switch_person p using roster_switch w where p.switch_id = w.switch_id"
        " and greatest(w.planned_at, w.run_at, w.retire_at, w.undone_at) < kit_now() - $1 * interval '1 day'",
        KEPT_DAYS,
    )
    return int(status.split()[-1])
