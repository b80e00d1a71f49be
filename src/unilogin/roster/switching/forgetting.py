"""Forgetting who was recognised as whom in changes of system of long ago; that there was one stays."""

from unilogin.kit.db.connection import Transaction

KEPT_DAYS = 400


async def forget_old_switches(tx: Transaction) -> int:
    """Delete the persons of old switches; return how many. Nothing is decided here (D4)."""
    status = await tx.execute(
        "delete from roster_switch_person p using roster_switch w where p.switch_id = w.switch_id"
        " and greatest(w.planned_at, w.run_at, w.retire_at, w.undone_at) < kit_now() - $1 * interval '1 day'",
        KEPT_DAYS,
    )
    return int(status.split()[-1])
