"""Loading one delivery in one transaction: recognise, read what changed, apply, look at it, keep it or park it.

The plan of changes is what applying did, read before anybody else can see it. A delivery that does more than the limits
allow is taken back to where it began, and waits with its file and its plan until two people have decided (F-28).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import BinaryIO, NamedTuple
from uuid import UUID

from unilogin.domain.access.queries import holders_among
from unilogin.domain.directory.bulk import (
    Absence,
    Applied,
    KnownRows,
    apply_groups,
    apply_staged,
    known_groups,
    known_rows,
    lock_institution,
    read_again,
    remove_members,
)
from unilogin.domain.directory.bulk_belonging import ToldGroup
from unilogin.domain.directory.bulk_protection import ToHide, hidden_now, hide, hide_not_loaded, say_as_before
from unilogin.domain.directory.bulk_refusals import Contradiction
from unilogin.domain.directory.bulk_staging import Origin, at_size, copy_batch, prepare_staging
from unilogin.domain.directory.queries import institution
from unilogin.domain.notices.model import Notice
from unilogin.kit.db.connection import Transaction
from unilogin.roster.cpr_cases import hide_known, note_cases
from unilogin.roster.desk import Desk
from unilogin.roster.formats.unilogin_person import could_be_cpr
from unilogin.roster.known import KnownHashes
from unilogin.roster.limiting import limits_of
from unilogin.roster.messages import Found
from unilogin.roster.model import (
    Breach,
    Counts,
    DeliveryId,
    DeliveryKind,
    DeliveryStatus,
    Finding,
    GroupRow,
    PlanLine,
    Receipt,
    Severity,
)
from unilogin.roster.parking import (
    Changes,
    begin_release,
    drop_file,
    drop_held,
    keep_file,
    put_changes_back,
    take_changes_out,
)
from unilogin.roster.planning import effect_of, jumps_of
from unilogin.roster.queries import Known, earlier_waiting, receipt, standing
from unilogin.roster.reading import Reading
from unilogin.roster.recording import record
from unilogin.roster.refusing import record_refusal
from unilogin.roster.rules import (
    STRICTEST,
    asked_about,
    breaches,
    check_base,
    check_heard,
    check_institution,
    check_time,
    out_of_turn,
)
from unilogin.roster.staging import Drawer
from unilogin.roster.telling import tell_administrators


@dataclass(frozen=True, slots=True)
class Outcome:
    """What applying a delivery did, and what that comes to."""

    applied: Applied
    plan: tuple[PlanLine, ...]
    held_by: tuple[Breach, ...] = ()
    asked: tuple[Finding, ...] = ()


class HeldError(Exception):
    """Undoes what a delivery did that must wait. Never leaves this module."""

    def __init__(self, outcome: Outcome, changes: Changes | None, hidden: Sequence[ToHide]) -> None:
        super().__init__("held")
        self.outcome = outcome
        self.changes = changes
        self.hidden = hidden


async def load(
    desk: Desk, reading: Reading, file: BinaryIO, *, released: DeliveryId | None = None, looked_at: bool = False
) -> Receipt:
    """Load a delivery whose head is read, in the desk's transaction; ``released`` is one that was parked before.

    ``looked_at``: somebody has seen what it does to whom, and the limits do not hold it.
    """
    tx, header = desk.tx, reading.header
    where = check_institution(header, await institution(tx, header.institution_number))
    await lock_institution(tx, where.institution_id)
    known = await standing(
        tx,
        where.institution_id,
        source=header.source,
        source_time=header.source_time,
        kind=reading.kind,
        but=released,
    )
    reading.custody_by_role(known.custody_roles)
    origin = Origin(where.institution_id, header.source, str(released or Drawer().new_id()), desk.actor)
    before = await (begin_release(tx, released) if released else _same_as_before(desk, reading, known.same))
    if before is not None:
        return replace(before, repeated=True)
    check_heard(header, heard=known.heard)
    check_base(header, reading.kind, last=known.last)
    check_time(header, last=known.newest, now=desk.now)
    whole = released or reading.kind is DeliveryKind.FULL
    if not whole and (earlier := await earlier_waiting(tx, where.institution_id, source=header.source)):
        return await _refuse_out_of_turn(desk, origin, reading, earlier=earlier)
    try:
        async with tx.transaction():
            outcome = await _apply(desk, origin, reading, looked_at=looked_at or released is not None)
    except HeldError as held:
        return await _park(desk, origin, reading, file=file, held=held)
    await drop_held(tx, origin, but=released)
    if released:
        await drop_file(tx, released)
    told = await _keep(desk, origin, reading, outcome)
    return replace(told, settled_at=desk.now) if released else told


async def _same_as_before(desk: Desk, reading: Reading, known: Sequence[Known]) -> Receipt | None:
    """Return the receipt of a delivery that said the same, word for word (F-29).

    One of the same time that says something else is no later than it, and refused.
    """
    if not known:
        return None
    fingerprint = await desk.beside(reading.skim)
    for same in known:
        if same.fingerprint == fingerprint:
            return await receipt(desk.tx, same.delivery_id)
    check_time(reading.header, last=reading.header.source_time, now=desk.now)
    return None


# Applying ------------------------------------------------------------------------------------------------------------


async def _apply(desk: Desk, origin: Origin, reading: Reading, *, looked_at: bool) -> Outcome:
    groups = [ToldGroup(*group) for group in reading.groups]
    whole = reading.kind is DeliveryKind.FULL
    if not whole:
        reading.also_known(GroupRow(*group) for group in await known_groups(desk.tx, origin))
    known = await known_rows(desk.tx, origin, groups=groups, whole=whole)
    reading.known = KnownHashes(known.hashes)
    staged = await _stage(desk, reading, prepared=known.prepared)
    await desk.beside(reading.finish)
    desk = replace(desk, tx=await at_size(desk.tx))
    if not whole and known.stale:
        await read_again(desk.tx, origin, hashes=known.stale)
    applied = await _write(desk, origin, reading=reading, groups=groups, known=known, staged=staged)
    if applied is None:
        return Outcome(await apply_groups(desk.tx, origin, groups=groups, whole=whole), ())
    effect = await effect_of(
        desk.tx,
        origin,
        first=not known.any,
        other_numbers=sum(row.why is Contradiction.CPR_CHANGED for row in applied.refused),
        garbled=reading.garbled,
    )
    jumps = await jumps_of(desk.tx, origin) if staged.any and known.any else []
    outcome = Outcome(applied, effect.lines, asked=tuple(asked_about(jumps)))
    may_hold = not looked_at and breaches(effect, STRICTEST)  # most hold nobody, and nobody's limits are asked for
    if may_hold and (too_much := breaches(effect, await limits_of(desk.tx, origin.institution_id))):
        outcome = replace(outcome, held_by=too_much)
        raise HeldError(outcome, await take_changes_out(desk.tx, origin), await hidden_now(desk.tx, origin))
    return outcome


class Staged(NamedTuple):
    """Whether anything changed and was copied into the staging tables, and the groups it names."""

    any: bool
    groups: frozenset[str]


async def _stage(desk: Desk, reading: Reading, *, prepared: bool) -> Staged:
    """Copy what changed into the staging tables."""
    staged = False
    groups: set[str] = set()
    while (batch := await desk.beside(reading.next_batch)) is not None:
        if batch.members or batch.kept:
            if not (staged or prepared):
                await prepare_staging(desk.tx)
            staged = True
            await copy_batch(desk.tx, batch)
            groups.update([group.group_id for group in batch.groups])
        desk.progress(reading.place)
    return Staged(staged, frozenset(groups))


async def _write(
    desk: Desk,
    origin: Origin,
    *,
    reading: Reading,
    groups: Sequence[ToldGroup],
    known: KnownRows,
    staged: Staged,
) -> Applied | None:
    """Make it so; None when every person is as before."""
    if reading.kind is DeliveryKind.DELETE:
        return await _remove(desk, origin, reading)
    whole = reading.kind is DeliveryKind.FULL
    unseen = [*reading.known.unseen(), *known.stale]
    if not (staged.any or (whole and (unseen or known.unhashed or reading.somebody_unidentified))):
        await hide_not_loaded(desk.tx, origin, reading.to_hide())
        return await _remove(desk, origin, reading) if reading.leavers else None
    if not (staged.any or known.prepared):
        await prepare_staging(desk.tx)
    if staged.any and known.any and not reading.tells_protection:
        await say_as_before(desk.tx, origin)
    applied = await apply_staged(
        desk.tx,
        origin,
        groups=groups,
        all_declared=staged.groups <= {group.group_id for group in groups},
        absence=Absence(unseen, may_leave=whole and not reading.somebody_unidentified, whole=whole),
        first=not known.any,
        hide=reading.to_hide(),
        draw=Drawer(),
        reseal=desk.secrets.cpr_vault().reseal,
        among_guarded=partial(holders_among, desk.tx),
    )
    if not reading.leavers:
        return applied
    return replace(applied, left=applied.left + (await _remove(desk, origin, reading)).left)


async def _remove(desk: Desk, origin: Origin, reading: Reading) -> Applied:
    """Let the people leave whom a delete document names; whoever is not there is a finding."""
    removed = await remove_members(desk.tx, origin, local_ids=list(reading.leavers))
    for local_id, line in reading.leavers.items():
        if local_id in removed.unknown:
            about = None if could_be_cpr(local_id) else local_id
            reading.add(Finding(line, Found.LOCAL_ID_UNKNOWN.value, Severity.WARNING, {}, about))
    return removed.applied


# Afterwards ----------------------------------------------------------------------------------------------------------


async def _keep(desk: Desk, origin: Origin, reading: Reading, outcome: Outcome) -> Receipt:
    told = _told(desk, origin, reading, outcome=outcome, status=DeliveryStatus.APPLIED)
    where = origin.institution_id
    await record(desk.tx, told, actor=origin.actor, institution_id=where, fingerprint=reading.fingerprint)
    applied = outcome.applied
    await note_cases(
        desk.tx,
        origin,
        numbers=applied.other_numbers,
        contacts=applied.contacts_kept,
        whole=reading.kind is DeliveryKind.FULL,
    )
    return told


async def _park(desk: Desk, origin: Origin, reading: Reading, *, file: BinaryIO, held: HeldError) -> Receipt:
    await drop_held(desk.tx, origin, but=None)
    told = _told(desk, origin, reading, outcome=held.outcome, status=DeliveryStatus.PARKED)
    where = origin.institution_id
    await record(desk.tx, told, actor=origin.actor, institution_id=where, fingerprint=reading.fingerprint)
    if held.changes is not None:
        await put_changes_back(desk.tx, held.changes)
    await _hide_all_the_same(desk.tx, origin, reading, held)
    await keep_file(desk, told.delivery_id, file)
    await tell_administrators(desk.tx, where, Notice.DELIVERY_WAITS, of=told.delivery_id)
    return told


async def _refuse_out_of_turn(desk: Desk, origin: Origin, reading: Reading, *, earlier: datetime) -> Receipt:
    """Refuse changes that come while an earlier delivery of their source waits: they build on what it says (F-30).

    They could neither take its place, for what only it tells would be lost, nor go before it. Whom they protect is
    hidden at once, as by any delivery that does not count.
    """
    try:
        async with desk.tx.transaction():
            outcome = await _apply(desk, origin, reading, looked_at=True)
            raise HeldError(outcome, None, await hidden_now(desk.tx, origin))
    except HeldError as held:
        await _hide_all_the_same(desk.tx, origin, reading, held)
    return await record_refusal(desk, reading, out_of_turn(reading.header, earlier=earlier), kind=reading.kind)


async def _hide_all_the_same(tx: Transaction, origin: Origin, reading: Reading, held: HeldError) -> None:
    """Let protection begin at once, however long the delivery waits: a name shown for one day cannot be taken back."""
    await hide(tx, origin, held.hidden)
    await hide_known(tx, origin, numbers=held.outcome.applied.other_numbers)
    await hide_not_loaded(tx, origin, [*reading.to_hide(), *held.outcome.applied.protected])


def _told(desk: Desk, origin: Origin, reading: Reading, *, outcome: Outcome, status: DeliveryStatus) -> Receipt:
    applied = outcome.applied
    for row in applied.refused:
        reading.refuse(Finding(row.line, row.why.value, Severity.REFUSED, {}, row.local_person_id))
    for doubt in applied.doubts:
        reading.add(Finding(doubt.line, Found.PROTECTION_ENDS.value, Severity.WARNING, {}, doubt.local_person_id))
    for one in applied.doubles:
        found = Found.CONTACT_KNOWN_OTHERWISE.value
        reading.add(Finding(one.line, found, Severity.WARNING, {}, one.local_person_id))
    for kept in applied.contacts_kept:
        found = Found.CONTACT_NUMBER_WAITS.value
        reading.add(Finding(kept.line, found, Severity.WARNING, {}, kept.local_person_id))
    for circle in applied.circles:
        found = (Found.CONTACT_IS_PUPIL if circle.is_oneself else Found.CONTACT_CIRCULAR).value
        reading.add(Finding(circle.line, found, Severity.WARNING, {}, circle.local_person_id))
    for asked in outcome.asked:
        reading.add(asked)
    for group in applied.undeclared_groups:
        reading.add(Finding(1, Found.GROUP_UNDECLARED.value, Severity.WARNING, {}, group=group))
    header = reading.header
    counts = Counts(applied.created, applied.changed, reading.known.seen + applied.same, applied.left, reading.refused)
    return Receipt(
        delivery_id=DeliveryId(UUID(origin.delivery)),
        institution_number=header.institution_number,
        source=header.source,
        source_time=header.source_time,
        school_year=header.school_year,
        status=status,
        counts=counts,
        new_accounts=applied.new_accounts,
        findings=tuple(sorted(reading.findings, key=lambda finding: finding.line)),
        finding_count=reading.finding_count,
        received_at=desk.now,
        kind=reading.kind,
        plan=outcome.plan,
        held_by=outcome.held_by,
    )
