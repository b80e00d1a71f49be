"""Keeping why a whole delivery was refused, where its sender and the institution find it."""

from unilogin.domain.directory.queries import institution
from unilogin.roster.desk import Desk
from unilogin.roster.errors import DeliveryRefusedError
from unilogin.roster.model import DeliveryId, DeliveryKind, DeliveryStatus, Receipt
from unilogin.roster.reading import Reading
from unilogin.roster.recording import record
from unilogin.roster.staging import Drawer
from unilogin.roster.telling import tell_refused


async def record_refusal(
    desk: Desk,
    reading: Reading | None,
    refusal: DeliveryRefusedError,
    *,
    kind: DeliveryKind,
    sent_for: str | None = None,
) -> Receipt:
    """Store the receipt of a delivery of which nothing counts, in the desk's transaction; let administrators know."""
    header = reading.header if reading else None
    number = header.institution_number if header else refusal.number or sent_for
    where = await institution(desk.tx, number) if number else None
    told = Receipt(
        delivery_id=DeliveryId(Drawer().new_id()),
        institution_number=header.institution_number if header else refusal.number,
        source=header.source if header else refusal.source,
        source_time=header.source_time if header else None,
        school_year=header.school_year if header else "",
        status=DeliveryStatus.REFUSED,
        refusal=str(refusal.reason),
        refusal_fields=refusal.fields,
        received_at=desk.now,
        kind=kind,
    )
    institution_id = where.institution_id if where else None
    await record(desk.tx, told, actor=desk.actor, institution_id=institution_id, fingerprint=None)
    if where and where.active:
        await tell_refused(desk.tx, where.institution_id, told.delivery_id)
    return told
