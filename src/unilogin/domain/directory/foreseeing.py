"""Memberships that a system will bring: made ahead, so that its first delivery finds the people it means."""

from collections.abc import Sequence
from uuid import UUID

from unilogin.domain.directory.model import InstitutionId
from unilogin.kit.db.connection import Transaction

# A local id that meant somebody else in a change that was taken back: that belonging keeps another id.
_SET_ASIDE = """
  update directory_membership m
  set local_person_id = left(m.local_person_id, 40) || ' ~' || left(m.membership_id::text, 13)
  where m.institution_id = $1 and m.source = $2 and m.local_person_id = any ($3::text[]) and m.ended_at is not null
    and not exists (
      select from unnest($4::text[], $5::uuid[]) as n (local_person_id, membership_id)
      join directory_membership o on o.membership_id = n.membership_id
      where n.local_person_id = m.local_person_id and o.person_id = m.person_id)
"""

_FORESEE = """
  insert into directory_membership
    (person_id, institution_id, source, local_person_id, actor_group, roles, level, raw_hash, from_at, ended_at)
  select m.person_id, $1, $2, n.local_person_id, m.actor_group, m.roles, m.level, '', kit_now(), kit_now()
  from unnest($3::text[], $4::uuid[]) as n (local_person_id, membership_id)
  join directory_membership m on m.membership_id = n.membership_id
  on conflict (institution_id, source, local_person_id) do nothing
"""


async def foresee_memberships(
    tx: Transaction,
    institution_id: InstitutionId,
    *,
    source: str,
    named: Sequence[str],
    pairs: Sequence[tuple[str, UUID]],
) -> None:
    """Say whom a system will mean by which local id: whoever has that membership today. Nobody belongs by it yet.

    ``named`` are all local ids that it will name; those without a pair mean nobody who was here before.
    """
    columns = [local_id for local_id, _ in pairs], [member for _, member in pairs]
    await tx.execute(_SET_ASIDE, institution_id, source, named, *columns)
    await tx.execute(_FORESEE, institution_id, source, *columns)
