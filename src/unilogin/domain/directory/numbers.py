"""A person gets another CPR number (skift af CPR-nummer) and stays who they are: account, username, subjects, history.

The number they had is kept as a former one: whoever still sends it means the same person, and nobody else can get it.
"""

from unilogin.domain.audit.actions import INSERT as AUDIT_INSERT
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor
from unilogin.domain.directory.model import InstitutionId, PersonId
from unilogin.kit.db.connection import Transaction

_CHANGE = f"""
  with was as (
    select person_id, cpr_index from directory_person where person_id = $1 for update
  ), changed as (
    update directory_person p set cpr_index = $2, cpr_sealed = $3, changed_at = kit_now()
    from was
    where p.person_id = was.person_id and was.cpr_index is distinct from $2
      and not exists (select from directory_person o where o.cpr_index = $2)
      and not exists (select from directory_former_cpr f where f.cpr_index = $2 and f.person_id <> $1)
    returning p.person_id, was.cpr_index as former
  ), kept as (
    insert into directory_former_cpr (cpr_index, person_id)
    select former, person_id from changed where former is not null
    on conflict (cpr_index) do nothing
  ), again as (
    delete from directory_former_cpr f using changed where f.cpr_index = $2
  ), logged as (
    {AUDIT_INSERT}
    select '{Event.CPR_CHANGE_ACCEPTED.value}', $4, $5, a.account_id, $6, null, 'ok', null, '{{}}'
    from changed left join directory_account a using (person_id)
  )
  select count(*) from changed
"""


async def change_number(
    tx: Transaction,
    person_id: PersonId,
    *,
    cpr_index: bytes,
    cpr_sealed: bytes,
    institution_id: InstitutionId,
    actor: Actor,
) -> bool:
    """Give a person another number, sealed for them; False when somebody else has it or had it."""
    changed = await tx.fetchval(_CHANGE, person_id, cpr_index, cpr_sealed, actor.kind, actor.id, institution_id)
    return bool(changed)


_TAKE_BACK = f"""
  with changed as (
    update directory_person p set cpr_index = $3, cpr_sealed = $4, changed_at = kit_now()
    where p.person_id = $1 and p.cpr_index = $2 and ($3::bytea is not null or p.local_key is not null)
      and not exists (select from directory_person o where o.cpr_index = $3)
      and not exists (select from directory_former_cpr f where f.cpr_index = $3 and f.person_id <> $1)
    returning p.person_id
  ), again as (
    delete from directory_former_cpr f using changed where f.cpr_index = $3
  ), logged as (
    {AUDIT_INSERT}
    select '{Event.PERSON_CHANGED.value}', $5, $6, a.account_id, $7, null, 'ok', null,
           '{{"number": true, "undone": true}}'
    from changed left join directory_account a using (person_id)
  )
  select count(*) from changed
"""


async def take_number_back(
    tx: Transaction,
    person_id: PersonId,
    *,
    given: bytes,
    had: tuple[bytes | None, bytes | None],
    institution_id: InstitutionId,
    actor: Actor,
) -> bool:
    """Take back a number that was given by mistake: it means this person no more. False when they have another now.

    ``had`` is the number before, as look-up value and sealed; nothing for somebody whose source told none.
    """
    changed = await tx.fetchval(_TAKE_BACK, person_id, given, *had, actor.kind, actor.id, institution_id)
    return bool(changed)
