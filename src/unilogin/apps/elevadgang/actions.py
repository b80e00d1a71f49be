"""What staff do for pupils in reach. Each leaves its row in the audit log, with the institution where they did it."""

from collections.abc import Sequence

from unilogin.apps.elevadgang.model import BlockedFor
from unilogin.domain.access.gates import PupilInReach
from unilogin.domain.audit import actions as audit
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.credentials.undoing import undo_claim
from unilogin.domain.directory.actions import block_account, unblock_account
from unilogin.domain.limits.actions import reopen
from unilogin.domain.notices.actions import tell
from unilogin.domain.notices.model import Notice
from unilogin.domain.sessions.actions import end_all_sessions
from unilogin.kit.db.connection import Transaction
from unilogin.recovery.actions import withdraw_permit


async def undo(tx: Transaction, pupil: PupilInReach) -> bool:
    """Take back what the wrong pupil claimed: the old secret holds again, and the claimer's leave is gone too."""
    return await undo_claim(
        tx, pupil, actor=Actor.person(pupil.reached_by), withdraw=lambda journey_id: withdraw_permit(tx, journey_id)
    )


async def it_was_for_fun(tx: Transaction, pupil: PupilInReach) -> bool:
    """Open what a classmate's guessing closed; the secret stays as it is ("Det var for sjov")."""
    actor = Actor.person(pupil.reached_by)
    return await reopen(tx, pupil.account_id, actor=actor, institution_id=pupil.institution_id)


async def note_usernames_shown(tx: Transaction, pupils: Sequence[PupilInReach]) -> None:
    """Write down that staff were shown usernames."""
    for pupil in pupils:
        await audit.write(
            tx,
            Entry(
                Event.PUPIL_USERNAME_SHOWN,
                Actor.person(pupil.reached_by),
                account_id=pupil.account_id,
                institution_id=pupil.institution_id,
            ),
        )


async def block(tx: Transaction, pupil: PupilInReach, *, why: BlockedFor) -> bool:
    """Block a pupil: no sign-in, and every session ends everywhere, at once."""
    actor = Actor.person(pupil.reached_by)
    blocked = await block_account(tx, pupil.account_id, why=why.value, institution_id=pupil.institution_id, actor=actor)
    await end_all_sessions(tx, pupil.account_id, why="blocked", actor=actor)
    if blocked:
        await tell(tx, pupil.account_id, Notice.BLOCKED)
    return blocked


async def unblock(tx: Transaction, pupil: PupilInReach) -> bool:
    """Let a pupil sign in again, with the secret they had."""
    actor = Actor.person(pupil.reached_by)
    unblocked = await unblock_account(tx, pupil.account_id, institution_id=pupil.institution_id, actor=actor)
    if unblocked:
        await tell(tx, pupil.account_id, Notice.UNBLOCKED)
    return unblocked
