"""Noting that somebody should be told, and what became of it."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from unilogin.domain.directory.model import AccountId
from unilogin.domain.notices.model import Letter, Notice, NoticeId
from unilogin.domain.notices.queries import LETTER, RECIPIENT, WAITING, letter_of
from unilogin.domain.notices.rules import (
    CARRIED_AT_ONCE,
    GIVE_UP_AFTER,
    LEASE_SECONDS,
    NO_SERVER,
    ONCE,
    checked_detail,
    gathered_for,
    quiet_for,
)
from unilogin.kit.db.connection import Connection, Transaction

_NOTHING: Mapping[str, str] = MappingProxyType({})

# The index of what is open decides between any number at once: one is written, the others are added to it.
_TELL = """
  insert into notices_notice as n (account_id, kind, detail, due_at)
  select $1, $2, $3, greatest(kit_now(), max(b.due_at) + $4::interval)
  from notices_notice b where b.account_id = $1 and b.kind = $2
  having coalesce(max(b.last_at) <= kit_now() - $5::interval, true)
  on conflict (account_id, kind) where settled_at is null
  do update set times = n.times + 1, last_at = kit_now(), detail = excluded.detail
  returning n.notice_id
"""


async def tell(
    tx: Transaction, account_id: AccountId, notice: Notice, *, detail: Mapping[str, str] = _NOTHING
) -> NoticeId | None:
    """Note that something happened to this account, in the transaction in which it happens (N-10).

    Whoever should know gets a letter soon after the commit: the owner, or for a pupil under 13 the parents with
    custody; of some things both. The same again within an hour is told in one letter. ``detail`` is for the account's
    own page: words of ours, never a name, a username, a secret or a number. Returns the notice; None when it is too
    soon for another one.
    """
    words = checked_detail(detail)
    made = await tx.fetchval(_TELL, account_id, notice.value, words, gathered_for(notice), quiet_for(notice))
    return None if made is None else NoticeId(made)


SETTLED_AT_ONCE = 100

_SETTLE = f"""
  with due as (
    select notice_id from notices_notice where settled_at is null and due_at <= kit_now()
    order by due_at limit {SETTLED_AT_ONCE} for update skip locked
  ), settled as (
    update notices_notice n set settled_at = kit_now() from due where n.notice_id = due.notice_id
    returning n.notice_id, n.account_id, n.kind
  ), written as (
    insert into notices_letter (notice_id, person_id)
    select n.notice_id, r.person_id
    from settled n join directory_account a using (account_id) join directory_person p on p.person_id = a.person_id
    join directory_person r on r.email is not null and r.person_id in (
      select p.person_id union all
      select k.contact_person_id from directory_membership m join directory_contact k using (membership_id)
      where m.person_id = p.person_id)
    where {RECIPIENT}
  )
  select count(*) from settled
"""


async def settle_notices(connection: Connection) -> None:
    """Write the letters of every notice that is due: to whom is decided now, not when it happened."""
    while await connection.fetchval(_SETTLE) == SETTLED_AT_ONCE:
        pass


_CLAIM = f"""
  update notices_letter l
  set attempts = l.attempts + 1, next_try_at = kit_now() + interval '{LEASE_SECONDS} seconds'
  from (
    select l.notice_id, l.person_id, l.next_try_at as due_at
    from notices_letter l where {WAITING} and l.next_try_at <= kit_now()
    order by l.next_try_at limit {CARRIED_AT_ONCE} for update skip locked
  ) due, notices_notice n, directory_account a, directory_person p, directory_person r
  where l.notice_id = due.notice_id and l.person_id = due.person_id and n.notice_id = l.notice_id
    and a.account_id = n.account_id and p.person_id = a.person_id and r.person_id = l.person_id
  returning {LETTER}, due.due_at
"""


async def claim_letters(connection: Connection) -> list[Letter]:
    """Claim a few letters that are due: nobody else carries them until the lease is over."""
    return [letter_of(row) for row in await connection.fetch(_CLAIM)]


_THIS = "notice_id = $1 and person_id = $2 and sent_at is null"


async def note_sent(connection: Connection, letter: Letter) -> None:
    """Note that the mail server has taken the letter."""
    await connection.execute(
        f"update notices_letter set sent_at = kit_now(), last_answer = 'taken' where {_THIS}",
        letter.notice_id,
        letter.person_id,
    )


async def note_failure(
    connection: Connection, letter: Letter, *, answer: str, pause_seconds: float, for_good: bool
) -> bool:
    """Note what came instead, and when to try again if not given up ``for_good``; return True when it is."""
    return bool(
        await connection.fetchval(
            "update notices_letter set last_answer = $3, next_try_at = kit_now() + $4 * interval '1 second',"
            f" given_up_at = case when $5 then kit_now() end where {_THIS} returning given_up_at is not null",
            letter.notice_id,
            letter.person_id,
            answer,
            pause_seconds,
            for_good,
        )
    )


async def put_back(connection: Connection, letters: Sequence[Letter], *, answer: str) -> None:
    """Put claimed letters back that were not tried after all, as due as they were, with the reason."""
    await connection.execute(
        "update notices_letter l set attempts = attempts - 1, next_try_at = b.due_at, last_answer = $4"
        " from unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) as b (notice_id, person_id, due_at)"
        " where l.notice_id = b.notice_id and l.person_id = b.person_id and l.sent_at is null",
        [letter.notice_id for letter in letters],
        [letter.person_id for letter in letters],
        [letter.due_at for letter in letters],
        answer,
    )


async def give_up_late(connection: Connection) -> int:
    """Give up what could not be handed in for a day; return how many. Old news would only frighten."""
    status = await connection.execute(
        "update notices_letter l set given_up_at = kit_now(), last_answer = coalesce(l.last_answer, 'late')"
        f" where {WAITING} and l.written_at < kit_now() - $1::interval and l.next_try_at <= kit_now()",
        GIVE_UP_AFTER,
    )
    return int(status.split()[-1])


async def keep_unsent(connection: Connection) -> None:
    """Put every letter aside as not sent, where no mail server is set: a later one must not send old news."""
    await connection.execute(
        f"update notices_letter l set given_up_at = kit_now(), last_answer = '{NO_SERVER}' where {WAITING}"
    )


KEPT_DAYS = 180


async def forget_notices_of(tx: Transaction, accounts: Sequence[AccountId]) -> None:
    """Delete all notices about people who are forgotten, and their letters."""
    await tx.execute("delete from notices_notice where account_id = any ($1::uuid[])", accounts)


async def forget_old_notices(connection: Connection) -> int:
    """Delete old notices and their letters, but those of what is told once; return how many."""
    status = await connection.execute(
        f"delete from notices_notice where last_at < kit_now() - interval '{KEPT_DAYS} days' and kind <> all($1)",
        [notice.value for notice in Notice if quiet_for(notice) >= ONCE],
    )
    return int(status.split()[-1])
