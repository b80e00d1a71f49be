"""What follows by itself from what an office has added by hand: it ends after a year, and people are told before."""

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
