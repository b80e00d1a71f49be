"""Taking back what the wrong pupil claimed: within ten minutes the old secret is there again, and the claimer is out.

The one named exception to I-5: the old secret was dead, and lives again, because the new one is in the wrong hands.
"""

from collections.abc import Awaitable, Callable
from uuid import UUID

from unilogin.domain.access.gates import PupilInReach
from unilogin.domain.audit import actions as audit
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.credentials.windows import UNDO_SECONDS
from unilogin.domain.limits.actions import forget_account
from unilogin.domain.notices.actions import tell
from unilogin.domain.notices.model import Notice
from unilogin.domain.sessions.actions import end_all_sessions
from unilogin.kit.db.connection import Transaction

# The newest claim of all, and only if a teacher at this institution had opened for it: what a parent gave is theirs.
_UNDO = f"""
  with last as (
    select claimed_in, bool_or(kind = 'teacher' and institution_id = $2) as ours
    from credentials_window where account_id = $1 and claimed_at > kit_now() - interval '{UNDO_SECONDS} seconds'
    group by claimed_in order by max(claimed_at) desc limit 1
  ), undone as (
    update credentials_window w set undone_at = kit_now() from last
    where w.account_id = $1 and w.claimed_in = last.claimed_in and last.ours and w.undone_at is null
    returning w.window_id, w.claimed_in, w.before_type, w.before_hash, w.before_pepper
  )
  select claimed_in, before_type, before_hash, before_pepper from undone order by window_id limit 1
"""


Withdraw = Callable[[UUID], Awaitable[None]]
"""Takes back the leave that a claim gave to a journey. Of a room above."""


async def undo_claim(tx: Transaction, pupil: PupilInReach, *, actor: Actor, withdraw: Withdraw) -> bool:
    """Put a pupil's secret back as it was before the newest claim, and take back the leave of who claimed it.

    False when there is nothing to take back, any more or at all. Of two at once one does it. Who had no secret before
    has none again. Every session of the account ends: nobody can tell which of them the claimer opened. The leave goes
    first: a claimer who is using it this very moment is waited for, and what they did is seen by what follows.
    """
    row = await tx.fetchrow(_UNDO, pupil.account_id, pupil.institution_id)
    if row is None:
        return False
    await withdraw(row["claimed_in"])
    account_id = pupil.account_id
    if row["before_hash"] is None:
        await tx.execute("delete from credentials_password where account_id = $1", account_id)
    else:
        await tx.execute(
            "insert into credentials_password as p (account_id, type, hash, pepper_version) values ($1, $2, $3, $4)"
            " on conflict (account_id) do update set type = excluded.type, hash = excluded.hash,"
            " pepper_version = excluded.pepper_version, set_at = kit_now(), due_at = null, due_why = null",
            account_id,
            row["before_type"],
            row["before_hash"],
            row["before_pepper"],
        )
    await end_all_sessions(tx, account_id, why="undone", actor=actor)
    await forget_account(tx, account_id)
    entry = Entry(
        Event.WINDOW_UNDONE,
        actor,
        account_id=account_id,
        institution_id=pupil.institution_id,
        detail={"kind": "teacher"},
    )
    await audit.write(tx, entry)
    await tell(tx, account_id, Notice.WINDOW_UNDONE)
    return True
