"""Reading what boards show: one statement for any number of classes, by keys alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from asyncpg import Record

from unilogin.apps.elevadgang.board import Asking, Opened, Seen
from unilogin.apps.elevadgang.queries import pupils_of
from unilogin.domain.access.teaching import ClassInReach
from unilogin.domain.credentials.windows import UNDO_SECONDS, WINDOW_SECONDS, WRONG_CODES, WindowState
from unilogin.domain.directory.model import AccountId
from unilogin.domain.limits.queries import SHUT_OUT
from unilogin.domain.sessions.queries import LIVE
from unilogin.kit.db.connection import Connection
from unilogin.signin.happenings import Happened, Step

_OPEN = f"c.claimed_at is null and c.cancelled_at is null and c.expires_at > kit_now() and c.wrong < {WRONG_CODES}"

# Nobody's windows but those of teachers at this school, and none of an earlier lesson.
_WINDOW = f"""
  select c.opened_at, c.expires_at, c.tries, case when {_OPEN} then c.check_code end as check_code,
         case when c.undone_at is not null then 'undone' when c.claimed_at is not null then 'claimed'
              when c.cancelled_at is not null then 'cancelled' when {_OPEN} then 'open' else 'run out' end as state,
         coalesce(c.undone_at, c.claimed_at, c.cancelled_at, case when {_OPEN} then c.opened_at else c.expires_at end)
           as moment,
         c.undone_at is null and c.claimed_at > kit_now() - interval '{UNDO_SECONDS} seconds' as may_undo
  from credentials_window c
  where c.account_id = w.account_id and c.institution_id = v.institution_id and c.kind = 'teacher'
    and c.opened_at > v.began_at - interval '{WINDOW_SECONDS + UNDO_SECONDS} seconds'
  order by c.opened_at desc limit 1
"""

_ASKING = f"""
  select r.request_id, y.name, y.name_en
  from sessions_session s join sessions_vouch_request r using (session_id) join services_service y using (service_id)
  where s.account_id = w.account_id and r.answered_at is null and r.cancelled_at is null
    and r.expires_at > kit_now() and {LIVE}
  order by r.asked_at limit 1
"""

_LOOK = f"""
  select v.group_key, w.account_id, a.blocked_at is not null as blocked, {SHUT_OUT} as shut_out,
         w.step, w.at, w.wrong, x.name as service, x.name_en as service_en,
         c.state, c.opened_at, c.expires_at, c.moment, c.tries, c.may_undo, c.check_code,
         r.request_id, r.name as asks_for, r.name_en as asks_for_en
  from signin_watch v join signin_watched w using (watch_id) join directory_account a using (account_id)
    left join services_service x on x.service_id = w.service_id
    left join lateral ({_WINDOW}) c on true
    left join lateral ({_ASKING}) r on true
  where v.group_key = any($1::uuid[]) and v.expires_at > kit_now()
"""

Board = dict[AccountId, Seen]


@dataclass(frozen=True, slots=True)
class Audience:
    """The pupils of a class: ``everybody`` is watched; ``shown``, with names, are those this one may help."""

    everybody: list[AccountId]
    shown: dict[AccountId, str]


async def audience_of(connection: Connection, held: ClassInReach) -> Audience:
    """Return the pupils of a class in reach, by name."""
    pupils = await pupils_of(connection, held)
    shown = {pupil.account_id: pupil.name for pupil in pupils if pupil.reachable}
    return Audience([pupil.account_id for pupil in pupils], shown)


async def look(connection: Connection, classes: Sequence[UUID]) -> dict[UUID, Board]:
    """Return how it stands with each pupil of each of these classes; a class that is not watched is not in it."""
    boards: dict[UUID, Board] = {}
    for row in await connection.fetch(_LOOK, list(classes)):
        seen = _seen(row)
        boards.setdefault(row["group_key"], {})[seen.account_id] = seen
    return boards


def _seen(row: Record) -> Seen:
    happened = None
    if row["step"]:
        happened = Happened(Step(row["step"]), row["at"], row["wrong"], row["service"], row["service_en"])
    window = None
    if row["state"]:
        window = Opened(
            WindowState(row["state"]),
            row["opened_at"],
            row["expires_at"],
            row["moment"],
            row["tries"],
            bool(row["may_undo"]),
            row["check_code"],
        )
    asking = Asking(row["request_id"], row["asks_for"], row["asks_for_en"]) if row["request_id"] else None
    return Seen(AccountId(row["account_id"]), row["blocked"], row["shut_out"], happened, window, asking)
