"""Telling those who administer an institution that something needs them: by a notice, and by mail where it reaches."""

from unilogin.domain.access.model import Right
from unilogin.domain.access.queries import holders_of
from unilogin.domain.directory.model import InstitutionId
from unilogin.domain.notices.actions import tell
from unilogin.domain.notices.model import Notice
from unilogin.kit.db.connection import Transaction


async def tell_administrators(tx: Transaction, institution_id: InstitutionId, notice: Notice) -> None:
    """Let everybody who administers an institution know."""
    for account_id in await holders_of(tx, Right.BRUGERADMINISTRATOR, [institution_id]):
        await tell(tx, account_id, notice)
