"""Memberships that a system will bring: made ahead, so that its first delivery finds the people it means."""

from collections.abc import Sequence
from uuid import UUID

from unilogin.domain.directory.model import InstitutionId
from unilogin.kit.db.connection import Transaction

_FORESEE = """
  insert into directory_membership
    (person_id, institution_id, source, local_person_id, actor_group, roles, level, raw_hash, from_at, ended_at)
  select m.person_id, $1, $2, n.local_person_id, m.actor_group, m.roles, m.level, '', kit_now(), kit_now()
  from unnest($3::text[], $4::uuid[]) as n (local_person_id, membership_id)
  join directory_membership m on m.membership_id = n.membership_id
  on conflict (institution_id, source, local_person_id) do nothing
"""


async def foresee_memberships(
    tx: Transaction, institution_id: InstitutionId, *, source: str, pairs: Sequence[tuple[str, UUID]]
) -> None:
    """Say whom a system will mean by which local id: whoever has that membership today. Nobody belongs by it yet."""
    await tx.execute(
        _FORESEE, institution_id, source, [local_id for local_id, _ in pairs], [member for _, member in pairs]
    )
