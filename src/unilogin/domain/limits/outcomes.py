"""What an attempt led to: a success begins its bucket anew; a failure counts for browser, address, school, secret."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from unilogin.domain.audit import actions as audit
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import SYSTEM
from unilogin.domain.limits import rules
from unilogin.domain.limits.attempts import OPEN, TODAY, WINDOW
from unilogin.domain.limits.fingerprints import NO_SITE, SITE_BYTES
from unilogin.domain.limits.model import FIRST_DEVICE, HOME, Guess, Reserved
from unilogin.kit.db.connection import Connection, Transaction

# $1 account key, $2 place, $3 account id, $4 guesses to give back of today's, $5 device, $6 last device place,
# $7 print of the secret, $8 tag. A new device takes the place it had, a free one, or that of the longest unused.
_SUCCEED = f"""
  with bucket as (
    update limits_bucket set failures = 0, pressure = 0, open_at = {OPEN}, prints = '', used_at = kit_now(),
           day_failures = greatest(0, day_failures - $4::int)
    where account_key = $1 and place = $2
  ), slot as (
    select s.place from generate_series({FIRST_DEVICE}, $6::int) as s (place)
    left join limits_bucket b on b.account_key = $1 and b.place = s.place
    where $2 < {FIRST_DEVICE}
    order by b.device is not distinct from $5::bytea desc, b.place is null desc, b.used_at limit 1
  ), trusted as (
    insert into limits_bucket as b (account_key, place, device, account_id, failures, pressure, counted_at, open_at,
                                    day, day_failures, prints, verdict, used_at)
    select $1, place, $5, $3, 0, 0, kit_now(), {OPEN}, {TODAY}, 0, '', 'counted', kit_now() from slot
    on conflict (account_key, place) do update set device = excluded.device, account_id = excluded.account_id,
      failures = 0, pressure = 0, open_at = excluded.open_at, prints = '', used_at = excluded.used_at,
      day_failures = case when b.device = excluded.device then b.day_failures else 0 end
  ), spray as (
    update limits_spray set taken = array_remove(taken, $8::bytea) where print = $7 and $2 < {FIRST_DEVICE}
  )
  update limits_device set succeeded = succeeded + 1 where device = $5 and since > kit_now() - {WINDOW}
"""


async def note_success(tx: Transaction, guess: Guess, reserved: Reserved) -> None:
    """Begin the row of failures anew in the bucket that was used, and only there; trust the device from now on.

    In the transaction that opens the session: either both happened or neither.
    """
    await tx.execute(
        _SUCCEED,
        guess.account_key,
        reserved.place,
        guess.account_id,
        1 if reserved.counted else 0,
        guess.device,
        rules.last_device(guess.kind),
        guess.prints.spray,
        guess.prints.tag,
    )


_OLD_DEVICE = f"d.since < kit_now() - {WINDOW}"
# $1 untrusted, $2 device, $3 tag, $4 net, $5 site, $6 the name is nobody's, $7 print of the secret.
_FAIL = f"""
  with device as (
    insert into limits_device as d (device, since, failed, succeeded, accounts)
    select $2, kit_now(), 1, 0, array[$3::bytea] where $1
    on conflict (device) do update set (since, failed, succeeded, accounts, paused_until) = (
      select case when pausing or {_OLD_DEVICE} then kit_now() else d.since end,
             case when pausing then 0 else now_failed end, case when pausing then 0 else now_succeeded end,
             case when pausing then '{{}}' else now_accounts end,
             case when pausing then kit_now() + interval '{rules.PAUSE_SECONDS} seconds' else d.paused_until end
      from (
        select case when {_OLD_DEVICE} then 1 else d.failed + 1 end as now_failed,
               case when {_OLD_DEVICE} then 0 else d.succeeded end as now_succeeded,
               case when {_OLD_DEVICE} then array[$3::bytea]
                 when $3 = any(d.accounts) or cardinality(d.accounts) >= {rules.ACCOUNTS_OF_A_DEVICE} then d.accounts
                 else d.accounts || $3::bytea end as now_accounts
      ) as x,
      lateral (select cardinality(now_accounts) >= {rules.ACCOUNTS_OF_A_DEVICE}
                 and now_succeeded * {rules.FAILURES_TO_A_SUCCESS} < now_failed as pausing) as y
    )
  ), net as (
    insert into limits_net as n (net, level, at) select $4, 1, kit_now() where $1 and $5::cidr is null
    on conflict (net) do update set at = kit_now(), level = least({rules.NET_MOST},
      greatest(0, n.level - extract(epoch from kit_now() - n.at) * {rules.NET_REFILL_A_SECOND}) + 1)
  ), site as (
    update limits_site s set (since, failures, unknown, day, day_failures, slow_until) = (
      select case when old then kit_now() else s.since end, now_failures, now_unknown, {TODAY}, now_day,
             case when now_failures >= most or now_unknown >= most_unknown or now_day >= most_day
               then kit_now() + {WINDOW} else s.slow_until end
      from (select s.since < kit_now() - {WINDOW} as old) as w,
      lateral (
        select case when old then 1 else s.failures + 1 end as now_failures,
               case when old then 0 else s.unknown end + $6::bool::int as now_unknown,
               case when s.day = {TODAY} then s.day_failures + 1 else 1 end as now_day,
               greatest({rules.SITE_FAILURES}, ceil({rules.SITE_FAILURES_A_PUPIL} * s.pupils)) as most,
               greatest({rules.SITE_UNKNOWN}, ceil({rules.SITE_UNKNOWN_A_PUPIL} * s.pupils)) as most_unknown,
               greatest({rules.SITE_DAY_FAILURES}, ceil({rules.SITE_DAY_FAILURES_A_PUPIL} * s.pupils)) as most_day
      ) as x
    ) where s.range = $5
    returning s.range, s.failures, s.unknown, s.day_failures,
      s.failures = greatest({rules.SITE_FAILURES}, ceil({rules.SITE_FAILURES_A_PUPIL} * s.pupils))
      or $6 and s.unknown = greatest({rules.SITE_UNKNOWN}, ceil({rules.SITE_UNKNOWN_A_PUPIL} * s.pupils))
      or s.day_failures = greatest({rules.SITE_DAY_FAILURES}, ceil({rules.SITE_DAY_FAILURES_A_PUPIL} * s.pupils))
      as alarming
  ), spray as (
    update limits_spray s set failed = s.failed || $3::bytea, refused_until = case
      when coalesce(s.refused_until > kit_now(), false) then s.refused_until
      when cardinality(s.failed) + 1 >= {rules.SPRAY_ANYWHERE}
        or substring($3::bytea for {SITE_BYTES}) <> '\\x{NO_SITE.hex()}'
        and (select count(tag) from unnest(s.failed) as tag
             where substring(tag for {SITE_BYTES}) = substring($3::bytea for {SITE_BYTES})) + 1
            >= {rules.SPRAY_AT_A_SITE}
        then kit_now() + interval '{rules.SPRAY_REFUSED_SECONDS} seconds' end
    where $1 and s.print = $7 and not $3 = any(s.failed) and cardinality(s.failed) < {rules.SPRAY_ANYWHERE}
    returning s.refused_until = kit_now() + interval '{rules.SPRAY_REFUSED_SECONDS} seconds' as alarming,
      cardinality(s.failed) as accounts
  )
  {audit.INSERT}
  select $9, 'person', $10, $11::uuid, null::uuid, null, 'refused', $8, $12::jsonb
  union all
  select $13, 'person', $10, $11, null, null, 'ok', $8, $14::jsonb where $13::text is not null
  union all
  select '{Event.SITE_ALERTED.value}', '{SYSTEM.kind}', '{SYSTEM.id}', null, r.institution_id, s.range::text, 'ok', $8,
         jsonb_build_object('failures', s.failures, 'unknown', s.unknown, 'today', s.day_failures)
  from site s join limits_site_range r using (range) where s.alarming
  union all
  select '{Event.SPRAY_ALERTED.value}', '{SYSTEM.kind}', '{SYSTEM.id}', null, r.institution_id, r.range::text, 'ok', $8,
         jsonb_build_object('accounts', s.accounts)
  from spray s left join limits_site_range r on r.range = $5 where s.alarming
"""


@dataclass(frozen=True, slots=True)
class Failure:
    """What the audit log is told of an attempt that did not succeed."""

    event: Event
    request_id: str
    detail: Mapping[str, object] = field(default_factory=dict)


async def note_failure(connection: Connection, guess: Guess, failure: Failure, *, reserved: Reserved | None) -> None:
    """Write down a failure and tell the rules that look at a browser, an address, a school and a secret (R6 … R9).

    One statement for every name, known or not. ``reserved`` is None when the attempt was not allowed to be made.
    """
    closing, detail = _closing(reserved)
    await connection.execute(
        _FAIL,
        reserved is None or not reserved.trusted,
        guess.device,
        guess.prints.tag,
        guess.net,
        guess.site.range if guess.site else None,
        guess.account_id is None,
        guess.prints.spray,
        failure.request_id,
        failure.event.value,
        str(guess.account_id) if guess.account_id else "unknown",
        guess.account_id,
        dict(failure.detail),
        closing,
        detail,
    )


def _closing(reserved: Reserved | None) -> tuple[str | None, dict[str, object]]:
    """Return the event of a bucket's last attempt: the device is trusted no more (R1), the place is closed (R2, R3)."""
    if reserved is None or reserved.closing is None:
        return None, {}
    if reserved.trusted:
        return Event.DEVICE_DISTRUSTED.value, {"how": reserved.closing}
    place = "home" if reserved.place == HOME else "elsewhere"
    return Event.PLACE_CLOSED.value, {"how": reserved.closing, "place": place}
