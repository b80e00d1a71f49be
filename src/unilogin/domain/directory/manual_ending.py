"""What was added by hand ends by itself, a year after somebody confirmed it, with a month's notice."""

from collections.abc import Sequence

from unilogin.domain.audit.actions import INSERT as AUDIT_INSERT
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import SYSTEM
from unilogin.domain.directory.manual import NOTICE
from unilogin.domain.directory.model import InstitutionId
from unilogin.kit.db.connection import Transaction

WARNED = "interval '27 days'"
"""February is the shortest month, and a job may be late by some hours."""

_END_DUE = f"""
  with due as (
    update directory_membership m set ended_at = kit_now()
    from directory_manual u
    where m.membership_id = u.membership_id and u.until_at <= kit_now() and m.ended_at is null
      and u.reminded_at <= kit_now() - {WARNED}
    returning m.person_id, m.institution_id
  )
  {AUDIT_INSERT}
  select '{Event.MEMBERSHIP_ENDED.value}', $1, $2, a.account_id, due.institution_id, null, 'ok', null,
         '{{"by_hand": true}}'
  from due join directory_account a using (person_id)
"""


async def end_due(tx: Transaction) -> None:
    """End what nobody has confirmed for a year, a month after administrators were told, however late that was."""
    await tx.execute(_END_DUE, SYSTEM.kind, SYSTEM.id)


_DUE_SOON = f"""
  with soon as (
    update directory_manual u set reminded_at = kit_now()
    from directory_membership m
    where m.membership_id = u.membership_id and m.ended_at is null and u.reminded_at is null
      and u.until_at < kit_now() + {NOTICE}
    returning m.institution_id
  )
  select distinct institution_id from soon
"""


async def take_ending(tx: Transaction) -> Sequence[InstitutionId]:
    """Return the institutions where somebody ends within a month of whom nobody was told yet; each person once."""
    return [InstitutionId(row["institution_id"]) for row in await tx.fetch(_DUE_SOON)]
