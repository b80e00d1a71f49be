"""Loading a delivery: a full replacement of what one source says about one institution, in one transaction."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import asdict, astuple, dataclass, replace
from datetime import datetime
from functools import partial
from typing import BinaryIO, TypeVar
from uuid import UUID

from unilogin.domain.audit.actions import write
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.directory.bulk import (
    Absence,
    Applied,
    KnownRows,
    apply_groups,
    apply_staged,
    known_rows,
    lock_institution,
)
from unilogin.domain.directory.bulk_belonging import ToldGroup
from unilogin.domain.directory.bulk_staging import PATIENCE, Origin, copy_batch, prepare_staging
from unilogin.domain.directory.model import InstitutionId
from unilogin.domain.directory.queries import institution
from unilogin.kit.db.connection import Connection, Transaction
from unilogin.kit.secrets import Secrets
from unilogin.kit.xml.errors import DocumentError
from unilogin.roster.errors import DeliveryRefusedError
from unilogin.roster.formats.unilogin_import import NAMESPACES
from unilogin.roster.known import KnownHashes
from unilogin.roster.messages import Found
from unilogin.roster.model import Counts, DeliveryId, DeliveryKind, DeliveryStatus, Finding, Header, Receipt, Severity
from unilogin.roster.queries import LastApplied, last_applied, receipt
from unilogin.roster.reading import Reading
from unilogin.roster.rules import check_institution, check_time
from unilogin.roster.staging import Drawer

Result = TypeVar("Result")
Progress = Callable[[int], None]
"""Told how many bytes of the file have been read."""


Admit = Callable[[Header], None]
"""Told for which institution a file is, before anything of it counts; raises what the caller wants to hear."""


def _nobody_watches(place: int) -> None:
    """Stand in for a caller that shows no progress."""


def _any_institution(header: Header) -> None:
    """Stand in for a caller who may deliver for all."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where one delivery is worked on: the open transaction, the thread that reads, who brought it and when."""

    tx: Transaction
    thread: Executor
    actor: Actor
    now: datetime
    progress: Progress

    async def beside(self, work: Callable[[], Result]) -> Result:
        """Do work of the processor in the reading thread, so that nobody else waits for it."""
        return await asyncio.get_running_loop().run_in_executor(self.thread, work)


async def import_file(
    connection: Connection,
    file: BinaryIO,
    *,
    secrets: Secrets,
    actor: Actor,
    kind: DeliveryKind = DeliveryKind.FULL,
    progress: Progress = _nobody_watches,
    admit: Admit = _any_institution,
    namespaces: Sequence[str] = NAMESPACES,
) -> Receipt:
    """Load a file in any format we know and return its receipt: applied, refused or parked.

    ``file`` must be seekable and ``connection`` outside a transaction. Either everything of the delivery is loaded, or
    nothing. The same delivery once more changes nothing and returns the same receipt, marked as repeated. A delivery
    that would do more than the institution's limits allow changes nothing and waits for two people (``deciding``).
    """
    now: datetime = await connection.fetchval("select kit_now()")
    reading: Reading | None = None
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="roster") as thread:
        desk = Desk(connection, thread, actor, now, progress)
        try:
            reading = await desk.beside(
                partial(Reading, file, kind=kind, secrets=secrets, today=now.date(), namespaces=namespaces)
            )
            admit(reading.header)
            async with connection.transaction():
                return await _load(desk, reading)
        except DocumentError as error:
            refusal = DeliveryRefusedError.of_document(error)
        except DeliveryRefusedError as error:
            refusal = error
        finally:
            if reading is not None:
                await desk.beside(reading.close)
    async with connection.transaction():
        return await _record_refusal(desk, reading, refusal)


async def _load(desk: Desk, reading: Reading) -> Receipt:
    tx, header = desk.tx, reading.header
    where = check_institution(header, await institution(tx, header.institution_number))
    await lock_institution(tx, where.institution_id)
    last = await last_applied(tx, where.institution_id, source=header.source)
    if (before := await _same_as_before(desk, reading, last)) is not None:
        return replace(before, repeated=True)
    check_time(header, last=last.source_time if last else None, now=desk.now)
    origin = Origin(where.institution_id, header.source, str(Drawer().new_id()), desk.actor)
    groups = [ToldGroup(*group) for group in reading.groups]
    known = await known_rows(tx, where.institution_id, source=header.source, groups=groups)
    reading.known = KnownHashes(known.hashes)
    staged = await _stage(desk, reading)
    fingerprint = await desk.beside(reading.finish)
    applied = await _apply(tx, origin, reading=reading, groups=groups, known=known, staged=staged)
    return await _record(desk, origin, reading=reading, applied=applied, fingerprint=fingerprint)


async def _same_as_before(desk: Desk, reading: Reading, last: LastApplied | None) -> Receipt | None:
    """Return the receipt of the last delivery if this is the same one, word for word (F-29)."""
    if last is None or last.source_time != reading.header.source_time:
        return None
    if await desk.beside(reading.skim) != last.fingerprint:
        return None
    return await receipt(desk.tx, last.delivery_id)


async def _stage(desk: Desk, reading: Reading) -> bool:
    """Copy what changed into the staging tables; tell whether anything did."""
    staged = False
    while (batch := await desk.beside(reading.next_batch)) is not None:
        if batch.members or batch.kept:
            if not staged:
                await prepare_staging(desk.tx)
            staged = True
            await copy_batch(desk.tx, batch)
        desk.progress(reading.place)
    return staged


async def _apply(
    tx: Transaction,
    origin: Origin,
    *,
    reading: Reading,
    groups: Sequence[ToldGroup],
    known: KnownRows,
    staged: bool,
) -> Applied:
    unseen = [*reading.known.unseen(), *known.stale]
    hide = reading.to_hide()
    if not (staged or unseen or known.unhashed or reading.somebody_unidentified):
        return await apply_groups(tx, origin, groups=groups)
    if not staged:
        await prepare_staging(tx)
    return await apply_staged(
        tx,
        origin,
        groups=groups,
        absence=Absence(unseen, may_leave=not reading.somebody_unidentified),
        first=not known.any,
        hide=hide,
        draw=Drawer(),
    )


async def _record(desk: Desk, origin: Origin, *, reading: Reading, applied: Applied, fingerprint: bytes) -> Receipt:
    for row in applied.refused:
        reading.refuse(Finding(row.line, row.why.value, Severity.REFUSED, {}, row.local_person_id))
    for doubt in applied.doubts:
        reading.add(Finding(doubt.line, Found.PROTECTION_ENDS.value, Severity.WARNING, {}, doubt.local_person_id))
    for group in applied.undeclared_groups:
        reading.add(Finding(1, Found.GROUP_UNDECLARED.value, Severity.WARNING, {}, group=group))
    header = reading.header
    counts = Counts(applied.created, applied.changed, reading.known.seen + applied.same, applied.left, reading.refused)
    told = Receipt(
        DeliveryId(UUID(origin.delivery)),
        header.institution_number,
        header.source,
        header.source_time,
        header.school_year,
        DeliveryStatus.APPLIED,
        None,
        {},
        counts,
        applied.new_accounts,
        tuple(sorted(reading.findings, key=lambda finding: finding.line)),
        reading.finding_count,
        desk.now,
    )
    await _store(desk.tx, told, actor=origin.actor, institution_id=origin.institution_id, fingerprint=fingerprint)
    return told


async def _record_refusal(desk: Desk, reading: Reading | None, refusal: DeliveryRefusedError) -> Receipt:
    header = reading.header if reading else None
    where = await institution(desk.tx, header.institution_number) if header else None
    told = Receipt(
        DeliveryId(Drawer().new_id()),
        header.institution_number if header else "",
        header.source if header else "",
        header.source_time if header else None,
        header.school_year if header else "",
        DeliveryStatus.REFUSED,
        str(refusal.reason),
        refusal.fields,
        Counts(),
        0,
        (),
        0,
        desk.now,
    )
    institution_id = where.institution_id if where else None
    await _store(desk.tx, told, actor=desk.actor, institution_id=institution_id, fingerprint=None)
    return told


_STORE = """
  insert into roster_delivery (delivery_id, received_at, actor_kind, actor_id, institution_id, institution_number,
                               source, source_time, school_year, status, refusal, refusal_fields, created, changed,
                               unchanged, gone, refused, new_accounts, finding_count, fingerprint)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
"""


async def _store(
    tx: Transaction,
    told: Receipt,
    *,
    actor: Actor,
    institution_id: InstitutionId | None,
    fingerprint: bytes | None,
) -> None:
    """Keep the receipt and its findings, and write the one audit row of the delivery as a whole."""
    await tx.execute(
        _STORE,
        told.delivery_id,
        told.received_at,
        actor.kind,
        actor.id,
        institution_id,
        told.institution_number,
        told.source,
        told.source_time,
        told.school_year,
        told.status.value,
        told.refusal,
        dict(told.refusal_fields),
        *astuple(told.counts),
        told.new_accounts,
        told.finding_count,
        fingerprint,
    )
    if told.findings:
        await tx.copy_records_to_table(
            "roster_finding",
            records=[_finding_row(told, number, finding) for number, finding in enumerate(told.findings)],
            timeout=PATIENCE,
        )
    applied = told.status is DeliveryStatus.APPLIED
    await write(
        tx,
        Entry(
            Event.DELIVERY_APPLIED if applied else Event.DELIVERY_REFUSED,
            actor,
            institution_id=institution_id,
            about=str(told.delivery_id),
            outcome="ok" if applied else str(told.refusal),
            detail=asdict(told.counts),
        ),
    )


def _finding_row(told: Receipt, number: int, finding: Finding) -> tuple[object, ...]:
    """The columns of roster_finding in order."""
    return (
        told.delivery_id,
        number,
        finding.line,
        finding.code,
        finding.severity.value,
        dict(finding.fields),
        finding.local_person_id,
        finding.contact,
        finding.group,
    )
