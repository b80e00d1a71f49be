"""Name and address protection: begins at once with whoever says so, ends only when the last one has said so twice.

A name that is shown for one day cannot be taken back, so every doubt means protected.
"""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from unilogin.domain.audit.actions import INSERT as AUDIT_INSERT
from unilogin.domain.audit.events import Event
from unilogin.domain.directory import bulk_journal as journal
from unilogin.domain.directory.bulk_staging import PATIENCE, Origin
from unilogin.domain.directory.model import SOURCE_BY_HAND
from unilogin.domain.directory.protection import NEUTRAL_ALIAS
from unilogin.kit.db.connection import Transaction


class Doubt(NamedTuple):
    """A row after which a person's protection will end if the next delivery says the same."""

    line: int
    local_person_id: str


class ToHide(NamedTuple):
    """Somebody to be hidden, under an alias that counts where there is none yet. None: a neutral text."""

    person_id: UUID
    first_name: str | None
    family_name: str | None


class NotLoaded(NamedTuple):
    """Somebody whom a row calls protected that could not be loaded: known by a number, or by the row's local id."""

    cpr_index: bytes | None
    local_person_id: str | None
    first_name: str | None
    family_name: str | None
    alias_first_name: str | None
    alias_family_name: str | None


_BEGIN = f"""
  with told as materialized (
    select distinct on (w.person_id) w.person_id, w.account_id, s.alias_first_name, s.alias_family_name
    from stage_person s join stage_who w on w.cpr_index = s.cpr_index
    where s.protected
    order by w.person_id, s.alias_first_name is null, s.own desc, s.line
  ), hidden as (
    update directory_person p
    set protected = true, protection_doubted_at = null, changed_at = kit_now(),
        alias_first_name = coalesce(told.alias_first_name, p.alias_first_name, $5),
        alias_family_name = coalesce(told.alias_family_name, p.alias_family_name, $6)
    from told
    where p.person_id = told.person_id and p.person_id = any (array(select person_id from told))
      and (not p.protected or p.protection_doubted_at is not null)
    returning told.account_id, told.person_id
  ), noted as (
    {journal.INSERT}
    select $4::text::uuid, 'person', p.person_id, {journal.PERSON}
    from hidden p
    {journal.ONCE}
  )
  {AUDIT_INSERT}
  select '{Event.PERSON_CHANGED.value}', $1, $2, account_id, $3, $4, 'ok', null, '{{"protected": true}}' from hidden
"""

# An alias counts for whoever is called what the row calls them: by local id or number it might be somebody else.
_KNOWN_BY = """
  with told as (
    select * from unnest($3::bytea[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
      as t (cpr_index, local_person_id, first_name, family_name, alias_first_name, alias_family_name)
  ), known as (
    select p.person_id, t.* from told t join directory_person p on p.cpr_index = t.cpr_index
    union all
    select p.person_id, t.* from told t join directory_person p on p.local_key = t.cpr_index
    union all
    select f.person_id, t.* from told t join directory_former_cpr f on f.cpr_index = t.cpr_index
    union all
    select m.person_id, t.* from told t join directory_membership m
      on m.institution_id = $1 and m.source = $2 and m.local_person_id = t.local_person_id
  )
  select distinct on (p.person_id) p.person_id, a.alias_first_name, a.alias_family_name
  from known k join directory_person p using (person_id)
  left join lateral (select k.alias_first_name, k.alias_family_name
                     where (k.first_name, k.family_name) = (p.first_name, p.family_name)) a on true
  order by p.person_id, a.alias_first_name
"""

_HIDE = f"""
  with hidden as (
    update directory_person p
    set protected = true, protection_doubted_at = null, changed_at = kit_now(),
        alias_first_name = coalesce(p.alias_first_name, h.first_name, $8),
        alias_family_name = coalesce(p.alias_family_name, h.family_name, $9)
    from unnest($5::uuid[], $6::text[], $7::text[]) as h (person_id, first_name, family_name)
    where p.person_id = h.person_id and (not p.protected or p.protection_doubted_at is not null)
    returning p.person_id
  )
  {AUDIT_INSERT}
  select '{Event.PERSON_CHANGED.value}', $1, $2, a.account_id, $3, $4, 'ok', null, '{{"protected": true}}'
  from hidden left join directory_account a using (person_id)
"""

# The source has said so. Its rows lose their hash: one that says otherwise is read, though it may be the one of before.
_SAY = """
  update directory_membership m set says_protected = true, raw_hash = ''
  where m.institution_id = $1 and m.source = $2 and m.person_id = any ($3::uuid[])
"""
_SAY_OF_CONTACTS = """
  with said as (
    update directory_contact c set says_protected = true from directory_membership m
    where m.membership_id = c.membership_id and m.institution_id = $1 and m.source = $2
      and c.contact_person_id = any ($3::uuid[])
    returning c.membership_id
  )
  update directory_membership m set raw_hash = '' from said where m.membership_id = said.membership_id
"""

# Of a source without a word for it: whoever is protected because a system of this institution said so, this one or the
# one before it. What an office said by hand ends with its own word. Looked up one by one, as in bulk_matching.
_SAY_AS_BEFORE = f"""
  with known as (
    select distinct t.cpr_index, p.person_id from stage_person t
    cross join lateral (
      select coalesce((select i.person_id from directory_person i where i.cpr_index = t.cpr_index),
                      (select f.person_id from directory_former_cpr f where f.cpr_index = t.cpr_index),
                      (select l.person_id from directory_person l where l.local_key = t.cpr_index),
                      (select m.person_id from stage_member s join directory_membership m
                         on m.institution_id = $1 and m.source = $2 and m.local_person_id = s.local_person_id
                       where t.own and s.cpr_index = t.cpr_index limit 1)) as person_id
      offset 0
    ) k join directory_person p on p.person_id = k.person_id
    where p.protected and not t.protected
  ), said as materialized (
    select k.cpr_index from known k
    where coalesce(  -- by the limits: an "exists" may read everybody
      (select true from directory_membership m
       where m.person_id = k.person_id and m.institution_id = $1 and m.source <> '{SOURCE_BY_HAND}' and m.says_protected
       limit 1),
      (select true from directory_contact c join directory_membership m using (membership_id)
       where c.contact_person_id = k.person_id and m.institution_id = $1 and m.source <> '{SOURCE_BY_HAND}'
         and c.says_protected limit 1))
  ), members as (
    update stage_member s set says_protected = true from said where s.cpr_index = said.cpr_index
  ), contacts as (
    update stage_contact c set says_protected = true from said where c.cpr_index = said.cpr_index
  )
  update stage_person t set protected = true from said where t.cpr_index = said.cpr_index
"""

_HIDDEN_NOW = """
  select p.person_id, p.alias_first_name, p.alias_family_name
  from directory_journal j join directory_person p on p.person_id = j.row_id
  where j.delivery_id = $1::text::uuid and j.kind = 'person' and p.protected
    and (not (j.before ->> 'protected')::boolean or j.before ->> 'protection_doubted_at' is not null)
"""

_END = f"""
  with silent as (
    select w.person_id, w.account_id, w.cpr_index, p.protection_doubted_at is not null as doubted,
           (select true from directory_membership m
            where m.person_id = w.person_id and m.ended_at is null and m.says_protected limit 1) is null
           and (select true from directory_contact c join directory_membership m using (membership_id)
                where c.contact_person_id = w.person_id and m.ended_at is null and c.says_protected limit 1) is null
           as nobody_says_so
    from stage_who w join directory_person p using (person_id)
    where not w.is_new and p.protected
      and not exists (select from stage_person s where s.cpr_index = w.cpr_index and s.protected)
  ), ended as (
    update directory_person p
    set protected = false, alias_first_name = null, alias_family_name = null, protection_doubted_at = null,
        changed_at = kit_now()
    from silent where p.person_id = silent.person_id and silent.nobody_says_so and silent.doubted
    returning silent.account_id
  ), doubted as (
    update directory_person p set protection_doubted_at = kit_now()
    from silent where p.person_id = silent.person_id and silent.nobody_says_so and not silent.doubted
  ), noted as (
    {journal.INSERT}
    select $4::text::uuid, 'person', p.person_id, {journal.PERSON}
    from silent p where p.nobody_says_so
    {journal.ONCE}
  ), logged as (
    {AUDIT_INSERT}
    select '{Event.PERSON_CHANGED.value}', $1, $2, account_id, $3, $4, 'ok', null, '{{"protected": false}}' from ended
  ), rows_of as (
    select m.line, m.local_person_id, coalesce(m.known_id, m.membership_id) as membership_id, s.nobody_says_so
    from silent s join stage_member m on m.cpr_index = s.cpr_index
    where not (s.nobody_says_so and s.doubted)
    union
    select m.line, m.local_person_id, coalesce(m.known_id, m.membership_id), s.nobody_says_so
    from silent s join stage_contact c on c.cpr_index = s.cpr_index
    join stage_member m on m.membership_id = c.membership_id
    where not (s.nobody_says_so and s.doubted)
  ), again as (
    update directory_membership m set raw_hash = '' from rows_of r where m.membership_id = r.membership_id
  )
  select line, local_person_id from rows_of where nobody_says_so order by line
"""


async def begin_protection(tx: Transaction, origin: Origin) -> None:
    """Hide the real name of everybody whom a staged row calls protected."""
    await tx.execute(_BEGIN, *origin.traces, *NEUTRAL_ALIAS, timeout=PATIENCE)


async def say_as_before(tx: Transaction, origin: Origin) -> None:
    """Let what is staged of a source that says nothing of protection say what was said before: silence ends nothing."""
    await tx.execute(_SAY_AS_BEFORE, origin.institution_id, origin.source, timeout=PATIENCE)


async def hide_not_loaded(tx: Transaction, origin: Origin, people: Sequence[NotLoaded]) -> None:
    """Hide known people whom a row calls protected that could not be loaded, whatever was wrong with it."""
    if not people:
        return
    columns = (list(column) for column in zip(*people, strict=True))
    rows = await tx.fetch(_KNOWN_BY, origin.institution_id, origin.source, *columns, timeout=PATIENCE)
    await hide(tx, origin, [ToHide(*row) for row in rows])


async def hide(tx: Transaction, origin: Origin, people: Sequence[ToHide]) -> None:
    """Hide people whom a source calls protected, whatever else becomes of its delivery."""
    if not people:
        return
    persons, first_names, family_names = (list(column) for column in zip(*people, strict=True))
    await tx.execute(_HIDE, *origin.traces, persons, first_names, family_names, *NEUTRAL_ALIAS, timeout=PATIENCE)
    for statement in (_SAY, _SAY_OF_CONTACTS):
        await tx.execute(statement, origin.institution_id, origin.source, persons, timeout=PATIENCE)


async def hidden_now(tx: Transaction, origin: Origin) -> list[ToHide]:
    """Return whom a delivery has hidden that is about to be taken back: they stay hidden."""
    return [ToHide(*row) for row in await tx.fetch(_HIDDEN_NOW, origin.delivery, timeout=PATIENCE)]


async def end_protection(tx: Transaction, origin: Origin) -> list[Doubt]:
    """End what has been denied twice and return the rows that denied it for the first time.

    Those rows lose their hash, so that the next delivery reads them again even if they are the same. Run after
    memberships and contacts are up to date.
    """
    rows = await tx.fetch(_END, *origin.traces, timeout=PATIENCE)
    return [Doubt(row["line"], row["local_person_id"]) for row in rows]
