"""Forgetting people who have belonged nowhere for long: all but what recognises them when they come back.

Username, uniid, the names services know them by and the look-up value of the CPR number stay, so that nobody else gets
them and whoever comes back is the same; the number itself goes (K-16). A protected person stays protected. Where they
belonged stays without class, contacts and what else a source told, so that its LocalPersonId means nobody else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from unilogin.domain.audit.actions import INSERT as AUDIT_INSERT
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import SYSTEM
from unilogin.domain.directory.following import lock_people
from unilogin.domain.directory.model import AccountId, PersonId
from unilogin.domain.directory.protection import NEUTRAL_ALIAS
from unilogin.kit.db.connection import Transaction

FORMER_NAME = ("Tidligere", "Bruger")
_AT_ONCE = 10_000
_PATIENCE = 3600.0


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Who was forgotten: what other rooms know of them goes, too."""

    persons: Sequence[PersonId]
    accounts: Sequence[AccountId]


_ERASE = f"""
  with gone as (
    select p.person_id
    from directory_person p
    where p.erased_at is null and greatest(p.changed_at, p.contact_until) < kit_now() - $1::interval
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
        cpr_sealed = null, erased_at = kit_now()
    from gone where p.person_id = gone.person_id
    returning p.person_id
  ), logged as (
    {AUDIT_INSERT}
    select '{Event.PERSON_ERASED.value}', $2, $3, a.account_id, null, null, 'ok', null, '{{}}'
    from erased left join directory_account a using (person_id)
  )
  select person_id, a.account_id from erased left join directory_account a using (person_id)
"""

_FORGET_BELONGING = """
  with theirs as (
    update directory_membership set detail = '{}', raw_hash = '' where person_id = any ($1::uuid[])
    returning membership_id
  ), classes as (
    delete from directory_group_member g using theirs where g.membership_id = theirs.membership_id
  ), manual as (
    delete from directory_manual u using theirs where u.membership_id = theirs.membership_id
  )
  delete from directory_contact c using theirs where c.membership_id = theirs.membership_id
"""


async def erase_people(tx: Transaction, *, after: timedelta) -> Forgotten:
    """Forget those who have belonged nowhere for so long, some thousand at a time; return who they are.

    No load is under way meanwhile: it might be bringing one of them back.
    """
    await lock_people(tx)
    rows = await tx.fetch(_ERASE, after, SYSTEM.kind, SYSTEM.id, *FORMER_NAME, *NEUTRAL_ALIAS, timeout=_PATIENCE)
    persons = [PersonId(row["person_id"]) for row in rows]
    await tx.execute(_FORGET_BELONGING, persons, timeout=_PATIENCE)
    return Forgotten(persons, [AccountId(row["account_id"]) for row in rows if row["account_id"]])
