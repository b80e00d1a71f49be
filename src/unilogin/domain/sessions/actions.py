"""Opening, keeping and ending sessions."""

from collections.abc import Sequence

from unilogin.domain.audit import actions as audit
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.directory.model import AccountId
from unilogin.domain.services.model import Level
from unilogin.domain.sessions import rules
from unilogin.domain.sessions.model import (
    Device,
    EndedSession,
    Lifetime,
    OpenedSession,
    SessionId,
    SessionRight,
    UsedDevice,
)
from unilogin.kit.db.connection import Connection, Transaction
from unilogin.kit.ids import digest, new_token

_OPEN = f"""
  with opened as (
    insert into sessions_session (token_hash, account_id, method, level, idle_seconds, expires_at, device, browser)
    values ($1, $2, $3, $4, $5, kit_now() + $6 * interval '1 second', $9, $10) returning session_id
  ), logged as (
    {audit.INSERT}
    select $7, 'person', $2::uuid::text, $2::uuid, null, session_id::text, 'ok', $8,
           jsonb_build_object('method', $3::text, 'level', $4::text)
    from opened
  )
  select session_id from opened
"""


async def open_session(
    tx: Transaction,
    account_id: AccountId,
    *,
    method: str,
    level: Level,
    lifetime: Lifetime,
    on: UsedDevice,
    request_id: str | None,
) -> OpenedSession:
    """Open a session for somebody who has just proved who they are; always a new token (N-18)."""
    token = new_token()
    session_id = await tx.fetchval(
        _OPEN,
        digest(token),
        account_id,
        method,
        level.value,
        lifetime.idle_seconds,
        lifetime.absolute_seconds,
        Event.SIGNIN_SUCCEEDED.value,
        request_id,
        on.device.value,
        on.browser[: rules.BROWSER_CHARACTERS],
    )
    return OpenedSession(SessionId(session_id), token)


_CARRY = f"""
  with carried as (
    insert into sessions_right (session_id, institution_id, name)
    select $1, given.institution_id, given.name from unnest($2::uuid[], $3::text[]) as given (institution_id, name)
    on conflict do nothing returning session_id, institution_id, name
  )
  {audit.INSERT}
  select $4, 'person', s.account_id::text, s.account_id, c.institution_id, c.name, 'ok', null,
         jsonb_build_object('session', c.session_id)
  from carried c join sessions_session s using (session_id)
"""


async def carry_rights(tx: Transaction, session_id: SessionId, rights: Sequence[SessionRight]) -> None:
    """Give rights to one session, for as long as it lives."""
    await tx.execute(
        _CARRY,
        session_id,
        [right.institution_id for right in rights],
        [right.right.value for right in rights],
        Event.RIGHT_CARRIED.value,
    )


TOUCH = f"""update sessions_session t set seen_at = kit_now()
  where t.ended_at is null and t.seen_at < kit_now() - interval '{rules.TOUCH_SECONDS} seconds' and t.session_id"""
"""For a statement of another room: notes that a session is in use. ``touched as ({TOUCH} = $1 …)``."""

INSERT_VISIT = "insert into sessions_visit (session_id, service_id, actor_group)"
VISIT_AGAIN = """on conflict (session_id, service_id) do update set actor_group = excluded.actor_group
  where sessions_visit.actor_group <> excluded.actor_group"""
"""For a statement of another room: remembers that a session entered a service in a group.

``visited as ({INSERT_VISIT} select … {VISIT_AGAIN})``.
"""


_TELL_OF_PREDECESSORS = """update sessions_session set announced_at = null
  where succeeded_by = any($1::uuid[]) and announced_at is not null"""


async def succeed_session(tx: Transaction, before: SessionId, *, by: SessionId, actor: Actor) -> bool:
    """End a session whose owner has proved more in the same browser: the new one takes its place (N-18).

    Nobody is logged out by that, so the services it was used for are told when the new one is ended, of both. Return
    False when it had ended already.
    """
    ended = await tx.fetchrow(
        "update sessions_session set ended_at = kit_now(), ended_why = 'proved more', announced_at = kit_now(),"
        " succeeded_by = $2 where session_id = $1 and ended_at is null returning account_id",
        before,
        by,
    )
    if ended is None:
        return False
    await tx.execute("update sessions_session set succeeded_by = $2 where succeeded_by = $1", before, by)
    entry = Entry(
        Event.SESSION_ENDED,
        actor,
        account_id=ended["account_id"],
        about=str(before),
        detail={"why": "proved more"},
    )
    await audit.write(tx, entry)
    return True


async def end_session(tx: Transaction, session_id: SessionId, *, why: str, actor: Actor) -> EndedSession | None:
    """End one session and with it every token that hangs on it; return None when it had ended already.

    The services it was used for are told afterwards: the ended row is their place in the queue (``TAKE_ENDED``).
    """
    row = await tx.fetchrow(
        "update sessions_session set ended_at = kit_now(), ended_why = $2"
        " where session_id = $1 and ended_at is null returning account_id, device",
        session_id,
        why,
    )
    if row is None:
        return None
    await tx.execute(_TELL_OF_PREDECESSORS, [session_id])
    account_id = AccountId(row["account_id"])
    entry = Entry(Event.SESSION_ENDED, actor, account_id=account_id, about=str(session_id), detail={"why": why})
    await audit.write(tx, entry)
    return EndedSession(session_id, account_id, Device(row["device"]))


async def end_all_sessions(
    tx: Transaction, account_id: AccountId, *, why: str, actor: Actor, but: SessionId | None = None
) -> int:
    """End every session of an account, everywhere but one, as ``end_session`` ends one; return how many."""
    rows = await tx.fetch(
        "update sessions_session set ended_at = kit_now(), ended_why = $2"
        " where account_id = $1 and ended_at is null and session_id is distinct from $3 returning session_id",
        account_id,
        why,
        but,
    )
    if rows:
        await tx.execute(_TELL_OF_PREDECESSORS, [row["session_id"] for row in rows])
    for row in rows:
        detail = {"why": why}
        entry = Entry(Event.SESSION_ENDED, actor, account_id=account_id, about=str(row["session_id"]), detail=detail)
        await audit.write(tx, entry)
    return len(rows)


ENDED_AT_ONCE = 500

TAKE_ENDED = f"""update sessions_session t set announced_at = kit_now() where t.session_id in (
    select s.session_id from sessions_session s where s.ended_at is not null and s.announced_at is null
    order by s.ended_at limit {ENDED_AT_ONCE} for update skip locked)"""
"""For a statement of another room: takes sessions that were ended, each once, to tell the services they were used for.

``ended as ({TAKE_ENDED} returning t.session_id, …)``: what the statement makes of them commits with it, so that nothing
is lost with a server. Sessions that ran out are nobody's news, and never come here.
"""


async def forget_old_sessions(connection: Connection) -> int:
    """Delete sessions dead for more than 90 days; return how many. Nothing is decided here (D4).

    Who waited for a teacher is forgotten the next day.
    """
    await connection.execute("delete from sessions_vouch_request where expires_at < kit_now() - interval '1 day'")
    status = await connection.execute(
        "delete from sessions_session where greatest(expires_at, coalesce(ended_at, expires_at))"
        " < kit_now() - interval '90 days'"
    )
    return int(status.split()[-1])
