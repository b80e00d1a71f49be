"""A known person who comes with another CPR number waits alone until somebody has looked (Skift CPR-nummer).

The number may be a new one of the same person, a slip of a finger, or somebody else under a local id that was given
twice; only people can tell. The rest of the delivery goes on.
"""

from collections.abc import Sequence
from uuid import UUID

from unilogin.domain.directory.bulk_refusals import OtherNumber
from unilogin.domain.directory.bulk_staging import Origin
from unilogin.kit.db.connection import Transaction

_NOTE = """
  insert into roster_cpr_case (membership_id, delivery_id, local_person_id, sealed_for, cpr_sealed, cpr_index)
  select membership_id, $1, local_person_id, sealed_for, cpr_sealed, cpr_index
  from unnest($2::uuid[], $3::text[], $4::uuid[], $5::bytea[], $6::bytea[])
    as n (membership_id, local_person_id, sealed_for, cpr_sealed, cpr_index)
  on conflict (membership_id) where settled_at is null do update
  set delivery_id = excluded.delivery_id, sealed_for = excluded.sealed_for, cpr_sealed = excluded.cpr_sealed,
      cpr_index = excluded.cpr_index
"""

_GONE = """
  update roster_cpr_case c set settled_at = kit_now(), outcome = 'gone'
  from directory_membership m
  where c.settled_at is null and m.membership_id = c.membership_id and m.institution_id = $1 and m.source = $2
    and c.membership_id <> all ($3::uuid[])
"""


async def note_cases(tx: Transaction, origin: Origin, *, numbers: Sequence[OtherNumber], whole: bool) -> None:
    """Keep the other numbers of a delivery; a case that a whole delivery does not bring again has settled itself."""
    if numbers:
        await tx.execute(_NOTE, UUID(origin.delivery), *(list(column) for column in zip(*numbers, strict=True)))
    if whole:
        await tx.execute(_GONE, origin.institution_id, origin.source, [number.membership_id for number in numbers])
