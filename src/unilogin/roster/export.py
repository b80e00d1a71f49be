"""Exporting an institution: its people as tables in a zip, row by row, so that memory does not grow with the school."""

import asyncio
import csv
import io
import zipfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import datetime
from typing import BinaryIO

from unilogin.domain.audit.actions import write
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.directory.model import Institution
from unilogin.domain.directory.queries import institution
from unilogin.kit.db.connection import Connection, Transaction
from unilogin.kit.errors import UniloginError
from unilogin.roster.formats import oneroster_writer, sds_writer
from unilogin.roster.formats.cells import neutral
from unilogin.roster.model import Exported, ExportFormat

Table = AsyncIterator[Sequence[str]]
Tables = Mapping[str, tuple[Sequence[str], Table]]


_ROWS_AT_ONCE = 500
_PATIENTLY = "set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0"


class UnknownInstitutionError(UniloginError):
    """There is no institution of that number."""

    code = "institution_unknown"


async def export_institution(
    connection: Connection,
    number: str,
    *,
    out: BinaryIO,
    written_as: ExportFormat,
    actor: Actor,
    domain: str | None = None,
) -> Exported:
    """Write everybody of an institution into ``out`` as a zip of tables, and that it was done into the audit log.

    ``connection`` is outside a transaction. Everything is of one moment. ``domain`` makes addresses of
    the usernames for SDS, as ``read_domain`` returns it. Raises UnknownInstitutionError.
    """
    async with connection.transaction(isolation="repeatable_read"):
        await connection.execute(_PATIENTLY)
        where = await institution(connection, number)
        if where is None:
            raise UnknownInstitutionError(f"there is no institution {number}")
        now: datetime = await connection.fetchval("select kit_now()")
        tables = _tables(connection, where, now, written_as=written_as, domain=domain)
        rows = {}
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, (columns, table) in tables.items():
                file = zipfile.ZipInfo(f"{name}.csv", date_time=now.timetuple()[:6])
                file.compress_type = zipfile.ZIP_DEFLATED
                rows[name] = await _write_table(archive, file, columns=columns, table=table)
        detail = {"format": written_as.value, **rows}
        await write(connection, Entry(Event.ROSTER_EXPORTED, actor, institution_id=where.institution_id, detail=detail))
    return Exported(where.number, written_as, rows)


def _tables(
    tx: Transaction, where: Institution, now: datetime, *, written_as: ExportFormat, domain: str | None
) -> Tables:
    if written_as is ExportFormat.SDS:
        return sds_writer.tables(tx, where, now, domain=domain)
    return oneroster_writer.tables(tx, where, now)


async def _write_table(archive: zipfile.ZipFile, file: zipfile.ZipInfo, *, columns: Sequence[str], table: Table) -> int:
    count = 0
    with archive.open(file, "w", force_zip64=True) as packed:
        text = io.TextIOWrapper(packed, encoding="utf-8", newline="")
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(columns)
        async for rows in _batches(table):
            await asyncio.to_thread(writer.writerows, _cells(rows))  # packing takes its time, and others are waiting
            count += len(rows)
        text.flush()
        text.detach()
    return count


async def _batches(table: Table) -> AsyncIterator[list[Sequence[str]]]:
    rows: list[Sequence[str]] = []
    async for row in table:
        rows.append(row)
        if len(rows) >= _ROWS_AT_ONCE:
            yield rows
            rows = []
    if rows:
        yield rows


def _cells(rows: Sequence[Sequence[str]]) -> Iterator[list[str]]:
    return ([neutral(" ".join(cell.split())) for cell in row] for row in rows)
