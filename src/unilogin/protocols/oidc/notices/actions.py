"""Queueing what services are to be told, claiming it, and noting what came of it. Each is one statement."""

from asyncpg import Record

from unilogin.domain.services.model import ClientId
from unilogin.domain.services.queries import ENABLED
from unilogin.domain.sessions.actions import ENDED_AT_ONCE, TAKE_ENDED
from unilogin.domain.sessions.model import SessionId
from unilogin.kit.db.connection import Connection
from unilogin.protocols.oidc.notices.model import Notice
from unilogin.protocols.oidc.notices.queries import WAITING
from unilogin.protocols.oidc.notices.rules import CLAIMED_AT_ONCE, GIVE_UP_AFTER, LEASE_SECONDS

_QUEUE = f"""
  with ended as (
    {TAKE_ENDED} returning t.session_id, t.account_id, t.ended_at
  ), queued as (
    insert into oidc_logout_notice (session_id, client_id, subject)
    select e.session_id, c.client_id, p.subject
    from ended e join sessions_visit v using (session_id) join services_service s using (service_id)
    join services_client c using (service_id)
    join services_pairwise p on p.account_id = e.account_id and p.sector = s.sector
    where c.backchannel_logout_uri is not null and {ENABLED} and e.ended_at > kit_now() - $1::interval
    on conflict do nothing
  )
  select count(*) from ended
"""


async def queue_notices(connection: Connection) -> None:
    """Queue what must be told of every session that was ended: each client of a service it was used for, once.

    A service may have several clients, and a session knows only the service: all of them are told.
    """
    while await connection.fetchval(_QUEUE, GIVE_UP_AFTER) == ENDED_AT_ONCE:
        pass


_CLAIM = f"""
  update oidc_logout_notice t
  set attempts = t.attempts + 1, next_try_at = kit_now() + interval '{LEASE_SECONDS} seconds'
  from (
    select n.session_id, n.client_id from oidc_logout_notice n
    where n.client_id = $1 and {WAITING} and n.next_try_at <= kit_now()
    order by n.next_try_at limit {CLAIMED_AT_ONCE} for update skip locked
  ) due, services_client c join services_service s using (service_id)
  where t.session_id = due.session_id and t.client_id = due.client_id and c.client_id = t.client_id
    and c.backchannel_logout_uri is not null and {ENABLED}
  returning t.session_id, t.client_id, t.subject, t.attempts, c.backchannel_logout_uri, kit_now() as claimed_at
"""


async def claim_notices(connection: Connection, client_id: ClientId) -> list[Notice]:
    """Claim a few of a client's due notices: nobody else tries them until the lease is over."""
    return [_notice(row) for row in await connection.fetch(_CLAIM, client_id)]


def _notice(row: Record) -> Notice:
    return Notice(
        SessionId(row["session_id"]),
        ClientId(row["client_id"]),
        str(row["subject"]),
        row["backchannel_logout_uri"],
        row["attempts"],
        row["claimed_at"],
    )


_THIS = "session_id = $1 and client_id = $2 and told_at is null"


async def note_told(connection: Connection, notice: Notice, *, answer: str) -> None:
    """Note that the client was told."""
    await connection.execute(
        f"update oidc_logout_notice set told_at = kit_now(), last_answer = $3 where {_THIS}",
        notice.session_id,
        notice.client_id,
        answer,
    )


async def note_failure(connection: Connection, notice: Notice, *, answer: str, pause_seconds: float) -> bool:
    """Note what came instead, and when to try again; return True when it is given up."""
    return bool(
        await connection.fetchval(
            "update oidc_logout_notice set last_answer = $3, next_try_at = kit_now() + $4 * interval '1 second',"
            " given_up_at = case when queued_at < kit_now() - $5::interval then kit_now() end"
            f" where {_THIS} returning given_up_at is not null",
            notice.session_id,
            notice.client_id,
            answer,
            pause_seconds,
            GIVE_UP_AFTER,
        )
    )


async def put_back(connection: Connection, notices: list[Notice]) -> None:
    """Put claimed notices of one client back that were not tried after all."""
    await connection.execute(
        "update oidc_logout_notice set attempts = attempts - 1, next_try_at = kit_now()"
        " where client_id = $1 and session_id = any($2) and told_at is null",
        notices[0].client_id,
        [notice.session_id for notice in notices],
    )


KEPT_DAYS = 14
"""Long enough that a developer who asks next week can still be shown what happened."""


async def forget_old_notices(connection: Connection) -> int:
    """Delete old notices; return how many. Nothing is decided here (D4)."""
    status = await connection.execute(
        f"delete from oidc_logout_notice where queued_at < kit_now() - interval '{KEPT_DAYS} days'"
    )
    return int(status.split()[-1])
