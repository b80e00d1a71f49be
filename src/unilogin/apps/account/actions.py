"""What somebody does in Mit Unilogin: signing devices out, and looking after a child."""

from unilogin.domain.access.gates import ChildInCustody
from unilogin.domain.audit import actions as audit
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.credentials.windows import Window, WindowId, WindowKind, cancel_window, open_window
from unilogin.domain.directory.model import AccountId
from unilogin.domain.identity.renaming import give_new_username
from unilogin.domain.notices.actions import tell
from unilogin.domain.notices.model import Notice
from unilogin.domain.sessions.actions import end_all_sessions, end_session
from unilogin.domain.sessions.model import SessionId
from unilogin.domain.sessions.queries import live_session_by_id
from unilogin.kit.db.connection import Transaction
from unilogin.kit.secrets import Secrets

_WHY = "other device"


async def sign_out_device(tx: Transaction, account_id: AccountId, session_id: SessionId) -> bool:
    """End one of somebody's own sessions; False when there is none such, or it is somebody else's."""
    session = await live_session_by_id(tx, session_id)
    if session is None or session.account_id != account_id:
        return False
    return await end_session(tx, session_id, why=_WHY, actor=Actor.person(account_id)) is not None


async def sign_out_others(tx: Transaction, account_id: AccountId, *, keep: SessionId) -> int:
    """End every session of somebody's but the one they are in; return how many."""
    ended = await end_all_sessions(tx, account_id, why=_WHY, actor=Actor.person(account_id), but=keep)
    if ended:
        await tell(tx, account_id, Notice.SESSIONS_ENDED)
    return ended


async def note_child_viewed(tx: Transaction, child: ChildInCustody) -> None:
    """Write down that a guardian read about a child (K-35)."""
    await audit.write(tx, _entry(Event.CHILD_VIEWED, child))


async def note_username_shown(tx: Transaction, child: ChildInCustody) -> None:
    """Write down that a guardian was shown a child's username (K-35)."""
    await audit.write(tx, _entry(Event.CHILD_USERNAME_SHOWN, child))


async def rename_child(tx: Transaction, child: ChildInCustody, *, secrets: Secrets) -> bool:
    """Give a child a username that does not tell its hidden name; False when none is offered. The reader sees it."""
    given = await give_new_username(tx, child.account_id, secrets=secrets, actor=Actor.person(child.reached_by))
    await note_username_shown(tx, child)
    return given is not None


async def open_for_child(tx: Transaction, child: ChildInCustody) -> Window:
    """Open the window in which a child gets a new password."""
    return await open_window(tx, child, kind=WindowKind.PARENT, actor=Actor.person(child.reached_by))


async def close_for_child(tx: Transaction, child: ChildInCustody, window_id: WindowId) -> bool:
    """Close a window of one's own again; False when it is no longer open."""
    return await cancel_window(tx, window_id, opened_by=child.reached_by, actor=Actor.person(child.reached_by))


def _entry(event: Event, child: ChildInCustody) -> Entry:
    return Entry(event, Actor.person(child.reached_by), account_id=child.account_id)
