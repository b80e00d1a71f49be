"""What follows by itself from what an office does: what it added by hand ends, and others are told what waits."""

from unilogin.domain.access.administering import AdministeredSchool
from unilogin.domain.access.model import Right
from unilogin.domain.access.queries import holders_of
from unilogin.domain.directory.manual import end_due, take_ending
from unilogin.domain.notices.actions import tell
from unilogin.domain.notices.model import Notice
from unilogin.kit.db.connection import Transaction


async def mind_manual(tx: Transaction) -> None:
    """End what nobody has confirmed for a year, and tell administrators of what ends within a month, once."""
    await end_due(tx)
    for account_id in await holders_of(tx, Right.BRUGERADMINISTRATOR, await take_ending(tx)):
        await tell(tx, account_id, Notice.MANUAL_ENDING)


async def ask_for_second_word(tx: Transaction, school: AdministeredSchool) -> None:
    """Tell the other administrators of a school that something waits for one of them."""
    for account_id in await holders_of(tx, Right.BRUGERADMINISTRATOR, [school.institution_id]):
        if account_id != school.reached_by:
            await tell(tx, account_id, Notice.SECOND_WORD_WAITS)
