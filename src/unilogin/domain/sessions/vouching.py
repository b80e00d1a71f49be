"""Vouching (VoksenVerificeret): an adult's word makes us surer of a pupil, in one session, for two hours.

A parent with custody gives it with MitID at the pupil's own device; a teacher gives it from elsewhere, to a pupil that
waits. Each is one statement with the database's clock, which asks again who may: custody lost a moment ago vouches for
nobody. Only for who is under 18, only by who is not, and never for oneself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from asyncpg import Record

from unilogin.domain.access.gates import IN_CUSTODY, UNDER_18, ChildInCustody, PupilInReach
from unilogin.domain.audit import actions as audit
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.directory.model import AccountId, InstitutionId
from unilogin.domain.notices.actions import tell
from unilogin.domain.notices.model import Notice
from unilogin.domain.services.model import Level, ServiceId
from unilogin.domain.sessions.model import SessionId
from unilogin.domain.sessions.queries import LIVE
from unilogin.kit.db.connection import Connection, Transaction

VOUCHED_SECONDS = 2 * 3600
"""How long an adult's word holds (docs/danish-service.md 3)."""

REQUEST_SECONDS = 10 * 60
"""How long a pupil waits for a teacher: as long as a class can do something else meanwhile."""

RequestId = NewType("RequestId", UUID)


class Voucher(StrEnum):
    """Who vouches."""

    PARENT = "parent"
    TEACHER = "teacher"


class RequestState(StrEnum):
    """How it stands with a pupil that asked for a teacher's word."""

    WAITING = "waiting"
    APPROVED = "approved"
    TURNED_DOWN = "turned down"
    CANCELLED = "cancelled"
    RUN_OUT = "run out"


@dataclass(frozen=True, slots=True)
class VouchRequest:
    """A pupil that asked for a teacher's word, in one session, for one service."""

    request_id: RequestId
    session_id: SessionId
    pupil: AccountId
    service_id: ServiceId
    service_name: str
    asked_at: datetime
    expires_at: datetime
    state: RequestState


CHILD = f"""exists (
  select from directory_membership m join directory_institution i using (institution_id)
    join directory_person child on child.person_id = m.person_id
  where m.person_id = {{who}}.person_id and m.actor_group = 'Elev' and m.ended_at is null and i.active
    and {UNDER_18})"""
"""True when the person of ``{who}`` (directory_account) is a pupil under 18 now."""

_UNSURE = f"(s.level = '{Level.EN_FAKTOR}' and {LIVE})"
"""The session ``s`` is alive, and an adult's word would add something to it."""

_MAY = f"""pupil.account_id <> helper.account_id and pupil.blocked_at is null and helper.blocked_at is null
  and {CHILD.format(who="pupil")} and not {CHILD.format(who="helper")}"""

_VOUCH = f"""
  with said as ({{said}}), raised as (
    update sessions_session s set vouched_until = kit_now() + interval '{VOUCHED_SECONDS} seconds'
    from said where s.session_id = said.session_id and {_UNSURE}
    returning s.session_id, s.account_id, said.service_id, said.helper, s.vouched_until
  ), kept as (
    insert into sessions_vouch (session_id, kind, vouched_by, service_id, expires_at)
    select session_id, '{{kind}}', helper, service_id, vouched_until from raised
  )
  select session_id, account_id, service_id from raised
"""

_BY_PARENT = _VOUCH.format(
    kind=Voucher.PARENT,
    said=f"""
      select s.session_id, $4::uuid as service_id, helper.account_id as helper
      from sessions_session s join directory_account pupil using (account_id),
        directory_account helper join directory_account guardian on guardian.account_id = helper.account_id
      where s.session_id = $1 and pupil.account_id = $2 and helper.account_id = $3
        and {_UNSURE} and {_MAY} and {IN_CUSTODY}""",
)

_WAITING = "(r.answered_at is null and r.cancelled_at is null and r.expires_at > kit_now())"

_ANSWER = f"""
      update sessions_vouch_request r
      set answered_at = kit_now(), answered_by = helper.account_id, institution_id = $4, approved = {{approved}}
      from sessions_session s join directory_account pupil using (account_id), directory_account helper
      where r.request_id = $1 and s.session_id = r.session_id and pupil.account_id = $2 and helper.account_id = $3
        and {_WAITING} and {_UNSURE} and {_MAY}
      returning r.session_id, r.service_id, helper.account_id as helper"""

_BY_TEACHER = _VOUCH.format(kind=Voucher.TEACHER, said=_ANSWER.format(approved="true"))
_TURN_DOWN = _ANSWER.format(approved="false")


async def vouch_as_parent(
    tx: Transaction, session_id: SessionId, child: ChildInCustody, *, service_id: ServiceId
) -> bool:
    """Let a parent vouch for the child whose session this is; False when the session is another's, over, or sure."""
    parent = child.reached_by
    row = await tx.fetchrow(_BY_PARENT, session_id, child.account_id, parent, service_id)
    vouched = await _noted(tx, row, kind=Voucher.PARENT, by=parent, institution_id=None)
    if vouched:
        await stop_asking(tx, session_id, service_id=service_id)
    return vouched


async def approve(tx: Transaction, pupil: PupilInReach, request_id: RequestId) -> bool:
    """Let a teacher vouch for a pupil in reach that waits; False when it does not wait, any more or at all.

    Of any number of answers at once the first counts.
    """
    teacher = pupil.reached_by
    row = await tx.fetchrow(_BY_TEACHER, request_id, pupil.account_id, teacher, pupil.institution_id)
    return await _noted(tx, row, kind=Voucher.TEACHER, by=teacher, institution_id=pupil.institution_id)


async def turn_down(tx: Transaction, pupil: PupilInReach, request_id: RequestId) -> bool:
    """Let a teacher say no to a pupil in reach that waits; False as for ``approve``."""
    teacher = pupil.reached_by
    row = await tx.fetchrow(_TURN_DOWN, request_id, pupil.account_id, teacher, pupil.institution_id)
    if row is None:
        return False
    await note_refused(tx, by=teacher, pupil=pupil.account_id, why="turned down", kind=Voucher.TEACHER)
    return True


async def _noted(
    tx: Transaction, row: Record | None, *, kind: Voucher, by: AccountId, institution_id: InstitutionId | None
) -> bool:
    if row is None:
        return False
    pupil = AccountId(row["account_id"])
    entry = Entry(
        Event.VOUCH_GIVEN,
        Actor.person(by),
        account_id=pupil,
        institution_id=institution_id,
        about=str(row["session_id"]),
        detail={"kind": kind.value, "service": str(row["service_id"])},
    )
    await audit.write(tx, entry)
    await tell(tx, pupil, Notice.VOUCHED, detail={"by": kind.value})
    return True


async def note_refused(
    connection: Connection, *, by: AccountId, pupil: AccountId, why: str, kind: Voucher = Voucher.PARENT
) -> None:
    """Note that somebody proved who they are and does not vouch for this pupil: may not, or would not."""
    detail = {"kind": kind.value, "why": why}
    entry = Entry(Event.VOUCH_REFUSED, Actor.person(by), account_id=pupil, outcome="refused", detail=detail)
    await audit.write(connection, entry)


_COLUMNS = f"""r.request_id, r.session_id, s.account_id, r.service_id, x.name, r.asked_at, r.expires_at,
  case when r.approved then '{RequestState.APPROVED}' when r.answered_at is not null then '{RequestState.TURNED_DOWN}'
       when r.cancelled_at is not null then '{RequestState.CANCELLED}'
       when {_WAITING} and {LIVE} then '{RequestState.WAITING}' else '{RequestState.RUN_OUT}' end as state"""

_REQUESTS = f"""select {_COLUMNS} from sessions_vouch_request r join sessions_session s using (session_id)
  join services_service x using (service_id)"""


def _request(row: Record) -> VouchRequest:
    return VouchRequest(
        RequestId(row["request_id"]),
        SessionId(row["session_id"]),
        AccountId(row["account_id"]),
        ServiceId(row["service_id"]),
        row["name"],
        row["asked_at"],
        row["expires_at"],
        RequestState(row["state"]),
    )


async def ask_teacher(tx: Transaction, session_id: SessionId, *, service_id: ServiceId) -> bool:
    """Let the pupil of a session wait for a teacher's word; to ask twice is to ask once, anew.

    False for who is no pupil under 18, for a session that is over, and for one that needs nobody's word.
    """
    asked = await tx.fetchrow(
        "insert into sessions_vouch_request (session_id, service_id, expires_at)"
        f" select s.session_id, $2, kit_now() + interval '{REQUEST_SECONDS} seconds'"
        " from sessions_session s join directory_account pupil using (account_id)"
        f" where s.session_id = $1 and pupil.blocked_at is null and {_UNSURE} and {CHILD.format(who='pupil')}"
        " on conflict (session_id, service_id) where answered_at is null and cancelled_at is null"
        " do update set asked_at = kit_now(), expires_at = excluded.expires_at"
        " returning (select account_id from sessions_session s where s.session_id = $1)",
        session_id,
        service_id,
    )
    if asked is None:
        return False
    pupil = AccountId(asked["account_id"])
    detail = {"service": str(service_id)}
    await audit.write(
        tx, Entry(Event.VOUCH_ASKED, Actor.person(pupil), account_id=pupil, about=str(session_id), detail=detail)
    )
    return True


async def stop_asking(tx: Transaction, session_id: SessionId, *, service_id: ServiceId) -> bool:
    """Let the pupil no longer wait; False when it did not."""
    row = await tx.fetchrow(
        "update sessions_vouch_request r set cancelled_at = kit_now() from sessions_session s"
        f" where r.session_id = $1 and r.service_id = $2 and s.session_id = r.session_id and {_WAITING}"
        " returning s.account_id",
        session_id,
        service_id,
    )
    if row is None:
        return False
    pupil = AccountId(row["account_id"])
    await audit.write(tx, Entry(Event.VOUCH_CANCELLED, Actor.person(pupil), account_id=pupil, about=str(session_id)))
    return True


async def latest_request(
    connection: Connection, session_id: SessionId, *, service_id: ServiceId
) -> VouchRequest | None:
    """Return what was last asked in this session for this service, or None."""
    row = await connection.fetchrow(
        f"{_REQUESTS} where r.session_id = $1 and r.service_id = $2 order by r.asked_at desc limit 1",
        session_id,
        service_id,
    )
    return _request(row) if row else None


async def waiting_requests(connection: Connection, pupils: Sequence[AccountId]) -> list[VouchRequest]:
    """Return which of these pupils wait for a teacher now, the longest first."""
    rows = await connection.fetch(
        f"{_REQUESTS} where s.account_id = any($1::uuid[]) and {_WAITING} and {LIVE} order by r.asked_at",
        list(pupils),
    )
    return [_request(row) for row in rows]


async def waive(connection: Connection, session_id: SessionId, *, service_id: ServiceId) -> None:
    """Note that a service's wish for more is not fulfilled in this session: nobody is asked twice."""
    await connection.execute(
        "insert into sessions_waiver (session_id, service_id)"
        " select s.session_id, $2 from sessions_session s where s.session_id = $1 on conflict do nothing",
        session_id,
        service_id,
    )


async def has_waived(connection: Connection, session_id: SessionId, *, service_id: ServiceId) -> bool:
    """Tell whether this service's wish was turned down in this session."""
    return bool(
        await connection.fetchval(
            "select exists (select from sessions_waiver where session_id = $1 and service_id = $2)",
            session_id,
            service_id,
        )
    )
