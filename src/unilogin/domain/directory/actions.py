"""Writing institutions, and blocking accounts. People are written in bulk, by rosters (``bulk.py``)."""

from collections.abc import Sequence
from dataclasses import dataclass

from unilogin.domain.audit import actions as audit
from unilogin.domain.audit.actions import INSERT as AUDIT_INSERT
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.directory.model import AccountId, InstitutionId, InstitutionKind
from unilogin.kit.db.connection import Transaction


@dataclass(frozen=True, slots=True)
class InstitutionDraft:
    """What a list of institutions says about one of them."""

    number: str
    name: str
    kind: InstitutionKind
    cvr: str | None
    municipality: str | None
    public_law_body: bool


_SAVE = f"""
  with drafts as (
    select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[])
      as d (number, name, kind, cvr, municipality, public_law_body)
  ), before as (
    select i.number from directory_institution i join drafts using (number)
  ), saved as (
    insert into directory_institution as i (number, name, kind, cvr, municipality, public_law_body)
    select number, name, kind, cvr, municipality, public_law_body from drafts
    on conflict (number) do update
      set name = excluded.name, kind = excluded.kind, cvr = excluded.cvr,
          municipality = excluded.municipality, public_law_body = excluded.public_law_body
      where (i.name, i.kind, i.cvr, i.municipality, i.public_law_body)
        is distinct from (excluded.name, excluded.kind, excluded.cvr, excluded.municipality, excluded.public_law_body)
    returning i.institution_id, i.number
  ), logged as (
    {AUDIT_INSERT}
    select case when number in (select number from before) then $7 else $8 end,
           $9, $10, null, institution_id, number, 'ok', null, '{{}}'
    from saved
  )
  select count(*) filter (where number not in (select number from before)) as created,
         count(*) filter (where number in (select number from before)) as changed
  from saved
"""


async def save_institutions(tx: Transaction, drafts: Sequence[InstitutionDraft], *, actor: Actor) -> tuple[int, int]:
    """Create or change institutions by number; return (created, changed). Repeating changes nothing."""
    row = await tx.fetchrow(
        _SAVE,
        [draft.number for draft in drafts],
        [draft.name for draft in drafts],
        [draft.kind.value for draft in drafts],
        [draft.cvr for draft in drafts],
        [draft.municipality for draft in drafts],
        [draft.public_law_body for draft in drafts],
        Event.INSTITUTION_CHANGED.value,
        Event.INSTITUTION_CREATED.value,
        actor.kind,
        actor.id,
    )
    return (row["created"], row["changed"]) if row else (0, 0)


async def block_account(
    tx: Transaction, account_id: AccountId, *, why: str, institution_id: InstitutionId | None, actor: Actor
) -> bool:
    """Block an account (spærre): nobody signs in with it. False when it was blocked; its sessions are the caller's."""
    return await _set_block(tx, account_id, why=why, institution_id=institution_id, actor=actor)


async def unblock_account(
    tx: Transaction, account_id: AccountId, *, institution_id: InstitutionId | None, actor: Actor
) -> bool:
    """Let an account be used again; False when it was not blocked."""
    return await _set_block(tx, account_id, why=None, institution_id=institution_id, actor=actor)


async def _set_block(
    tx: Transaction, account_id: AccountId, *, why: str | None, institution_id: InstitutionId | None, actor: Actor
) -> bool:
    changed = await tx.fetchval(
        "update directory_account set blocked_why = $2::text, blocked_at = case when $2::text is null then null"
        " else kit_now() end where account_id = $1 and (blocked_at is null) = ($2::text is not null) returning true",
        account_id,
        why,
    )
    if changed:
        event = Event.ACCOUNT_UNBLOCKED if why is None else Event.ACCOUNT_BLOCKED
        detail = {} if why is None else {"why": why}
        await audit.write(tx, Entry(event, actor, account_id=account_id, institution_id=institution_id, detail=detail))
    return bool(changed)
