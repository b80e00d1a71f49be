"""What operators, jobs and other rooms do with the counts: schools' addresses, unlocking, forgetting, clients."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from unilogin.domain.audit import actions as audit
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.limits import rules
from unilogin.domain.limits.attempts import OPEN
from unilogin.domain.limits.model import FIRST_DEVICE, AccountKey, Net
from unilogin.kit.db.connection import Connection, Transaction


async def reopen(tx: Transaction, account_id: UUID, *, actor: Actor, institution_id: UUID | None = None) -> bool:
    """Begin all of an account's counts anew, because somebody who may say so says it is in good hands (R4).

    Devices that lost their trust stay without it: the next success there gives it back. Returns whether anything was
    closed or counted; an operator's doing is written down even where nothing was.
    """
    changed = await tx.fetch(
        "update limits_bucket set failures = case when place >= $2 then failures else 0 end, pressure = 0,"
        f" open_at = {OPEN}, day_failures = 0, prints = ''"
        " where account_id = $1 and (failures > 0 or day_failures > 0) returning place",
        account_id,
        FIRST_DEVICE,
    )
    if changed or actor.kind != "person":
        detail = {"buckets": len(changed)}
        entry = Entry(
            Event.THROTTLE_REOPENED, actor, account_id=account_id, institution_id=institution_id, detail=detail
        )
        await audit.write(tx, entry)
    return bool(changed)


async def forget_account(tx: Transaction, account_id: UUID) -> None:
    """Forget counts and trusted devices of an account that has a new secret: what was guessed at is no more (R4)."""
    await tx.execute("delete from limits_bucket where account_id = $1", account_id)


async def move_counts(tx: Transaction, former: AccountKey, *, to: AccountKey) -> None:
    """Let what was counted against an account count on under its new name, and its devices stay trusted.

    What was tried with that name while it was nobody's goes: it was no guess at anybody.
    """
    await tx.execute("delete from limits_bucket where account_key = $1", to)
    await tx.execute("update limits_bucket set account_key = $2 where account_key = $1", former, to)


async def forget_accounts(tx: Transaction, accounts: Sequence[UUID]) -> None:
    """Forget counts and trusted devices of people who are forgotten."""
    await tx.execute("delete from limits_bucket where account_id = any ($1::uuid[])", accounts)


async def add_site_range(tx: Transaction, site: Net, *, institution_id: UUID, pupils: int, actor: Actor) -> bool:
    """Register addresses of an institution; return False when they were registered for it already.

    ``pupils`` are all pupils behind these addresses, those of other institutions among them.
    """
    await tx.execute(
        "insert into limits_site (range, pupils) values ($1, $2)"
        " on conflict (range) do update set pupils = excluded.pupils where limits_site.pupils <> excluded.pupils",
        site,
        pupils,
    )
    added = await tx.fetchval(
        "insert into limits_site_range (range, institution_id) values ($1, $2) on conflict do nothing returning true",
        site,
        institution_id,
    )
    if added:
        entry = Entry(Event.SITE_RANGE_ADDED, actor, institution_id=institution_id, about=str(site))
        await audit.write(tx, entry)
    return bool(added)


async def remove_site_range(tx: Transaction, site: Net, *, institution_id: UUID, actor: Actor) -> bool:
    """Remove addresses of an institution; return False when they were not registered for it."""
    removed = await tx.fetchval(
        "delete from limits_site_range where range = $1 and institution_id = $2 returning true", site, institution_id
    )
    if not removed:
        return False
    await tx.execute(
        "delete from limits_site s where range = $1"
        " and not exists (select from limits_site_range r where r.range = s.range)",
        site,
    )
    await audit.write(tx, Entry(Event.SITE_RANGE_REMOVED, actor, institution_id=institution_id, about=str(site)))
    return True


async def set_site_pupils(tx: Transaction, pupils: Mapping[Net, int]) -> None:
    """Set how many pupils are behind each registered range: its budget is made from that (R8)."""
    await tx.execute(
        "update limits_site s set pupils = n.pupils from unnest($1::cidr[], $2::int[]) as n (range, pupils)"
        " where s.range = n.range and s.pupils <> n.pupils",
        list(pupils),
        list(pupils.values()),
    )


async def settle_decoys(tx: Transaction, pictures_share: float) -> bool:
    """Let unknown names divide between the pages as known ones do; return whether that moved anything.

    A small change moves nothing: a decoy that is asked again tomorrow shows the same page (B-L03).
    """
    return bool(
        await tx.fetchval(
            "update limits_decoy set pictures_share = $1, settled_at = kit_now()"
            f" where abs(pictures_share - $1) > {rules.DECOY_TOLERANCE} returning true",
            pictures_share,
        )
    )


async def may_try_client(connection: Connection, client_key: bytes, *, net: Net) -> float | None:
    """Return None when a client may prove itself from this address, else the seconds until it may (R13).

    Only the pair is stopped: the client goes on everywhere else, and other clients go on there.
    """
    seconds: float | None = await connection.fetchval(
        "select extract(epoch from since - kit_now())::float8 + $3 from limits_client"
        " where client_key = $1 and net = $2 and failures >= $4 and since > kit_now() - $3 * interval '1 second'",
        client_key,
        net,
        float(rules.CLIENT_WINDOW_SECONDS),
        rules.CLIENT_FAILURES,
    )
    return seconds


async def note_client_failure(connection: Connection, client_key: bytes, *, net: Net) -> None:
    """Count that a client, or somebody who names it, did not prove itself from this address."""
    fresh = f"c.since > kit_now() - interval '{rules.CLIENT_WINDOW_SECONDS} seconds'"
    await connection.execute(
        "insert into limits_client as c (client_key, net, since, failures) values ($1, $2, kit_now(), 1)"
        " on conflict (client_key, net) do update set"
        f" since = case when {fresh} then c.since else kit_now() end,"
        f" failures = case when {fresh} then c.failures + 1 else 1 end",
        client_key,
        net,
    )


async def forget_old_counts(tx: Transaction) -> None:
    """Delete rows that decide nothing any more. Nothing is decided here (D4), and nothing closed is reopened (RT-06).

    Rows of names that are nobody's stay long: if they went sooner than those of people, time would tell who exists.
    """
    await tx.execute(
        "delete from limits_bucket where counted_at < kit_now() - $1 * interval '1 day'"
        " and (account_id is null and (failures < $2 or counted_at < kit_now() - $3 * interval '1 day')"
        "      or failures = 0 and place < $4"
        "      or place >= $4 and used_at < kit_now() - $5 * interval '1 day')",
        rules.KEEP_ONE_SLIP_DAYS,
        rules.SLIP,
        rules.KEEP_UNKNOWN_DAYS,
        FIRST_DEVICE,
        rules.TRUST_DAYS,
    )
    old = f"kit_now() - interval '{rules.KEEP_DAYS} days'"
    await tx.execute(f"delete from limits_device where greatest(since, next_at, paused_until) < {old}")
    await tx.execute(f"delete from limits_net where at < {old}")
    await tx.execute(f"delete from limits_spray where greatest(since, refused_until) < {old}")
    await tx.execute(f"delete from limits_client where since < {old}")
    await tx.execute(f"delete from limits_check where since < {old}")
