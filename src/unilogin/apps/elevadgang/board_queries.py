"""Reading what boards show: one statement for any number of classes, by keys alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from asyncpg import Record

from unilogin.apps.elevadgang.board import Asking, Opened, Seen
from unilogin.apps.elevadgang.queries import pupils_of
from unilogin.domain.access.teaching import ClassInReach
from unilogin.domain.credentials.windows import STATE, UNDO_SECONDS, WINDOW_SECONDS, WindowState
from unilogin.domain.directory.model import AccountId
from unilogin.domain.directory.queries import DISPLAY_NAME
from unilogin.domain.limits.queries import SHUT_OUT
from unilogin.domain.sessions.queries import LIVE
from unilogin.kit.db.connection import Connection
from unilogin.signin.happenings import Happened, Step

# Nobody's windows but those of teachers at this school, and none of an earlier lesson.
_WINDOW = f"""
  select w.opened_at, w.expires_at, w.tries, w.check_code, {STATE} as state,
         coalesce(w.undone_at, w.claimed_at, w.cancelled_at, least(w.expires_at, kit_now())) as ended_at,
         w.undone_at is null and w.claimed_at > kit_now() - interval '{UNDO_SECONDS} seconds' as may_undo
  from credentials_window w
  where w.account_id = d.account_id and w.institution_id = v.institution_id and w.kind = 'teacher'
    and w.opened_at > v.began_at - interval '{WINDOW_SECONDS + UNDO_SECONDS} seconds'
  order by w.opened_at desc limit 1
"""

_ASKING = f"""
  select r.request_id, y.name, y.name_en
  from sessions_session s join sessions_vouch_request r using (session_id) join services_service y using (service_id)
  where s.account_id = d.account_id and r.answered_at is null and r.cancelled_at is null
    and r.expires_at > kit_now() and {LIVE}
  order by r.asked_at limit 1
"""

_LOOK = f"""
  select v.group_key, d.account_id, a.blocked_at is not null as blocked, {SHUT_OUT} as shut_out,
         d.step, d.at, d.wrong, x.name as service, x.name_en as service_en,
         c.state, c.opened_at, c.expires_at, c.ended_at, c.tries, c.may_undo, c.check_code,
         r.request_id, r.name as asks_for, r.name_en as asks_for_en, {DISPLAY_NAME} as called
  from signin_watch v join signin_watched d using (watch_id) join directory_account a using (account_id)
    join directory_person p using (person_id)
    left join services_service x on x.service_id = d.service_id
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
    return Audience([pupil.account_id for pupil in pupils if pupil.in_care], shown)


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
        state = WindowState(row["state"])
        lasts = state in (WindowState.OPEN, WindowState.CLOSED)
        window = Opened(
            state,
            row["opened_at"],
            row["expires_at"],
            row["opened_at"] if lasts else row["ended_at"],
            row["tries"],
            bool(row["may_undo"]),
            row["check_code"] if state is WindowState.OPEN else None,
        )
    asking = Asking(row["request_id"], row["asks_for"], row["asks_for_en"]) if row["request_id"] else None
    return Seen(AccountId(row["account_id"]), row["blocked"], row["shut_out"], happened, window, asking, row["called"])
