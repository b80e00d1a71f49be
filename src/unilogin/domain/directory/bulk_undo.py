"""Taking a delivery back: every row it changed becomes what it was, whoever it made leaves, and nothing is deleted.

Ids, usernames and what hangs on them stay as they are, so that somebody who comes back is who they were, with the same
password, the same name at every service and the same session. Protection is never taken back: a name shown once cannot
be hidden again.
"""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from unilogin.domain.audit.actions import INSERT as AUDIT_INSERT
from unilogin.domain.audit.events import Event
from unilogin.domain.directory.bulk_staging import PATIENCE, Origin, plan_anew
from unilogin.domain.directory.model import PersonId
from unilogin.domain.directory.queries import DISPLAY_NAME
from unilogin.kit.db.connection import Transaction


class Later(NamedTuple):
    """Somebody whom something later changed: what the delivery did to them cannot be taken back any more."""

    name: str
    local_person_id: str | None  # None: a contact person, or known to other institutions only


class Undone(NamedTuple):
    """How many memberships the undo touched."""

    restored: int  # are what they were before
    left: int  # were made by the delivery


_LATER = f"""
  with mine as (
    select kind, row_id, number from directory_journal where delivery_id = $1 and kind <> 'group'
    union all
    select unnest(array['membership', 'groups', 'contacts']), membership_id, 0
    from directory_membership where institution_id = $2 and source = $3 and started_by = $1
  ), later as (
    select distinct mine.kind, mine.row_id
    from mine join directory_journal j on j.row_id = mine.row_id and j.kind = mine.kind
    where j.delivery_id <> $1 and j.number > mine.number
  ), whom as (
    select row_id as person_id, null as local_person_id from later where kind = 'person'
    union
    select m.person_id, m.local_person_id
    from later join directory_membership m on m.membership_id = later.row_id where later.kind <> 'person'
  )
  select distinct {DISPLAY_NAME} as name,
         coalesce(w.local_person_id,
                  (select min(m.local_person_id) from directory_membership m
                   where m.person_id = w.person_id and m.institution_id = $2 and m.source = $3)) as local_person_id
  from whom w join directory_person p using (person_id)
  order by name, local_person_id
"""

_TOUCHED_AMONG = f"""
  with touched as (
    select row_id as membership_id from directory_journal
    where delivery_id = $1 and kind in ('membership', 'groups', 'contacts')
    union
    select membership_id from directory_membership where institution_id = $2 and source = $3 and started_by = $1
  ), whom as (
    select row_id as person_id from directory_journal where delivery_id = $1 and kind = 'person'
    union
    select m.person_id from touched join directory_membership m using (membership_id)
    union
    select c.contact_person_id from touched join directory_contact c using (membership_id)
    union
    select (e ->> 'contact_person_id')::uuid
    from directory_journal j cross join jsonb_array_elements(j.before) e
    where j.delivery_id = $1 and j.kind = 'contacts'
  )
  select {DISPLAY_NAME} as name,
         (select min(m.local_person_id) from directory_membership m
          where m.person_id = p.person_id and m.institution_id = $2 and m.source = $3) as local_person_id
  from directory_person p
  where p.person_id = any ($4::uuid[]) and p.person_id in (select person_id from whom)
  order by name, local_person_id
"""

# Whoever was forgotten and came back is forgotten again, unless somebody else has them by now (K-16).
_BELONGS_OTHERWISE = """exists (
        select from directory_membership m
        where m.ended_at is null and m.started_by is distinct from $5
          and (m.person_id = j.row_id or exists (
            select from directory_contact c where c.membership_id = m.membership_id and c.contact_person_id = j.row_id))
          and not exists (select from directory_journal o where o.delivery_id = $5 and o.row_id = m.membership_id
                            and o.kind in ('membership', 'contacts')))"""

_RESTORE_PEOPLE = f"""
  with told as (
    select j.row_id as person_id, b.first_name, b.family_name, b.protected, b.alias_first_name, b.alias_family_name,
           b.birth_date, b.gender, b.email, b.contact, b.protection_doubted_at, b.changed_at, b.erased_at
    from directory_journal j cross join lateral jsonb_populate_record(null::directory_person, j.before) b
    where j.delivery_id = $5 and j.kind = 'person' and (b.erased_at is null or not {_BELONGS_OTHERWISE})
  ), restored as (
    update directory_person p
    set first_name = told.first_name, family_name = told.family_name, birth_date = told.birth_date,
        gender = told.gender, email = told.email, contact = told.contact, changed_at = told.changed_at,
        erased_at = told.erased_at, cpr_sealed = case when told.erased_at is null then p.cpr_sealed end,
        protected = told.protected or p.protected,
        alias_first_name = case when p.protected and not told.protected then p.alias_first_name
                                else told.alias_first_name end,
        alias_family_name = case when p.protected and not told.protected then p.alias_family_name
                                 else told.alias_family_name end,
        protection_doubted_at = told.protection_doubted_at
    from told where p.person_id = told.person_id
    returning p.person_id
  )
  {AUDIT_INSERT}
  select '{Event.PERSON_CHANGED.value}', $1, $2, a.account_id, $3, $4, 'ok', null, '{{"undone": true}}'
  from restored left join directory_account a using (person_id)
"""

_RESTORE_MEMBERS = f"""
  with told as (
    select j.row_id as membership_id, b.actor_group, b.roles, b.level, b.detail, b.raw_hash, b.says_protected,
           b.from_at, b.ended_at, b.started_by
    from directory_journal j cross join lateral jsonb_populate_record(null::directory_membership, j.before) b
    where j.delivery_id = $5 and j.kind = 'membership'
  ), restored as (
    update directory_membership m
    set actor_group = told.actor_group, roles = told.roles, level = told.level, detail = told.detail,
        raw_hash = told.raw_hash, says_protected = told.says_protected, from_at = told.from_at,
        ended_at = told.ended_at, started_by = told.started_by
    from told where m.membership_id = told.membership_id
    returning m.membership_id, m.person_id, m.ended_at
  ), logged as (
    {AUDIT_INSERT}
    select case when r.ended_at is not null then '{Event.MEMBERSHIP_ENDED.value}'
                when before.ended_at is not null then '{Event.MEMBERSHIP_STARTED.value}'
                else '{Event.MEMBERSHIP_CHANGED.value}' end,
           $1, $2, a.account_id, $3, $4, 'ok', null, '{{"undone": true}}'
    from restored r join directory_membership before using (membership_id)
    left join directory_account a on a.person_id = r.person_id
  )
  select count(*) from restored
"""

_END_STARTED = f"""
  with gone as (
    update directory_membership m set ended_at = kit_now()
    where m.institution_id = $3 and m.source = $6 and m.started_by = $5 and m.ended_at is null
    returning m.person_id
  ), logged as (
    {AUDIT_INSERT}
    select '{Event.MEMBERSHIP_ENDED.value}', $1, $2, a.account_id, $3, $4, 'ok', null, '{{"undone": true}}'
    from gone left join directory_account a using (person_id)
  )
  select count(*) from gone
"""

_RESTORE_GROUPS = """
  with told as (
    select j.row_id as group_key, j.before is null as is_new, b.name, b.type, b.level, b.line, b.from_date, b.to_date,
           b.ended_at
    from directory_journal j left join lateral jsonb_populate_record(null::directory_group, j.before) b on true
    where j.delivery_id = $1 and j.kind = 'group'
      and not exists (select from directory_journal l
                      where l.row_id = j.row_id and l.kind = 'group' and l.number > j.number)
  )
  update directory_group g
  set name = case when told.is_new then g.name else told.name end,
      type = case when told.is_new then g.type else told.type end,
      level = case when told.is_new then g.level else told.level end,
      line = case when told.is_new then g.line else told.line end,
      from_date = case when told.is_new then g.from_date else told.from_date end,
      to_date = case when told.is_new then g.to_date else told.to_date end,
      ended_at = case when told.is_new then coalesce(g.ended_at, kit_now()) else told.ended_at end
  from told where g.group_key = told.group_key
"""

# Others may have come into a class that the delivery made, and one may have ended since that somebody is put back into.
_KEEP_CLASSES = """
  update directory_group g set ended_at = null
  where g.institution_id = $1 and g.source = $2 and g.ended_at is not null
    and exists (select from directory_group_member gm join directory_membership m using (membership_id)
                where gm.group_key = g.group_key and m.ended_at is null)
"""

_TIES = (
    """delete from directory_group_member gm using directory_journal j
       where j.delivery_id = $1 and j.kind = 'groups' and gm.membership_id = j.row_id""",
    """insert into directory_group_member (membership_id, group_key, main)
       select j.row_id, (e ->> 'group_key')::uuid, (e ->> 'main')::boolean
       from directory_journal j cross join jsonb_array_elements(j.before) e
       where j.delivery_id = $1 and j.kind = 'groups'""",
    """delete from directory_contact c using directory_journal j
       where j.delivery_id = $1 and j.kind = 'contacts' and c.membership_id = j.row_id""",
    """insert into directory_contact
         (membership_id, contact_person_id, relation, child_custody, access_level, says_protected)
       select j.row_id, coalesce(kept.person_id, (e ->> 'contact_person_id')::uuid), e ->> 'relation',
              (e ->> 'child_custody')::boolean, (e ->> 'access_level')::smallint, (e ->> 'says_protected')::boolean
       from directory_journal j cross join jsonb_array_elements(j.before) e
       left join directory_account a
         on a.person_id = (e ->> 'contact_person_id')::uuid and a.merged_into is not null
       left join directory_account kept on kept.account_id = a.merged_into
       where j.delivery_id = $1 and j.kind = 'contacts'
       on conflict do nothing""",  # who was taken for two has become one since
)

# Whoever stays protected against what their row says now must be read again, so that its source is asked twice.
_READ_AGAIN = """
  with hidden as (
    select j.row_id as person_id from directory_journal j join directory_person p on p.person_id = j.row_id
    where j.delivery_id = $1 and j.kind = 'person' and p.protected and j.before ->> 'protected' = 'false'
  )
  update directory_membership m set raw_hash = ''
  where m.membership_id = any (array(  -- by "or" it would look at everybody
    select k.membership_id from hidden join directory_membership k using (person_id)
    union
    select c.membership_id from hidden join directory_contact c on c.contact_person_id = hidden.person_id))
"""

# What another school says of them may be what was taken back: it is read again, and not taken for known.
_READ_ELSEWHERE = """
  update directory_membership m set raw_hash = ''
  from directory_journal j
  where j.delivery_id = $1 and j.kind = 'person' and m.person_id = j.row_id and m.ended_at is null
    and (m.institution_id, m.source) <> ($2, $3)
"""

_FORGET = "delete from directory_journal where delivery_id = $1"


async def changed_later(tx: Transaction, origin: Origin) -> Sequence[Later]:
    """Return everybody whom another delivery changed after this one did."""
    rows = await tx.fetch(_LATER, UUID(origin.delivery), origin.institution_id, origin.source, timeout=PATIENCE)
    return [Later(*row.values()) for row in rows]


async def touched_among(tx: Transaction, origin: Origin, *, persons: Sequence[PersonId]) -> Sequence[Later]:
    """Return those of some persons who are in a delivery in any way, as contact persons too."""
    place = (UUID(origin.delivery), origin.institution_id, origin.source)
    rows = await tx.fetch(_TOUCHED_AMONG, *place, persons, timeout=PATIENCE)
    return [Later(*row.values()) for row in rows]


async def take_back(tx: Transaction, origin: Origin) -> Undone:
    """Make everything what it was before a delivery that nothing later touches. The caller holds both locks."""
    await plan_anew(tx)
    delivery_id = UUID(origin.delivery)
    await tx.execute(_RESTORE_PEOPLE, *origin.traces, delivery_id, timeout=PATIENCE)
    restored = await tx.fetchval(_RESTORE_MEMBERS, *origin.traces, delivery_id, timeout=PATIENCE)
    for statement in _TIES:
        await tx.execute(statement, delivery_id, timeout=PATIENCE)
    left = await tx.fetchval(_END_STARTED, *origin.traces, delivery_id, origin.source, timeout=PATIENCE)
    await tx.execute(_RESTORE_GROUPS, delivery_id, timeout=PATIENCE)
    await tx.execute(_KEEP_CLASSES, origin.institution_id, origin.source, timeout=PATIENCE)
    await tx.execute(_READ_AGAIN, delivery_id, timeout=PATIENCE)
    await tx.execute(_READ_ELSEWHERE, delivery_id, origin.institution_id, origin.source, timeout=PATIENCE)
    await tx.execute(_FORGET, delivery_id, timeout=PATIENCE)
    return Undone(int(restored), int(left))


async def forget_journal(tx: Transaction, *, days: int) -> None:
    """Forget what rows were before deliveries that nobody can take back any more."""
    await tx.execute(
        "delete from directory_journal where at < kit_now() - $1 * interval '1 day'", days + 1, timeout=PATIENCE
    )
