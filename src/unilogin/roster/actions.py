"""The one door for deliveries, whoever hands them in: loaded whole, refused whole, or parked whole."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import BinaryIO

from unilogin.domain.audit.model import Actor
from unilogin.domain.directory.queries import institution
from unilogin.kit.db.connection import Connection
from unilogin.kit.secrets import Secrets
from unilogin.kit.xml.errors import DocumentError
from unilogin.roster.desk import Desk, Progress, nobody_watches
from unilogin.roster.errors import DeliveryRefusedError
from unilogin.roster.formats.unilogin_import import NAMESPACES
from unilogin.roster.loading import load
from unilogin.roster.model import Counts, DeliveryId, DeliveryKind, DeliveryStatus, Header, Receipt
from unilogin.roster.reading import Reading
from unilogin.roster.recording import record
from unilogin.roster.staging import Drawer
from unilogin.roster.telling import tell_refused

Admit = Callable[[Header], None]
"""Told for which institution a file is, before anything of it counts; raises what the caller wants to hear."""


def _any_institution(header: Header) -> None:
    """Stand in for a caller who may deliver for all."""


async def import_file(
    connection: Connection,
    file: BinaryIO,
    *,
    secrets: Secrets,
    actor: Actor,
    kind: DeliveryKind = DeliveryKind.FULL,
    progress: Progress = nobody_watches,
    admit: Admit = _any_institution,
    namespaces: Sequence[str] = NAMESPACES,
    released: DeliveryId | None = None,
    sent_for: str | None = None,
    looked_at: bool = False,
) -> Receipt:
    """Load a file in any format we know and return its receipt: applied, refused or parked.

    ``file`` must be seekable and ``connection`` outside a transaction. Either everything of the delivery is loaded, or
    nothing. The same delivery once more changes nothing and returns the same receipt, marked as repeated. A delivery
    that would do more than the institution's limits allow changes nothing and waits for two people (``deciding``),
    who let it in as ``released``. ``sent_for`` is the number of the institution that somebody said it is for: of a
    file with several that one is read, and a file that does not tell stands in its history. ``looked_at``: somebody has
    seen what it does, and the limits do not hold it.
    """
    now: datetime = await connection.fetchval("select kit_now()")
    reading: Reading | None = None
    read = partial(Reading, institution=sent_for)
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="roster") as thread:
        desk = Desk(connection, thread, secrets, actor, now, progress)
        try:
            reading = await desk.beside(
                partial(read, file, kind=kind, secrets=secrets, today=now.date(), namespaces=namespaces)
            )
            admit(reading.header)
            async with connection.transaction():
                return await load(desk, reading, file, released=released, looked_at=looked_at)
        except DocumentError as error:
            refusal = DeliveryRefusedError.of_document(error)
        except DeliveryRefusedError as error:
            refusal = error
            if reading is None and error.number:
                admit(Header(error.number, error.source, now, ""))
        finally:
            if reading is not None:
                await desk.beside(reading.close)
    async with connection.transaction():
        return await _record_refusal(desk, reading, refusal, kind=kind, sent_for=sent_for)


async def _record_refusal(
    desk: Desk,
    reading: Reading | None,
    refusal: DeliveryRefusedError,
    *,
    kind: DeliveryKind,
    sent_for: str | None,
) -> Receipt:
    header = reading.header if reading else None
    number = header.institution_number if header else refusal.number or sent_for
    where = await institution(desk.tx, number) if number else None
    told = Receipt(
        DeliveryId(Drawer().new_id()),
        header.institution_number if header else refusal.number,
        header.source if header else refusal.source,
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
        kind,
    )
    institution_id = where.institution_id if where else None
    await record(desk.tx, told, actor=desk.actor, institution_id=institution_id, fingerprint=None)
    if where and where.active:
        await tell_refused(desk.tx, where.institution_id, told.delivery_id)
    return told
