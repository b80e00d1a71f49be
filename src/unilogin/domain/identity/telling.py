"""Telling people that their accounts were merged or split: whoever did it to somebody else is found out by them."""

from unilogin.domain.audit.events import Event
from unilogin.domain.identity.model import Side
from unilogin.domain.notices.actions import tell
from unilogin.domain.notices.model import Notice
from unilogin.kit.db.connection import Transaction

_NOTICES = {
    Event.ACCOUNTS_MERGED: Notice.ACCOUNTS_MERGED,
    Event.ACCOUNT_SPLIT: Notice.ACCOUNT_SPLIT,
    Event.CORRECTION_UNDONE: Notice.CORRECTION_UNDONE,
}


async def tell_owners(tx: Transaction, event: Event, *, kept: Side, other: Side) -> None:
    """Tell whoever has the account that goes on; and the other one, where a letter would go to another mailbox."""
    await tell(tx, kept.account_id, _NOTICES[event])
    elsewhere = await tx.fetchval(
        "select lower(o.email) is distinct from lower(k.email) from directory_person o, directory_person k"
        " where o.person_id = $1 and k.person_id = $2 and o.email is not null",
        other.person_id,
        kept.person_id,
    )
    if elsewhere:
        await tell(tx, other.account_id, _NOTICES[event])
