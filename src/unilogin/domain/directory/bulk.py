"""Many people at once, for rosters alone: what is known, copying what changed, comparing and applying it set-based.

A load takes two locks, both to the end of its transaction: the institution's own from the start, so that two
deliveries of one school queue up, and one for all loads while it writes, so that two schools that share a guardian or
draw the same username cannot lock each other out. Reading, hashing and copying happen before the second one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar
from uuid import UUID

from unilogin.domain.directory import bulk_belonging, bulk_matching, bulk_people, bulk_protection, bulk_staging
from unilogin.domain.directory.bulk_belonging import ToldGroup
from unilogin.domain.directory.bulk_protection import Doubt
from unilogin.domain.directory.bulk_refusals import (
    Circle,
    OtherNumber,
    RefusedRow,
    leave_circles_out,
    refuse_contradictions,
)
from unilogin.domain.directory.bulk_staging import PATIENCE, Origin
from unilogin.domain.directory.following import lock_people
from unilogin.domain.directory.model import InstitutionId
from unilogin.domain.directory.usernames import Draw
from unilogin.kit.db.connection import Transaction

Told = TypeVar("Told", bulk_matching.Double, bulk_matching.ContactNumber)


@dataclass(frozen=True, slots=True)
class KnownRows:
    """What is known of one source: whether anything ever was, and the hashes of the rows behind active memberships.

    ``hashes`` are of 16 bytes each, sorted, one after the other; ``stale`` are those whose rows must be read again,
    because a group they name is declared in another way than before; ``unhashed`` counts those that must be anyway.
    ``prepared`` says that the connection has its staging tables.
    """

    any: bool = False
    hashes: bytes = b""
    stale: tuple[bytes, ...] = ()
    unhashed: int = 0
    prepared: bool = False


@dataclass(frozen=True, slots=True)
class Absence:
    """What the delivery does not have: hashes no row had. Nobody leaves where ``may_leave`` is false.

    ``whole`` is false for a delivery of changes: it says nothing about the people and groups it does not have.
    """

    unseen: Sequence[bytes]
    may_leave: bool
    whole: bool


@dataclass(frozen=True, slots=True)
class Applied:
    """What a delivery did."""

    created: int = 0
    changed: int = 0
    same: int = 0  # read again and found to be as before
    left: int = 0
    new_accounts: int = 0
    refused: tuple[RefusedRow, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    undeclared_groups: tuple[str, ...] = ()
    other_numbers: tuple[OtherNumber, ...] = ()
    doubles: tuple[bulk_matching.Double, ...] = ()
    contacts_kept: tuple[bulk_matching.ContactNumber, ...] = ()
    circles: tuple[Circle, ...] = ()
    protected: tuple[bulk_protection.NotLoaded, ...] = ()  # in rows that were refused


@dataclass(frozen=True, slots=True)
class Removed:
    """What a delivery that names who leaves did, and the local ids nobody has."""

    applied: Applied
    unknown: frozenset[str]


_KNOWN = f"""
  with touched as (
    select g.group_key from directory_group g
    left join unnest($3::text[], $4::text[]) as t (group_id, type) on t.group_id = g.group_id
    where g.institution_id = $1 and g.source = $2 and g.ended_at is null and g.type is distinct from t.type
      and ($5 or t.group_id is not null)
  ), active as (
    select m.raw_hash,
           m.membership_id in (select gm.membership_id from directory_group_member gm join touched using (group_key))
           as stale
    from directory_membership m
    where m.institution_id = $1 and m.source = $2 and m.ended_at is null
  )
  select exists (select from directory_membership where institution_id = $1 and source = $2) as any,
         string_agg(raw_hash, ''::bytea order by raw_hash) filter (where raw_hash <> '' and not stale) as hashes,
         array_agg(raw_hash) filter (where raw_hash <> '' and stale) as stale,
         count(*) filter (where raw_hash = '') as unhashed, {bulk_staging.IS_PREPARED} as prepared
  from active
"""


async def lock_institution(tx: Transaction, institution_id: InstitutionId) -> None:
    """Wait until no other load works on this institution, and let statements of this transaction take their time."""
    await tx.execute("set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0")
    await tx.execute(
        "select pg_advisory_xact_lock(hashtextextended($1, 0))", f"roster:{institution_id}", timeout=PATIENCE
    )


async def lock_institutions(tx: Transaction, institution_ids: Iterable[InstitutionId]) -> None:
    """Wait for several institutions, for a transaction that ends what they have: all before the lock of all loads.

    A delivery has one institution and waits for the other lock; whoever had that one and waited for an institution
    would wait for it forever.
    """
    for institution_id in sorted(set(institution_ids)):
        await lock_institution(tx, institution_id)


async def known_rows(tx: Transaction, origin: Origin, *, groups: Sequence[ToldGroup], whole: bool) -> KnownRows:
    """Return what is known of a source before its delivery is read; ``whole`` says that it declares all groups."""
    row = await tx.fetchrow(
        _KNOWN,
        origin.institution_id,
        origin.source,
        [group.group_id for group in groups],
        [group.type for group in groups],
        whole,
        timeout=PATIENCE,
    )
    if row is None:
        return KnownRows()
    return KnownRows(row["any"], row["hashes"] or b"", tuple(row["stale"] or ()), row["unhashed"], row["prepared"])


async def known_groups(tx: Transaction, origin: Origin) -> list[ToldGroup]:
    """Return the groups that a source has declared and not let go of."""
    rows = await tx.fetch(
        "select group_id, name, type, level, line, from_date, to_date from directory_group"
        " where institution_id = $1 and source = $2 and ended_at is null and type is not null order by group_id",
        origin.institution_id,
        origin.source,
    )
    return [ToldGroup(*row.values()) for row in rows]


async def read_again(tx: Transaction, origin: Origin, *, hashes: Sequence[bytes]) -> None:
    """Let the next delivery read rows that are as they were, because a group they name is not."""
    await tx.execute(
        "update directory_membership m set raw_hash = '' from unnest($3::bytea[]) as k (raw_hash)"
        " where m.institution_id = $1 and m.source = $2 and m.ended_at is null and m.raw_hash = k.raw_hash",
        origin.institution_id,
        origin.source,
        hashes,
        timeout=PATIENCE,
    )


async def apply_staged(
    tx: Transaction,
    origin: Origin,
    *,
    groups: Sequence[ToldGroup],
    all_declared: bool,
    absence: Absence,
    first: bool,
    hide: Sequence[bulk_protection.NotLoaded],
    draw: Draw,
    reseal: bulk_matching.Reseal,
    among_guarded: bulk_matching.Guarded,
) -> Applied:
    """Compare what was staged with what is known, and make it so.

    ``all_declared``: ``groups`` has all that staged rows name. ``first``: nothing was ever known of this source.
    ``hide`` are people who must be hidden although their rows were refused; ``among_guarded`` tells who gets no number
    by a file. Needs ``prepare_staging``, ``at_size``.
    """
    await lock_people(tx, patience=PATIENCE)
    await tx.execute("set local directory.references_hold = on")  # every key below was looked up, or is made here
    learned = await _learn(tx, origin, first=first, reseal=reseal, among_guarded=among_guarded)
    refused, numbers, protected = await refuse_contradictions(tx, origin, unseen=absence.unseen, first=first)
    await bulk_belonging.save_groups(tx, origin, told=groups)
    matched = await _make_people(tx, origin, first=first, draw=draw, reseal=reseal, guarded=learned.guarded)
    circles = await leave_circles_out(tx)
    if not all_declared:
        await bulk_belonging.make_named_groups(tx, origin)
    members = await _save_members(tx, origin, absence=absence, first=first)
    to_hide = [*hide, *protected]
    await bulk_protection.hide_not_loaded(tx, origin, to_hide)
    some_hidden = matched.hidden or matched.protected or bool(to_hide)
    doubts = await bulk_protection.end_protection(tx, origin) if matched.known and some_hidden else []
    undeclared = await _end_groups(tx, origin, groups=groups, whole=absence.whole)
    await tx.execute("set local directory.references_hold = off")
    return replace(
        members,
        new_accounts=matched.fresh,
        refused=refused,
        doubts=tuple(doubts),
        undeclared_groups=undeclared,
        other_numbers=numbers,
        doubles=_doubles(learned.doubles, refused),
        contacts_kept=_doubles(learned.kept, refused),
        circles=tuple(circles),
        protected=protected,
    )


async def _save_members(tx: Transaction, origin: Origin, *, absence: Absence, first: bool) -> Applied:
    """Add, change and end memberships, and count them."""
    created = await bulk_belonging.add_members(tx, origin, first=first)
    if first:
        return Applied(created)
    await bulk_belonging.save_ties(tx, origin)
    members = await bulk_belonging.change_members(tx, origin)
    left = 0
    if absence.may_leave:  # by their hashes, before anything after this has rows read again that were seen
        left = await bulk_belonging.end_memberships(tx, origin, unseen=absence.unseen)
    return Applied(created + members.returned, members.changed, members.same, left)


def _doubles(found: Sequence[Told], refused: Sequence[RefusedRow]) -> tuple[Told, ...]:
    """Leave out the pupils whose rows were refused: their contact persons are who they were."""
    gone = {row.local_person_id for row in refused}
    return tuple(one for one in found if one.local_person_id not in gone)


async def _learn(
    tx: Transaction, origin: Origin, *, first: bool, reseal: bulk_matching.Reseal, among_guarded: bulk_matching.Guarded
) -> bulk_matching.Learned:
    if first:
        return bulk_matching.Learned()
    return await bulk_matching.learn_numbers(tx, origin, reseal=reseal, among_guarded=among_guarded)


async def _make_people(
    tx: Transaction,
    origin: Origin,
    *,
    first: bool,
    draw: Draw,
    reseal: bulk_matching.Reseal,
    guarded: Sequence[tuple[bytes, UUID]],
) -> bulk_matching.Matched:
    """Bring everybody who was told about into being or up to date; return how many were new and how many known."""
    matched = await bulk_matching.match_people(tx, origin, guarded=guarded)
    if not first:
        await bulk_belonging.look_up_members(tx, origin)
    if matched.fresh:
        await bulk_people.create_people(tx, origin, draw=draw)
    if matched.forgotten:
        await bulk_matching.give_numbers_back(tx, reseal=reseal)
    if matched.known:
        await bulk_people.change_people(tx, origin)
    if matched.protected:
        await bulk_protection.begin_protection(tx, origin)
    return matched


async def apply_groups(tx: Transaction, origin: Origin, *, groups: Sequence[ToldGroup], whole: bool) -> Applied:
    """Apply a delivery in which every person is as before: only its groups may differ."""
    await bulk_belonging.save_groups(tx, origin, told=groups)
    return Applied(undeclared_groups=await _end_groups(tx, origin, groups=groups, whole=whole))


async def _end_groups(tx: Transaction, origin: Origin, *, groups: Sequence[ToldGroup], whole: bool) -> tuple[str, ...]:
    if whole:
        return tuple(await bulk_belonging.end_groups(tx, origin, declared=[group.group_id for group in groups]))
    declared = [group.group_id for group in await known_groups(tx, origin)]
    return tuple(await bulk_belonging.undeclared_groups(tx, origin, declared=declared))


async def remove_members(tx: Transaction, origin: Origin, *, local_ids: Sequence[str]) -> Removed:
    """End the memberships of these local ids, and of nobody else."""
    await lock_people(tx, patience=PATIENCE)
    left = await bulk_belonging.end_named_memberships(tx, origin, local_ids=local_ids)
    return Removed(Applied(left=len(left)), frozenset(local_ids) - left)
