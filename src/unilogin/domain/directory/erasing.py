"""Forgetting people who have belonged nowhere for long: all but what recognises them when they come back.

Username, uniid, the names services know them by and the CPR number stay, so that nobody else gets them and whoever
comes back is the same. A protected person stays protected.
"""

from datetime import timedelta

from unilogin.domain.audit.actions import INSERT as AUDIT_INSERT
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import SYSTEM
from unilogin.domain.directory.protection import NEUTRAL_ALIAS
from unilogin.kit.db.connection import Transaction

FORMER_NAME = ("Tidligere", "Bruger")
_AT_ONCE = 10_000

_ERASE = f"""
  with gone as (
    select p.person_id
    from directory_person p
    where p.erased_at is null and p.changed_at < kit_now() - $1::interval
      and not exists (select from directory_membership m
                      where m.person_id = p.person_id and coalesce(m.ended_at, kit_now()) > kit_now() - $1::interval)
      and not exists (select from directory_contact c join directory_membership m using (membership_id)
                      where c.contact_person_id = p.person_id
                        and coalesce(m.ended_at, kit_now()) > kit_now() - $1::interval)
    limit {_AT_ONCE}
  ), erased as (
    update directory_person p
    set first_name = $4, family_name = $5, birth_date = null, gender = null, email = null, contact = '{{}}',
        alias_first_name = case when p.protected then $6 end, alias_family_name = case when p.protected then $7 end,
        erased_at = kit_now()
    from gone where p.person_id = gone.person_id
    returning p.person_id
  ), detail as (
    update directory_membership m set detail = '{{}}', raw_hash = '' from erased where m.person_id = erased.person_id
  ), logged as (
    {AUDIT_INSERT}
    select '{Event.PERSON_ERASED.value}', $2, $3, a.account_id, null, null, 'ok', null, '{{}}'
    from erased left join directory_account a using (person_id)
  )
  select count(*) from erased
"""


async def erase_people(tx: Transaction, *, after: timedelta) -> int:
    """Forget those who have belonged nowhere for so long, some thousand at a time; return how many."""
    return int(await tx.fetchval(_ERASE, after, SYSTEM.kind, SYSTEM.id, *FORMER_NAME, *NEUTRAL_ALIAS, timeout=3600.0))
