"""An attempt to guess is reserved before it is made. What becomes of it: ``outcomes.py``.

An attempt is counted in the same statement that allows it, and committed before anything is hashed. A worker that dies
in between has spent the attempt, so no crash, no parallel request and no second node wins a guess (V-47, RT-07, RT-14).
"""

from asyncpg import Record

from unilogin.domain.limits import rules
from unilogin.domain.limits.fingerprints import AGAIN_BYTES, NO_SITE, SITE_BYTES
from unilogin.domain.limits.model import (
    Answer,
    Closed,
    Crowded,
    DeviceKey,
    Guess,
    Place,
    Reserved,
    Sprayed,
    Waiting,
)
from unilogin.kit.db.connection import Connection

OPEN = "to_timestamp(0)"
"""When a bucket opened that nothing holds back: long ago, not now, so a clock that jumps back closes none (F-20)."""

TODAY = "(kit_now() at time zone 'Europe/Copenhagen')::date"
WINDOW = f"interval '{rules.WINDOW_SECONDS} seconds'"
_PRINTS_BYTES = 3 * AGAIN_BYTES


def _opens_after(seconds: str) -> str:
    return f"case {seconds} when 0 then {OPEN} else kit_now() + interval '1 second' * {seconds} end"


# $1 account key, $2 place, $3 account id, $4 print, $5 waits, $6 guesses a day. The row is written whatever the
# verdict is, so that RETURNING shows what was true at that moment, not a snapshot taken before a lock was waited for.
# "again" comes first: a second click while the first is being hashed must not meet the wait that the first has begun.
# A row of a name that was nobody's begins anew when the name is given: nobody can close an account before it exists.
_COUNT = f"""
  (account_id, failures, pressure, counted_at, open_at, day, day_failures, prints, verdict) = (
    select $3::uuid, was.failures + counts, case counts when 1 then was.pressure + 1 else b.pressure end,
           case counts when 1 then kit_now() else b.counted_at end,
           case counts when 1
             then {_opens_after("($5::real[])[least((was.pressure + 1)::int + 1, cardinality($5::real[]))]")}
             else was.open_at end,
           {TODAY}, was.day_failures + counts,
           case counts when 1 then substring($4::bytea || was.prints for {_PRINTS_BYTES}) else was.prints end, verdict
    from (
      select case when other then 0 else b.failures end as failures,
             case when other then 0
               else greatest(0, b.pressure - extract(epoch from kit_now() - b.counted_at) / 3600) end as pressure,
             case when other then {OPEN} else b.open_at end as open_at,
             case when other or b.day <> {TODAY} then 0 else b.day_failures end as day_failures,
             case when other then ''::bytea else b.prints end as prints
      from (select b.account_id is distinct from $3::uuid as other) as name
    ) as was,
    lateral (
      select case when position($4::bytea in was.prints) > 0 then 'again'
                  when was.failures >= cardinality($5::real[]) then 'closed'
                  when was.day_failures >= $6::int then 'spent'
                  when was.open_at > kit_now()
                    and was.open_at <= kit_now() + interval '{rules.LONGEST_WAIT} seconds' then 'waiting'
                  else 'counted' end as verdict
    ) as decided,
    lateral (select case verdict when 'counted' then 1 else 0 end as counts) as counted
  )
"""
_VERDICT = "verdict, failures, day_failures, extract(epoch from open_at - kit_now())::float8 as seconds"

_ON_A_DEVICE = f"""
  update limits_bucket b set {_COUNT} where account_key = $1 and place = $2 and device = $7
  returning {_VERDICT}
"""

# $7 print of the secret, $8 of the hour before, $9 tag.
_AT_A_PLACE = f"""
  with bucket as (
    insert into limits_bucket as b (account_key, place, account_id, failures, pressure, counted_at, open_at, day,
                                    day_failures, prints, verdict, used_at)
    values ($1, $2, $3, 1, 1, kit_now(), {_opens_after("($5::real[])[2]")}, {TODAY}, 1, $4, 'counted', kit_now())
    on conflict (account_key, place) do update set {_COUNT}
    returning {_VERDICT}
  ), spray as (
    insert into limits_spray as s (print, since, taken, failed)
    select $7, kit_now(), array[$9::bytea], '{{}}' from bucket where verdict in ('counted', 'again')
    on conflict (print) do update set (since, taken, failed) = (
      select case when old then kit_now() else s.since end,
             case when old then array[$9::bytea] when full_up or $9 = any(s.taken) then s.taken
               else s.taken || $9::bytea end,
             case when old then '{{}}' else s.failed end
      from (
        select s.since < kit_now() - {WINDOW} and coalesce(s.refused_until <= kit_now(), true) as old,
               cardinality(s.taken) >= {rules.SPRAY_ANYWHERE}
                 or substring($9::bytea for {SITE_BYTES}) <> '\\x{NO_SITE.hex()}'
                 and (select count(tag) from unnest(s.taken) as tag
                      where substring(tag for {SITE_BYTES}) = substring($9::bytea for {SITE_BYTES}))
                     >= {rules.SPRAY_AT_A_SITE} as full_up
      ) as x
    )
    returning s.refused_until > kit_now() as refused, $9 = any(s.taken) as taken
  )
  select b.verdict, b.failures, b.day_failures, b.seconds, coalesce(s.taken, true) as taken,
         coalesce(s.refused, false)
           or exists (select from limits_spray where print = $8 and refused_until > kit_now()) as refused
  from bucket b left join spray s on true
"""


async def reserve(connection: Connection, guess: Guess, *, slot: Place | None) -> Answer:
    """Count an attempt, or say why there is none; ``slot`` is the device's own bucket if the account trusts it.

    Not in a transaction: when this returns, the attempt is counted whatever happens next.
    """
    if slot is not None:
        row = await connection.fetchrow(_ON_A_DEVICE, *_arguments(guess, slot), guess.device)
        if row is not None and row["verdict"] not in ("closed", "spent"):
            return _answer(row, guess, slot)
    prints = guess.prints
    arguments = (*_arguments(guess, guess.place), prints.spray, prints.earlier_spray, prints.tag)
    row = await connection.fetchrow(_AT_A_PLACE, *arguments)
    assert row is not None  # noqa: S101 - for the type checker: this statement returns one row
    answer = _answer(row, guess, guess.place)
    if not isinstance(answer, Reserved) or (row["taken"] and not row["refused"]):
        return answer
    if row["refused"]:
        return Sprayed()
    await give_back(connection, guess, answer)
    return Crowded()


def _arguments(guess: Guess, place: Place) -> tuple[object, ...]:
    allowance = rules.allowance(guess.kind, place)
    return guess.account_key, place, guess.account_id, guess.prints.again, list(allowance.waits), allowance.a_day


def _answer(row: Record, guess: Guess, place: Place) -> Reserved | Waiting | Closed:
    match row["verdict"]:
        case "waiting":
            return Waiting(row["seconds"])
        case "closed" | "spent":
            return Closed()
    allowance = rules.allowance(guess.kind, place)
    counted = row["verdict"] == "counted"
    closing = None
    if counted and row["failures"] >= allowance.cap:
        closing = "for good"
    elif counted and row["day_failures"] >= allowance.a_day:
        closing = "for today"
    return Reserved(place, counted, closing, row["failures"] - counted)


async def give_back(connection: Connection, guess: Guess, reserved: Reserved) -> None:
    """Take an attempt back that was never made: its secret was neither hashed nor refused."""
    if reserved.counted:
        await connection.execute(
            "update limits_bucket set failures = greatest(0, failures - 1), pressure = greatest(0, pressure - 1),"
            f" open_at = {OPEN}, day_failures = greatest(0, day_failures - 1), prints = substring(prints from"
            f" {AGAIN_BYTES + 1}) where account_key = $1 and place = $2"
            f" and substring(prints for {AGAIN_BYTES}) = $3",
            guess.account_key,
            reserved.place,
            guess.prints.again,
        )


async def take_turn(connection: Connection, device: DeviceKey) -> float:
    """Queue up where attempts are slowed (R7, R8); return the seconds until this browser's turn."""
    seconds: float = await connection.fetchval(
        "insert into limits_device as d (device, since, failed, succeeded, accounts, next_at)"
        f" values ($1, kit_now(), 0, 0, '{{}}', kit_now() + interval '{rules.TURN_SECONDS} seconds')"
        " on conflict (device) do update set next_at = least(greatest(d.next_at, kit_now())"
        f" + interval '{rules.TURN_SECONDS} seconds', kit_now() + interval '{2 * rules.LONGEST_TURN} seconds')"
        " returning extract(epoch from next_at - kit_now())::float8",
        device,
    )
    return seconds
