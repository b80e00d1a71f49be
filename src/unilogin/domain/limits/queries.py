"""Reading the circumstances of an attempt, and the schools' addresses."""

from uuid import UUID

from asyncpg import Record

from unilogin.domain.limits import rules
from unilogin.domain.limits.model import (
    FIRST_DEVICE,
    AccountKey,
    Address,
    Circumstances,
    DeviceKey,
    Net,
    Place,
    RegisteredRange,
    Site,
)
from unilogin.kit.db.connection import Connection

COLUMNS = "hour, slot, slot_failures, range, institutions, site_slowed, net_slowed, paused_seconds, pictures_share"
"""What ``CIRCUMSTANCES`` gives, for the outer select; ``circumstances_of`` reads them."""

CIRCUMSTANCES = f"""
  select (extract(epoch from kit_now()) / 3600)::bigint as hour, own.place as slot, own.failures as slot_failures,
         here.range, here.institutions, coalesce(s.slow_until > kit_now(), false) as site_slowed,
         coalesce(n.level - extract(epoch from kit_now() - n.at) * {rules.NET_REFILL_A_SECOND} >= {rules.NET_BURST}
                  and here.range is null, false) as net_slowed,
         greatest(0, extract(epoch from d.paused_until - kit_now()))::float8 as paused_seconds,
         (select pictures_share from limits_decoy) as pictures_share
  from (select) as always
  left join lateral (
    select place, failures from limits_bucket
    where account_key = $2 and place >= {FIRST_DEVICE} and device = $3
      and used_at > kit_now() - interval '{rules.TRUST_DAYS} days'
    order by place limit 1
  ) own on true
  left join lateral (
    select range, array_agg(institution_id) as institutions from limits_site_range
    where range >>= $4::inet group by range order by masklen(range) desc limit 1
  ) here on true
  left join limits_site s on s.range = here.range
  left join limits_net n on n.net = $5::cidr
  left join limits_device d on d.device = $3
"""
"""One row, always. For a LATERAL join of a room above, whose statement gives a username as its ``$1`` and then
``parameters``: so that one statement reads the same for every name."""

SHUT_OUT = f"""exists (select from limits_bucket b where b.account_id = a.account_id and b.place < {FIRST_DEVICE}
  and (b.open_at > kit_now() or b.failures >= {rules.FREE_OF_WAIT}
       or b.day = (kit_now() at time zone 'Europe/Copenhagen')::date and b.day_failures >= {rules.FREE_OF_WAIT}))"""
"""For a statement of another room: the account of ``a`` was guessed at so often that it may be closed somewhere."""


def parameters(
    account: AccountKey, device: DeviceKey, *, address: Address, net: Net
) -> tuple[AccountKey, DeviceKey, Address, Net]:
    """Return what ``CIRCUMSTANCES`` takes as ``$2`` to ``$5``."""
    return account, device, address, net


def circumstances_of(row: Record) -> Circumstances:
    """Return the circumstances in a row that has ``COLUMNS``."""
    site = Site(row["range"], frozenset(row["institutions"]), row["site_slowed"]) if row["range"] else None
    return Circumstances(
        hour=row["hour"],
        slot=None if row["slot"] is None else Place(row["slot"]),
        slot_failures=row["slot_failures"] or 0,
        site=site,
        net_slowed=row["net_slowed"],
        paused_seconds=row["paused_seconds"] or 0.0,
        pictures_share=row["pictures_share"],
    )


async def is_school_address(connection: Connection, address: Address) -> bool:
    """Tell whether an address lies in a range that a school has registered."""
    found = await connection.fetchval("select exists (select from limits_site_range where range >>= $1::inet)", address)
    return bool(found)


async def registered_ranges(connection: Connection, *, institution_id: UUID | None = None) -> list[RegisteredRange]:
    """Return the registered addresses of one institution, or all."""
    rows = await connection.fetch(
        "select r.range, r.institution_id, coalesce(s.slow_until > kit_now(), false) as slowed,"
        " case when s.day = (kit_now() at time zone 'Europe/Copenhagen')::date then s.day_failures else 0 end as today"
        " from limits_site_range r join limits_site s using (range)"
        " where $1::uuid is null or r.institution_id = $1 order by r.range, r.institution_id",
        institution_id,
    )
    return [RegisteredRange(row["range"], row["institution_id"], row["slowed"], row["today"]) for row in rows]
