"""Keeping the receipt of a delivery and its findings, and the one audit row of the delivery as a whole."""

from dataclasses import asdict, astuple

from unilogin.domain.audit.actions import write
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.directory.bulk_staging import PATIENCE
from unilogin.domain.directory.model import InstitutionId
from unilogin.kit.db.connection import Transaction
from unilogin.roster.model import DeliveryStatus, Finding, Receipt

_STORE = """
  insert into roster_delivery (delivery_id, received_at, actor_kind, actor_id, institution_id, institution_number,
                               source, source_time, school_year, status, refusal, refusal_fields, created, changed,
                               unchanged, gone, refused, new_accounts, finding_count, fingerprint, kind, plan, held_by,
                               applied_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
          case when $10 = 'applied' then kit_now() end)
  on conflict (delivery_id) do update
  set status = excluded.status, created = excluded.created, changed = excluded.changed,
      unchanged = excluded.unchanged, gone = excluded.gone, refused = excluded.refused,
      new_accounts = excluded.new_accounts, finding_count = excluded.finding_count, plan = excluded.plan,
      applied_at = excluded.applied_at, settled_at = kit_now()
  returning settled_at is not null as was_parked
"""

_EVENTS = {
    DeliveryStatus.APPLIED: Event.DELIVERY_APPLIED,
    DeliveryStatus.REFUSED: Event.DELIVERY_REFUSED,
    DeliveryStatus.PARKED: Event.DELIVERY_PARKED,
}


async def record(
    tx: Transaction,
    told: Receipt,
    *,
    actor: Actor,
    institution_id: InstitutionId | None,
    fingerprint: bytes | None,
) -> None:
    """Store a receipt; that of a delivery which was parked takes the place of the first one, with its findings."""
    row = _delivery_row(told, actor=actor, institution_id=institution_id, fingerprint=fingerprint)
    was_parked = await tx.fetchval(_STORE, *row)
    if was_parked:
        await tx.execute("delete from roster_finding where delivery_id = $1", told.delivery_id)
    if told.findings:
        await tx.copy_records_to_table(
            "roster_finding",
            records=[_finding_row(told, number, finding) for number, finding in enumerate(told.findings)],
            columns=_FINDING,
            timeout=PATIENCE,
        )
    await write(
        tx,
        Entry(
            _EVENTS[told.status],
            actor,
            institution_id=institution_id,
            about=str(told.delivery_id),
            outcome=told.refusal or "ok",
            detail=asdict(told.counts),
        ),
    )


# Named, so that a column more, while nodes of two versions run, stops nobody's delivery.
_FINDING = (
    "delivery_id",
    "number",
    "line",
    "code",
    "severity",
    "fields",
    "local_person_id",
    "contact",
    "group_id",
)


def _delivery_row(
    told: Receipt, *, actor: Actor, institution_id: InstitutionId | None, fingerprint: bytes | None
) -> tuple[object, ...]:
    """The values of the statement that stores a delivery, in order."""
    return (
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
        told.kind.value,
        list(told.plan),
        list(told.held_by),
    )


def _finding_row(told: Receipt, number: int, finding: Finding) -> tuple[object, ...]:
    """The columns of ``_FINDING``."""
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
