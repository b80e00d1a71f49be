"""Reading pupils and who helped whom: one statement a page, whatever the size of the school or of the country."""

from collections.abc import Sequence

from asyncpg import Record

from unilogin.apps.elevadgang.model import Help, Match, Pupil, Size
from unilogin.domain.access.care import in_care
from unilogin.domain.access.model import GroupKey
from unilogin.domain.access.teaching import GRADE, IN_NO_GROUP, NO_STAFF, PUPIL_OF_GROUP, ClassInReach, held_at
from unilogin.domain.audit.events import Event
from unilogin.domain.credentials.model import PasswordType
from unilogin.domain.credentials.rules import password_type
from unilogin.domain.directory.model import (
    AccountId,
    ActorGroup,
    Belonging,
    InstitutionId,
    InstitutionNumber,
    Username,
)
from unilogin.domain.directory.queries import DISPLAY_NAME
from unilogin.domain.limits.model import FIRST_DEVICE
from unilogin.kit.db.connection import Connection
from unilogin.kit.db.patterns import holding

_SHUT_OUT = f"""exists (select from limits_bucket b where b.account_id = a.account_id and b.place < {FIRST_DEVICE}
  and (b.open_at > kit_now() or b.failures >= 5
       or b.day = (kit_now() at time zone 'Europe/Copenhagen')::date and b.day_failures >= 5))"""
"""Guessed at so often that it may be closed, at the school or elsewhere."""

_PUPILS = f"""
  select a.account_id, {DISPLAY_NAME} as name, a.username, s.type as has, f.type as forced, m.level,
         a.blocked_at is not null as blocked, a.blocked_why, ($3::int is null or {GRADE} <= $3) as reachable,
         {_SHUT_OUT} as shut_out, {in_care()} as in_care
  from {PUPIL_OF_GROUP} join directory_person p on p.person_id = a.person_id
    left join credentials_password s on s.account_id = a.account_id
    left join credentials_forced_type f on f.account_id = a.account_id
  where {held_at("$2")}
  order by name, a.username, in_care
"""


async def pupils_of(connection: Connection, held: ClassInReach) -> list[Pupil]:
    """Return the pupils of a class in reach, by name."""
    rows = await connection.fetch(_PUPILS, held.group_key, held.institution_id, held.highest_grade)
    return list({row["account_id"]: _pupil(held, row) for row in rows}.values())


def _pupil(held: ClassInReach, row: Record) -> Pupil:
    told = row["in_care"]  # nothing is told of another school's pupil but that they are here
    return Pupil(
        AccountId(row["account_id"]),
        row["name"],
        Username(row["username"]),
        PasswordType(row["has"]) if row["has"] and told else None,
        _gets(held, row["level"], row["forced"] if told else None),
        PasswordType(row["forced"]) if row["forced"] and told else None,
        row["blocked"] and told,
        row["blocked_why"] if told else None,
        row["reachable"] and told,
        row["shut_out"] and told,
        told,
    )


def _gets(held: ClassInReach, level: str | None, forced: str | None) -> PasswordType:
    here = Belonging(held.institution_id, InstitutionNumber(held.number), ActorGroup.ELEV, ("Elev",), level)
    return password_type((here,), forced=PasswordType(forced) if forced else None)


MOST_FOUND = 50

_SEARCH = f"""
  select distinct on (name, a.account_id) a.account_id, {DISPLAY_NAME} as name, gm.name as class_name, gm.group_key,
         i.name as school, a.blocked_at is null and ($4 or s.highest_grade is null or {GRADE} <= s.highest_grade)
           and {in_care()} as may
  from (
      select g.group_key, g.name, o.membership_id, o.main
      from directory_group g join directory_group_member o using (group_key) where g.group_key = any($1::uuid[])
      union all
      select m.institution_id, '', m.membership_id, true
      from directory_membership m where m.institution_id = any($1::uuid[]) and {IN_NO_GROUP}
    ) gm
    join directory_membership m on m.membership_id = gm.membership_id and m.actor_group = 'Elev' and m.ended_at is null
    join directory_institution i on i.institution_id = m.institution_id
    left join access_school s on s.institution_id = m.institution_id
    join directory_account a on a.person_id = m.person_id and {NO_STAFF}
    join directory_person p on p.person_id = m.person_id
  where {DISPLAY_NAME} ilike $2 escape '\\' or a.username = lower($3) and {in_care()}
  order by name, a.account_id, gm.main desc limit {MOST_FOUND}
"""


async def search(
    connection: Connection, classes: Sequence[ClassInReach], term: str, *, administrator: bool
) -> list[Match]:
    """Return the pupils of classes in reach whose shown name holds the term, or whose username it is."""
    keys = [held.group_key for held in classes]
    rows = await connection.fetch(_SEARCH, keys, holding(term), term, administrator)
    return [
        Match(
            AccountId(row["account_id"]),
            row["name"],
            row["class_name"],
            GroupKey(row["group_key"]),
            row["school"],
            row["may"],
        )
        for row in rows
    ]


_SIZES = f"""
  select gm.group_key, count(*) as pupils, count(*) filter (where c.account_id is null) as without
  from (
      select group_key, membership_id from directory_group_member where group_key = any($1::uuid[])
      union all
      select m.institution_id, m.membership_id
      from directory_membership m where m.institution_id = any($1::uuid[]) and {IN_NO_GROUP}
    ) gm
    join directory_membership m on m.membership_id = gm.membership_id and m.actor_group = 'Elev' and m.ended_at is null
    join directory_account a on a.person_id = m.person_id and {NO_STAFF}
    left join credentials_password c on c.account_id = a.account_id
  group by gm.group_key
"""


async def sizes(connection: Connection, classes: Sequence[ClassInReach]) -> dict[GroupKey, Size]:
    """Return how many pupils each class has, and how many of them never had a password."""
    rows = await connection.fetch(_SIZES, [held.group_key for held in classes])
    return {GroupKey(row["group_key"]): Size(row["pupils"], row["without"]) for row in rows}


HELP: tuple[Event, ...] = (
    Event.WINDOW_OPENED,
    Event.WINDOW_CLAIMED,
    Event.WINDOW_CANCELLED,
    Event.WINDOW_UNDONE,
    Event.WINDOW_TRIED,
    Event.THROTTLE_REOPENED,
    Event.VOUCH_GIVEN,
    Event.PUPIL_USERNAME_SHOWN,
    Event.ACCOUNT_BLOCKED,
    Event.ACCOUNT_UNBLOCKED,
    Event.CLASS_LENT,
    Event.LOAN_ENDED,
    Event.SCHOOL_DECIDED,
)
MOST_LINES = 200

_BY = DISPLAY_NAME.replace("p.", "bp.")
_HELPED = f"""
  select e.at, e.action,
         case when e.action = '{Event.ACCOUNT_BLOCKED}' then e.detail ->> 'why' end as word,
         {_BY} as by, {DISPLAY_NAME} as pupil
  from audit_event e
    left join directory_account ba on ba.account_id = case
      when e.actor_kind = 'person' and e.actor_id ~ '^[0-9a-f-]{{36}}$' then e.actor_id::uuid end
    left join directory_person bp on bp.person_id = ba.person_id
    left join directory_account a on a.account_id = e.account_id
    left join directory_person p on p.person_id = a.person_id
  where e.institution_id = $1 and e.action = any($2::text[])
    and ($3 = '' or {_BY} ilike $4 escape '\\' or {DISPLAY_NAME} ilike $4 escape '\\')
  order by e.at desc, e.sequence desc limit {MOST_LINES}
"""


async def helped(connection: Connection, institution_id: InstitutionId, *, term: str) -> list[Help]:
    """Return who helped whom at an institution, the newest first."""
    rows = await connection.fetch(_HELPED, institution_id, [event.value for event in HELP], term, holding(term))
    return [Help(row["at"], row["action"], row["word"], row["by"], row["pupil"]) for row in rows]
