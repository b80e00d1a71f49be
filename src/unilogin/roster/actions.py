"""The one door for deliveries, whoever hands them in: loaded whole, refused whole, or parked whole."""

from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import BinaryIO

from unilogin.domain.audit.model import Actor
from unilogin.kit.db.connection import Connection, Transaction
from unilogin.kit.secrets import Secrets
from unilogin.kit.xml.errors import DocumentError
from unilogin.roster.desk import Desk, Progress, nobody_watches
from unilogin.roster.errors import DeliveryRefusedError
from unilogin.roster.formats.unilogin_import import NAMESPACES
from unilogin.roster.loading import load
from unilogin.roster.model import DeliveryId, DeliveryKind, Header, Receipt
from unilogin.roster.reading import Reading
from unilogin.roster.refusing import record_refusal

Admit = Callable[[Header], None]
"""Told for which institution a file is, before anything of it counts; raises what the caller wants to hear."""


Still = Callable[[Transaction, Header], Awaitable[None]]
"""Asked when all of a delivery is done and before it counts; raises what the caller wants to hear, and nothing is."""


def _any_institution(header: Header) -> None:
    """Stand in for a caller who may deliver for all."""


async def _always(tx: Transaction, header: Header) -> None:
    """Stand in for a caller from whom nobody takes anything back."""


async def import_file(
    connection: Connection,
    file: BinaryIO,
    *,
    secrets: Secrets,
    actor: Actor,
    kind: DeliveryKind = DeliveryKind.FULL,
    progress: Progress = nobody_watches,
    admit: Admit = _any_institution,
    still: Still = _always,
    namespaces: Sequence[str] = NAMESPACES,
    released: DeliveryId | None = None,
    sent_for: str | None = None,
    looked_at: bool = False,
) -> Receipt:
    """Load a file in any format we know and return its receipt: applied, refused or parked.

    ``file`` must be seekable and ``connection`` outside a transaction. Either everything of the delivery is loaded, or
    nothing. The same delivery once more changes nothing and returns the same receipt, marked as repeated. A delivery
    that would do more than the institution's limits allow changes nothing and waits for two people (``deciding``),
    who let it in as ``released``. ``admit`` and ``still`` are the caller's own word, before and after. ``sent_for`` is
    the number of the institution that somebody said it is for: of a file with several that one is read, and a file that
    does not tell stands in its history. ``looked_at``: somebody has seen what it does, and the limits do not hold it.
    """
    now: datetime = await connection.fetchval("select kit_now()")
    begin = partial(
        Reading, file, kind=kind, secrets=secrets, today=now.date(), namespaces=namespaces, institution=sent_for
    )
    reading: Reading | None = None
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="roster") as thread:
        desk = Desk(connection, thread, secrets, actor, now, progress)
        try:
            reading = await desk.beside(begin)
            admit(reading.header)
            async with connection.transaction():
                told = await load(desk, reading, file, released=released, looked_at=looked_at)
                await still(connection, reading.header)
                return told
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
        return await record_refusal(desk, reading, refusal, kind=kind, sent_for=sent_for)
