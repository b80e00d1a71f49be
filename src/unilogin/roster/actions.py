"""Loading a delivery: a full replacement of what one source says about one institution, in one transaction."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict, astuple, replace
from datetime import datetime
from secrets import randbelow
from typing import BinaryIO
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
from unilogin.roster.model import Counts, DeliveryId, DeliveryStatus, Finding, Receipt, Severity
from unilogin.roster.queries import LastApplied, last_applied, receipt
from unilogin.roster.reading import Reading
from unilogin.roster.rules import check_institution, check_time
from unilogin.roster.staging import new_id

Progress = Callable[[int], None]
"""Told how many bytes of the file have been read."""


def _nobody_watches(place: int) -> None:
    """Stand in for a caller that shows no progress."""


async def import_file(
    connection: Connection,
    file: BinaryIO,
    *,
    secrets: Secrets,
    actor: Actor,
    progress: Progress = _nobody_watches,
    namespaces: Sequence[str] = NAMESPACES,
) -> Receipt:
    """Load a UNILoginImport file, plain, gzip or zip, and return its receipt; a refusal is a receipt, too.

    ``file`` must be seekable and ``connection`` outside a transaction. Either everything of the delivery is loaded, or
    nothing. The same delivery once more changes nothing and returns the same receipt, marked as repeated.
    """
    now: datetime = await connection.fetchval("select kit_now()")
    reading: Reading | None = None
    try:
        reading = await asyncio.to_thread(Reading, file, secrets=secrets, today=now.date(), namespaces=namespaces)
        async with connection.transaction():
            return await _load(connection, reading, actor=actor, now=now, progress=progress)
    except DocumentError as error:
        refusal = DeliveryRefusedError.of_document(error)
    except DeliveryRefusedError as error:
        refusal = error
    async with connection.transaction():
        return await _record_refusal(connection, reading, refusal=refusal, actor=actor, now=now)


async def _load(tx: Transaction, reading: Reading, *, actor: Actor, now: datetime, progress: Progress) -> Receipt:
    header = reading.document.header
    where = check_institution(header, await institution(tx, header.institution_number))
    await lock_institution(tx, where.institution_id)
    last = await last_applied(tx, where.institution_id, source=header.source)
    if (before := await _same_as_before(tx, reading, last)) is not None:
        return replace(before, repeated=True)
    check_time(header, last=last.source_time if last else None, now=now)
    origin = Origin(where.institution_id, header.source, str(new_id()), actor)
    groups = [ToldGroup(*group) for group in reading.document.groups]
    known = await known_rows(tx, where.institution_id, source=header.source, groups=groups)
    reading.known = KnownHashes(known.hashes)
    staged = await _stage(tx, reading, progress)
    fingerprint = await asyncio.to_thread(reading.finish)
    applied = await _apply(tx, origin, reading=reading, groups=groups, known=known, staged=staged)
    return await _record(tx, origin, reading=reading, applied=applied, fingerprint=fingerprint, now=now)


async def _same_as_before(tx: Transaction, reading: Reading, last: LastApplied | None) -> Receipt | None:
    """Return the receipt of the last delivery if this is the same one, word for word (F-29)."""
    if last is None or last.source_time != reading.document.header.source_time:
        return None
    if await asyncio.to_thread(reading.skim) != last.fingerprint:
        return None
    return await receipt(tx, last.delivery_id)


async def _stage(tx: Transaction, reading: Reading, progress: Progress) -> bool:
    """Copy what changed into the staging tables; tell whether anything did."""
    staged = False
    while (batch := await asyncio.to_thread(reading.next_batch)) is not None:
        if batch.members or batch.kept:
            if not staged:
                await prepare_staging(tx)
            staged = True
            await copy_batch(tx, batch)
        progress(reading.place)
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
        draw=randbelow,
    )


async def _record(
    tx: Transaction, origin: Origin, *, reading: Reading, applied: Applied, fingerprint: bytes, now: datetime
) -> Receipt:
    for row in applied.refused:
        reading.refuse(Finding(row.line, row.why.value, Severity.REFUSED, {}, row.local_person_id))
    for doubt in applied.doubts:
        reading.add(Finding(doubt.line, Found.PROTECTION_ENDS.value, Severity.WARNING, {}, doubt.local_person_id))
    for group in applied.undeclared_groups:
        reading.add(Finding(1, Found.GROUP_UNDECLARED.value, Severity.WARNING, {}, group=group))
    header = reading.document.header
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
        now,
    )
    await _store(tx, told, actor=origin.actor, institution_id=origin.institution_id, fingerprint=fingerprint)
    return told


async def _record_refusal(
    tx: Transaction, reading: Reading | None, *, refusal: DeliveryRefusedError, actor: Actor, now: datetime
) -> Receipt:
    header = reading.document.header if reading else None
    where = await institution(tx, header.institution_number) if header else None
    told = Receipt(
        DeliveryId(new_id()),
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
        now,
    )
    await _store(tx, told, actor=actor, institution_id=where.institution_id if where else None, fingerprint=None)
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
