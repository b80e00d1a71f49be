"""On the way into an app, in it, and out again. Each step is one statement with the database's clock."""

from dataclasses import dataclass

from unilogin.apps.shell.model import SIGNIN_SECONDS, App, WayIn
from unilogin.domain.directory.model import ActorGroup
from unilogin.domain.sessions.model import SessionId
from unilogin.domain.sessions.queries import LIVE
from unilogin.kit.db.connection import Connection, Transaction
from unilogin.kit.ids import digest


async def begin_signin(connection: Connection, app: App, *, state: str, browser: str, return_to: str) -> None:
    """Note that this browser is on its way to the door, and where it wants to be afterwards."""
    await connection.execute(
        "insert into shell_signin (state_hash, app, browser_hash, return_to, expires_at)"
        " values ($1, $2, $3, $4, kit_now() + $5 * interval '1 second')",
        digest(state),
        app.name,
        digest(browser),
        return_to,
        SIGNIN_SECONDS,
    )


async def come_back(connection: Connection, app: App, *, state: str, browser: str) -> WayIn | None:
    """Take what this browser was on its way to, once; None for another browser's, an old or an unknown one (V-40)."""
    row = await connection.fetchrow(
        "delete from shell_signin where state_hash = $1 and browser_hash = $2 and app = $3 and expires_at > kit_now()"
        " returning return_to",
        digest(state),
        digest(browser),
        app.name,
    )
    return WayIn(row["return_to"]) if row else None


@dataclass(frozen=True, slots=True)
class Entry:
    """What the door said about somebody who came in: on which session it hangs, and the proof of it, sealed."""

    session_id: SessionId
    actor_group: ActorGroup
    id_token_sealed: bytes


async def open_app_session(tx: Transaction, app: App, *, token: str, entry: Entry, before: str | None) -> bool:
    """Open a session of the app in place of the one this browser had before (N-18); False when what it hangs on ended.

    ``token`` is new each time: whatever was in the cookie before opens nothing any more.
    """
    if before is not None:
        await leave(tx, app, token=before)
    opened = await tx.fetchval(
        "insert into shell_session (token_hash, app, session_id, actor_group, id_token_sealed)"
        f" select $1, $2, s.session_id, $4, $5 from sessions_session s where s.session_id = $3 and {LIVE}"
        " returning true",
        digest(token),
        app.name,
        entry.session_id,
        entry.actor_group.value,
        entry.id_token_sealed,
    )
    return bool(opened)


async def leave(connection: Connection, app: App, *, token: str) -> None:
    """Forget this browser's session of the app. What it hangs on is ended at the door."""
    await connection.execute("delete from shell_session where token_hash = $1 and app = $2", digest(token), app.name)


async def forget_old_signins(connection: Connection) -> int:
    """Delete ways in that can no longer be gone; return how many. Nothing is decided here (D4)."""
    status = await connection.execute("delete from shell_signin where expires_at < kit_now() - interval '1 hour'")
    return int(status.split()[-1])
