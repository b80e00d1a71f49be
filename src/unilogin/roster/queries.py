"""Reading deliveries: what came, what it did, what was wrong with it."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec
from asyncpg import Record

from unilogin.domain.directory.model import InstitutionId
from unilogin.kit.db.connection import Connection
from unilogin.roster.model import (
    Breach,
    Counts,
    DeliveryId,
    DeliveryKind,
    DeliveryStatus,
    Finding,
    PlanLine,
    Receipt,
    Severity,
)

_DELIVERY = """
  select delivery_id, received_at, institution_number, source, source_time, school_year, status, refusal,
         refusal_fields, created, changed, unchanged, gone, refused, new_accounts, finding_count, kind, plan, held_by,
         settled_at
  from roster_delivery
"""

FINDING = "line, code, severity, fields, local_person_id, contact, group_id"


class Known(NamedTuple):
    """A delivery that came before."""

    delivery_id: DeliveryId
    fingerprint: bytes


class Standing(NamedTuple):
    """How a source stands at an institution before its delivery is read."""

    heard: bool  # its deliveries count
    last: datetime | None  # time of its newest delivery that counts
    newest: datetime | None  # of its newest delivery that counts or waits
    same: tuple[Known, ...]  # of this very time and kind: those that count, wait, were rejected or overtaken
    custody_roles: frozenset[str]  # mean custody where a file says nothing of it


_STANDING = """
  with counts as (
    select max(source_time) as at from roster_delivery
    where institution_id = $1 and source = $2 and status = 'applied'
  ), waits as (
    select max(source_time) as at from roster_delivery
    where institution_id = $1 and source = $2 and status = 'parked' and delivery_id is distinct from $5
  ), same as (
    select delivery_id, fingerprint from roster_delivery
    where institution_id = $1 and source = $2 and source_time = $3 and kind = $4 and status = 'applied'
    union all
    select delivery_id, fingerprint from roster_delivery
    where institution_id = $1 and source = $2 and source_time = $3 and kind = $4 and status in ('parked', 'rejected')
    union all
    select delivery_id, fingerprint from roster_delivery
    where institution_id = $1 and source = $2 and source_time = $3 and kind = $4 and status = 'overtaken'
  )
  select not exists (select from roster_source_not_heard where institution_id = $1 and source = $2) as heard,
         counts.at as last, greatest(counts.at, waits.at) as newest,
         array(select delivery_id from same) as same, array(select fingerprint from same) as fingerprints,
         array(select role from roster_custody_role where institution_id = $1 and source = $2) as custody_roles
  from counts, waits
"""


async def standing(
    connection: Connection,
    institution_id: InstitutionId,
    *,
    source: str,
    source_time: datetime,
    kind: DeliveryKind,
    but: DeliveryId | None,
) -> Standing:
    """Return all there is to ask before a delivery is read; ``but`` is one that is about to be released."""
    row = await connection.fetchrow(_STANDING, institution_id, source, source_time, kind.value, but)
    if row is None:
        return Standing(heard=True, last=None, newest=None, same=(), custody_roles=frozenset())
    same = tuple(Known(DeliveryId(one), told) for one, told in zip(row["same"], row["fingerprints"], strict=True))
    return Standing(row["heard"], row["last"], row["newest"], same, frozenset(row["custody_roles"]))


async def earlier_waiting(connection: Connection, institution_id: InstitutionId, *, source: str) -> datetime | None:
    """Return the time of the delivery of this source that waits for two people, or None."""
    found: datetime | None = await connection.fetchval(
        "select max(source_time) from roster_delivery where institution_id = $1 and source = $2 and status = 'parked'",
        institution_id,
        source,
    )
    return found


async def receipt(connection: Connection, delivery_id: DeliveryId) -> Receipt | None:
    """Return the receipt of a delivery with its findings, or None."""
    row = await connection.fetchrow(f"{_DELIVERY} where delivery_id = $1", delivery_id)
    if row is None:
        return None
    findings = await connection.fetch(
        f"select {FINDING} from roster_finding where delivery_id = $1 order by number",
        delivery_id,
    )
    return _receipt(row, findings)


async def history(connection: Connection, institution_id: InstitutionId, *, limit: int = 50) -> list[Receipt]:
    """Return the latest deliveries of an institution, newest first, without their findings."""
    rows = await connection.fetch(
        f"{_DELIVERY} where institution_id = $1 order by received_at desc limit $2", institution_id, limit
    )
    return [_receipt(row, ()) for row in rows]


async def history_of_sender(
    connection: Connection, institution_id: InstitutionId, *, system_id: str, limit: int
) -> list[Receipt]:
    """Return what one system has delivered for an institution, newest first, without findings."""
    rows = await connection.fetch(
        f"{_DELIVERY} where institution_id = $1 and actor_kind = 'source' and actor_id = $2"
        " order by received_at desc limit $3",
        institution_id,
        system_id,
        limit,
    )
    return [_receipt(row, ()) for row in rows]


async def parked_deliveries(connection: Connection) -> list[Receipt]:
    """Return the deliveries that wait for two people, oldest first, without their findings."""
    rows = await connection.fetch(f"{_DELIVERY} where status = 'parked' order by received_at")
    return [_receipt(row, ()) for row in rows]


def _receipt(row: Record, findings: Sequence[Record]) -> Receipt:
    return Receipt(
        delivery_id=DeliveryId(row["delivery_id"]),
        institution_number=row["institution_number"],
        source=row["source"],
        source_time=row["source_time"],
        school_year=row["school_year"],
        status=DeliveryStatus(row["status"]),
        refusal=row["refusal"],
        refusal_fields=row["refusal_fields"],
        counts=Counts(row["created"], row["changed"], row["unchanged"], row["gone"], row["refused"]),
        new_accounts=row["new_accounts"],
        findings=tuple(finding_of(found) for found in findings),
        finding_count=row["finding_count"],
        received_at=row["received_at"],
        kind=DeliveryKind(row["kind"]),
        plan=msgspec.convert(row["plan"], tuple[PlanLine, ...]),
        held_by=msgspec.convert(row["held_by"], tuple[Breach, ...]),
        settled_at=row["settled_at"],
    )


def finding_of(row: Record) -> Finding:
    """Read what the columns of ``FINDING`` hold."""
    return Finding(
        row["line"],
        row["code"],
        Severity(row["severity"]),
        row["fields"],
        row["local_person_id"],
        row["contact"],
        row["group_id"],
    )
