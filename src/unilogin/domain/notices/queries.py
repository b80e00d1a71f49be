"""Who is written to, and how letters fare."""

from asyncpg import Record

from unilogin.domain.directory.custody import CUSTODIANS
from unilogin.domain.directory.model import AccountId, PersonId
from unilogin.domain.notices.model import Carried, Letter, Notice, NoticeId, Written
from unilogin.kit.db.connection import Connection

WAITING = "l.sent_at is null and l.given_up_at is null"

SMALL = """case when p.birth_date is not null
    then p.birth_date + interval '13 years' > (kit_now() at time zone 'Europe/Copenhagen')::date
    else exists (select from directory_membership s where s.person_id = p.person_id and s.ended_at is null
                   and s.actor_group = 'Elev' and s.level in ('DT', '0', '1', '2', '3', '4', '5', '6')) end"""
"""Whether the person of ``p`` is under 13 today. Without a date of birth the grade says it."""

_MINOR = """case when p.birth_date is not null
    then p.birth_date + interval '18 years' > (kit_now() at time zone 'Europe/Copenhagen')::date
    else exists (select from directory_membership s where s.person_id = p.person_id and s.ended_at is null
                   and s.actor_group = 'Elev'
                   and s.level in ('DT', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '10')) end"""

TOLD_TO_ALL = (Notice.CPR_CHANGED,)
"""Of these both hear: the pupil, however small, and until they are 18 the parents with custody."""

_TO_ALL = f"n.kind = any ('{{{','.join(TOLD_TO_ALL)}}}')"

RECIPIENT = f"""(r.person_id = p.person_id and (not {SMALL} or {_TO_ALL})
    or ({SMALL} or {_TO_ALL} and {_MINOR}) and r.person_id in ({CUSTODIANS}))"""
"""Whether the person of ``r`` is to be told today what happened to the person of ``p`` (both directory_person), by
notice ``n``."""

HERE = "at time zone 'Europe/Copenhagen'"
"""People read Danish time; the database knows when summer is, and a slim machine may not."""

LETTER = f"""
  l.notice_id, l.person_id, l.attempts, n.account_id, n.kind, n.times,
  n.happened_at {HERE} as happened_at, n.last_at {HERE} as last_at,
  case when l.person_id <> a.person_id
       then case when p.protected then p.alias_first_name else p.first_name end end as child,
  case when {RECIPIENT} then r.email end as address
"""
"""The columns of a letter as it stands now, but ``due_at``: ``a`` and ``p`` are whom it is about, ``r`` reads it."""


def letter_of(row: Record) -> Letter:
    """Return the letter in a row with the columns of ``LETTER``."""
    return Letter(
        NoticeId(row["notice_id"]),
        PersonId(row["person_id"]),
        AccountId(row["account_id"]),
        Notice(row["kind"]),
        row["times"],
        row["happened_at"],
        row["last_at"],
        row["child"],
        row["address"],
        row["attempts"],
        row["due_at"],
    )


_NEWEST = f"""
  select {LETTER}, l.next_try_at as due_at, l.sent_at is not null as sent, {WAITING} as waiting, l.last_answer
  from notices_letter l join notices_notice n using (notice_id)
  join directory_account a using (account_id) join directory_person p on p.person_id = a.person_id
  join directory_person r on r.person_id = l.person_id
  order by l.written_at desc, l.notice_id desc limit $1
"""


async def newest_letters(connection: Connection, *, limit: int = 100) -> list[Written]:
    """Return the newest letters, whether they went out or not."""
    rows = await connection.fetch(_NEWEST, limit)
    return [Written(letter_of(row), row["sent"], row["waiting"], row["last_answer"]) for row in rows]


_CARRIED = f"""
  select n.kind, count(distinct n.notice_id) as noted,
         count(distinct n.notice_id) filter (where n.settled_at is not null and l.notice_id is null) as nobody,
         count(l.sent_at) as sent, count(l.given_up_at) as not_sent,
         count(l.notice_id) filter (where {WAITING}) as waiting,
         min(l.written_at) filter (where {WAITING}) as waiting_since,
         (array_agg(l.last_answer order by l.next_try_at desc) filter (where l.last_answer is not null))[1]
           as last_answer
  from notices_notice n left join notices_letter l using (notice_id) group by n.kind order by n.kind
"""


async def carried(connection: Connection) -> list[Carried]:
    """Return how the letters of each kind fare."""
    return [
        Carried(
            Notice(row["kind"]),
            row["noted"],
            row["nobody"],
            row["sent"],
            row["waiting"],
            row["not_sent"],
            row["waiting_since"],
            row["last_answer"],
        )
        for row in await connection.fetch(_CARRIED)
    ]


_QUEUE = f"""
  select (select count(*) from notices_letter l where {WAITING})
           + (select count(*) from notices_notice where settled_at is null and due_at <= kit_now()) as depth,
         greatest(0, coalesce(extract(epoch from kit_now() - least(
           (select min(l.next_try_at) from notices_letter l where {WAITING}),
           (select min(due_at) from notices_notice where settled_at is null and due_at <= kit_now()))), 0))::float8
           as oldest,
         (select count(*) from notices_letter l where given_up_at > kit_now() - interval '1 day'
            and last_answer not in ('no_server', 'no_address')) as given_up
"""


async def queue(connection: Connection) -> tuple[int, float, int]:
    """Return how much waits, how long the oldest has been due, and how many letters were given up within a day."""
    row = await connection.fetchrow(_QUEUE)
    return (row["depth"], row["oldest"], row["given_up"]) if row else (0, 0.0, 0)
