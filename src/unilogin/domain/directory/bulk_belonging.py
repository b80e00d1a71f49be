"""Memberships, groups and contact persons of a delivery, and the memberships of those it no longer has."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from unilogin.domain.audit.actions import INSERT as AUDIT_INSERT
from unilogin.domain.audit.events import Event
from unilogin.domain.directory.bulk_staging import PATIENCE, Origin
from unilogin.kit.db.connection import Transaction


class ToldGroup(NamedTuple):
    """A group the delivery declares."""

    group_id: str
    name: str
    type: str
    level: str | None
    line: str | None
    from_date: date | None
    to_date: date | None


class MembersChanged(NamedTuple):
    """Known memberships among the staged ones: back after having ended, changed, and the same after all."""

    returned: int
    changed: int
    same: int


_SAVE_GROUPS = """
  insert into directory_group as g
    (institution_id, source, group_id, name, type, level, line, from_date, to_date)
  select $1, $2, t.group_id, t.name, t.type, t.level, t.line, t.from_date, t.to_date
  from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::date[], $9::date[])
    as t (group_id, name, type, level, line, from_date, to_date)
  on conflict (institution_id, source, group_id) do update
  set name = excluded.name, type = excluded.type, level = excluded.level, line = excluded.line,
      from_date = excluded.from_date, to_date = excluded.to_date, ended_at = null
  where (g.name, g.type, g.level, g.line, g.from_date, g.to_date, g.ended_at) is distinct from
        (excluded.name, excluded.type, excluded.level, excluded.line, excluded.from_date, excluded.to_date, null)
"""

_MAKE_REFERENCED_GROUPS = """
  insert into directory_group as g (institution_id, source, group_id, name)
  select distinct $1::uuid, $2::text, s.group_id, s.group_id from stage_group s
  where not exists (
    select from directory_group k where k.institution_id = $1 and k.source = $2 and k.group_id = s.group_id
      and k.ended_at is null)
  on conflict (institution_id, source, group_id) do update set ended_at = null
"""

_LOOK_UP_MEMBERS = """
  update stage_member s
  set known_id = m.membership_id, was_active = m.ended_at is null,
      differs = m.ended_at is not null or (m.actor_group, m.roles, m.level, m.detail)
                is distinct from (s.actor_group, s.roles, s.level, s.detail::jsonb)
  from directory_membership m
  where m.institution_id = $1 and m.source = $2 and m.local_person_id = s.local_person_id
"""

_ADD_MEMBERS = f"""
  with added as materialized (
    select m.membership_id, w.person_id, w.account_id, m.local_person_id, m.actor_group, m.roles, m.level, m.detail,
           m.raw_hash, m.says_protected
    from stage_member m join stage_who w on w.cpr_index = m.cpr_index
    where m.known_id is null
  ), membership as (
    insert into directory_membership (membership_id, person_id, institution_id, source, local_person_id, actor_group,
                                      roles, level, detail, raw_hash, says_protected)
    select membership_id, person_id, $3, $5, local_person_id, actor_group, roles, level, detail::jsonb, raw_hash,
           says_protected
    from added
  ), logged as (
    {AUDIT_INSERT}
    select '{Event.MEMBERSHIP_STARTED.value}', $1, $2, account_id, $3, $4, 'ok', null, '{{}}' from added
  )
  select count(*) from added
"""

_CHANGE_MEMBERS = f"""
  with kept as (
    update directory_membership m
    set actor_group = s.actor_group, roles = s.roles, level = s.level, detail = s.detail::jsonb,
        raw_hash = s.raw_hash, says_protected = s.says_protected, ended_at = null,
        from_at = case when s.was_active then m.from_at else kit_now() end
    from stage_member s
    where m.membership_id = s.known_id
    returning m.person_id, s.was_active, s.differs
  ), logged as (
    {AUDIT_INSERT}
    select case when k.was_active then '{Event.MEMBERSHIP_CHANGED.value}' else '{Event.MEMBERSHIP_STARTED.value}' end,
           $1, $2, a.account_id, $3, $4, 'ok', null, '{{}}'
    from kept k left join directory_account a using (person_id)
    where k.differs
  )
  select count(*) filter (where not was_active) as returned,
         count(*) filter (where was_active and differs) as changed,
         count(*) filter (where not differs) as same
  from kept
"""

_GROUP_MEMBERS = """
  with wanted as materialized (
    select g.group_key, coalesce(m.known_id, m.membership_id) as membership_id, s.main
    from stage_group s
    join stage_member m on m.membership_id = s.membership_id
    join directory_group g on g.institution_id = $1 and g.source = $2 and g.group_id = s.group_id
  ), gone as (
    delete from directory_group_member gm using stage_member m
    where gm.membership_id = m.known_id
      and not exists (
        select from wanted w where w.membership_id = gm.membership_id and w.group_key = gm.group_key)
    returning gm.membership_id
  ), come as (
    insert into directory_group_member as gm (group_key, membership_id, main)
    select group_key, membership_id, main from wanted
    on conflict (membership_id, group_key) do update set main = excluded.main where gm.main <> excluded.main
    returning gm.membership_id
  )
  update stage_member m set differs = true
  where m.known_id in (select membership_id from gone union all select membership_id from come)
"""

_CONTACTS = """
  with wanted as materialized (
    select coalesce(m.known_id, m.membership_id) as membership_id, w.person_id, s.relation, s.child_custody,
           s.access_level, s.says_protected
    from stage_contact s
    join stage_member m on m.membership_id = s.membership_id
    join stage_who w on w.cpr_index = s.cpr_index
  ), gone as (
    delete from directory_contact c using stage_member m
    where c.membership_id = m.known_id and m.contacts_complete
      and not exists (
        select from wanted w where w.membership_id = c.membership_id and w.person_id = c.contact_person_id)
    returning c.membership_id
  ), come as (
    insert into directory_contact as c
      (membership_id, contact_person_id, relation, child_custody, access_level, says_protected)
    select membership_id, person_id, relation, child_custody, access_level, says_protected from wanted
    on conflict (membership_id, contact_person_id) do update
    set relation = excluded.relation, child_custody = excluded.child_custody, access_level = excluded.access_level,
        says_protected = excluded.says_protected
    where (c.relation, c.child_custody, c.access_level, c.says_protected) is distinct from
          (excluded.relation, excluded.child_custody, excluded.access_level, excluded.says_protected)
    returning c.membership_id
  )
  update stage_member m set differs = true
  where m.known_id in (select membership_id from gone union all select membership_id from come)
"""

_LEAVE = f"""
  with gone as (
    update directory_membership m set ended_at = kit_now()
    where m.institution_id = $3 and m.source = $5 and m.ended_at is null
      and (m.raw_hash = '' or m.raw_hash = any ($6::bytea[]))
      and not exists (select from stage_member s where s.local_person_id = m.local_person_id)
      and not exists (select from stage_kept k where k.local_person_id = m.local_person_id)
    returning m.person_id
  ), logged as (
    {AUDIT_INSERT}
    select '{Event.MEMBERSHIP_ENDED.value}', $1, $2, a.account_id, $3, $4, 'ok', null, '{{}}'
    from gone left join directory_account a using (person_id)
  )
  select count(*) from gone
"""

_END_GROUPS = """
  update directory_group g set ended_at = kit_now()
  where g.institution_id = $1 and g.source = $2 and g.ended_at is null and g.group_id <> all ($3::text[])
    and not exists (
      select from directory_group_member gm join directory_membership m using (membership_id)
      where gm.group_key = g.group_key and m.ended_at is null)
"""

_UNDECLARED = """
  select group_id from directory_group
  where institution_id = $1 and source = $2 and ended_at is null and group_id <> all ($3::text[])
  order by group_id
"""


async def save_groups(tx: Transaction, origin: Origin, *, told: Sequence[ToldGroup]) -> None:
    """Make or change the declared groups."""
    columns = list(zip(*told, strict=True)) or [()] * len(ToldGroup._fields)
    await tx.execute(_SAVE_GROUPS, origin.institution_id, origin.source, *columns, timeout=PATIENCE)


async def look_up_members(tx: Transaction, origin: Origin) -> None:
    """Find the staged rows whose local id is known, and whether what they say of the membership differs."""
    await tx.execute(_LOOK_UP_MEMBERS, origin.institution_id, origin.source, timeout=PATIENCE)


async def add_members(tx: Transaction, origin: Origin) -> int:
    """Add the memberships that were not known; return how many."""
    return int(await tx.fetchval(_ADD_MEMBERS, *origin.traces, origin.source, timeout=PATIENCE))


async def save_ties(tx: Transaction, origin: Origin) -> None:
    """Bring the groups and contact persons of all staged memberships up to date."""
    place = (origin.institution_id, origin.source)
    await tx.execute(_MAKE_REFERENCED_GROUPS, *place, timeout=PATIENCE)
    await tx.execute(_GROUP_MEMBERS, *place, timeout=PATIENCE)
    await tx.execute(_CONTACTS, timeout=PATIENCE)


async def change_members(tx: Transaction, origin: Origin) -> MembersChanged:
    """Bring known memberships up to date, once everything else has marked those about which something differs."""
    row = await tx.fetchrow(_CHANGE_MEMBERS, *origin.traces, timeout=PATIENCE)
    return MembersChanged(row["returned"], row["changed"], row["same"]) if row else MembersChanged(0, 0, 0)


async def end_memberships(tx: Transaction, origin: Origin, *, unseen: Sequence[bytes]) -> int:
    """End the memberships that the delivery no longer has; the persons and their accounts stay. Return how many."""
    return int(await tx.fetchval(_LEAVE, *origin.traces, origin.source, unseen, timeout=PATIENCE))


async def end_groups(tx: Transaction, origin: Origin, *, declared: Sequence[str]) -> list[str]:
    """End the groups that are neither declared nor used; return those that are used and not declared."""
    place = (origin.institution_id, origin.source)
    await tx.execute(_END_GROUPS, *place, declared, timeout=PATIENCE)
    return [row["group_id"] for row in await tx.fetch(_UNDECLARED, *place, declared, timeout=PATIENCE)]
