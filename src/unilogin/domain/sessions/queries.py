"""Finding the session of a browser."""

from asyncpg import Record

from unilogin.domain.directory.model import AccountId, ActorGroup
from unilogin.domain.services.model import Level
from unilogin.domain.sessions.model import Device, OwnSession, Session, SessionId, Visit
from unilogin.kit.db.connection import Connection
from unilogin.kit.ids import digest

LIVE = """(s.ended_at is null and s.expires_at > kit_now()
  and s.seen_at + s.idle_seconds * interval '1 second' > kit_now())"""
"""True for a session ``s`` that is alive now; every statement that issues or answers for one contains it (D4)."""

LEVEL = f"case when s.vouched_until > kit_now() then '{Level.VOKSEN_VERIFICERET}' else s.level end"
"""How sure a session ``s`` is at this moment: what its owner proved, or that and the word of an adult while it holds.

Read it, never the column, wherever something is issued or answered.
"""

COLUMNS = f"s.session_id, s.account_id, s.method, {LEVEL} as level, s.auth_time"


def session_of(row: Record) -> Session:
    """Return the session in a row that has ``COLUMNS``."""
    return Session(
        SessionId(row["session_id"]), AccountId(row["account_id"]), row["method"], Level(row["level"]), row["auth_time"]
    )


async def live_session(connection: Connection, token: str) -> Session | None:
    """Return the live session of a cookie's token, or None."""
    row = await connection.fetchrow(
        f"select {COLUMNS} from sessions_session s where s.token_hash = $1 and {LIVE}", digest(token)
    )
    return session_of(row) if row else None


async def live_session_by_id(connection: Connection, session_id: SessionId) -> Session | None:
    """Return the session when it is alive, or None."""
    row = await connection.fetchrow(
        f"select {COLUMNS} from sessions_session s where s.session_id = $1 and {LIVE}", session_id
    )
    return session_of(row) if row else None


async def device_of(connection: Connection, session_id: SessionId) -> Device:
    """Return whose device a session is on, as the person said."""
    return Device(await connection.fetchval("select device from sessions_session where session_id = $1", session_id))


async def own_sessions(connection: Connection, account_id: AccountId) -> list[OwnSession]:
    """Return where an account is signed in now, the latest used first."""
    rows = await connection.fetch(
        "select s.session_id, s.method, s.device, s.browser, s.auth_time, s.seen_at from sessions_session s"
        f" where s.account_id = $1 and {LIVE} order by s.seen_at desc",
        account_id,
    )
    return [
        OwnSession(
            SessionId(row["session_id"]),
            row["method"],
            Device(row["device"]),
            row["browser"],
            row["auth_time"],
            row["seen_at"],
        )
        for row in rows
    ]


async def visits(connection: Connection, session_id: SessionId) -> list[Visit]:
    """Return the services this session was used for, in order."""
    rows = await connection.fetch(
        "select x.name, v.actor_group from sessions_visit v join services_service x using (service_id)"
        " where v.session_id = $1 order by v.first_at",
        session_id,
    )
    return [Visit(row["name"], ActorGroup(row["actor_group"])) for row in rows]
