"""Memberships, groups and contact persons of a delivery, and the memberships of those it no longer has."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from unilogin.domain.audit.actions import INSERT as AUDIT_INSERT
from unilogin.domain.audit.events import Event
from unilogin.domain.directory import bulk_journal as journal
from unilogin.domain.directory.bulk_staging import PATIENCE, Origin
from unilogin.domain.directory.model import InstitutionId
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


_NOTE_GROUPS = f"""
  {journal.INSERT}
  select $3::text::uuid, 'group', t.group_key, to_jsonb(g) from touched t left join directory_group g using (group_key)
  {journal.ONCE}
"""

_SAVE_GROUPS = f"""
  with touched as (
    insert into directory_group as g
      (institution_id, source, group_id, name, type, level, line, from_date, to_date)
    select $1, $2, t.group_id, t.name, t.type, t.level, t.line, t.from_date, t.to_date
    from unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::date[], $10::date[])
      as t (group_id, name, type, level, line, from_date, to_date)
    on conflict (institution_id, source, group_id) do update
    set name = excluded.name, type = excluded.type, level = excluded.level, line = excluded.line,
        from_date = excluded.from_date, to_date = excluded.to_date, ended_at = null
    where (g.name, g.type, g.level, g.line, g.from_date, g.to_date, g.ended_at) is distinct from
          (excluded.name, excluded.type, excluded.level, excluded.line, excluded.from_date, excluded.to_date, null)
    returning g.group_key
  )
  {_NOTE_GROUPS}
"""

_MAKE_REFERENCED_GROUPS = f"""
  with touched as (
    insert into directory_group as g (institution_id, source, group_id, name)
    select distinct $1::uuid, $2::text, s.group_id, s.group_id from stage_group s
    where not exists (
      select from directory_group k where k.institution_id = $1 and k.source = $2 and k.group_id = s.group_id
        and k.ended_at is null)
    on conflict (institution_id, source, group_id) do update set ended_at = null
    returning g.group_key
  )
  {_NOTE_GROUPS}
"""

_LOOK_UP_MEMBERS = """
  update stage_member s
  set known_id = m.membership_id, was_active = m.ended_at is null,
      differs = m.ended_at is not null or (m.actor_group, m.roles, m.level, m.detail)
                is distinct from (s.actor_group, s.roles, s.level, s.detail::jsonb)
  from directory_membership m
  where m.institution_id = $1 and m.source = $2 and m.local_person_id = s.local_person_id
"""

_ADD = f"""
  with added as materialized (
    select m.membership_id, w.person_id, w.account_id, m.local_person_id, m.actor_group, m.roles, m.level, m.detail,
           m.raw_hash, m.says_protected
    from stage_member m join stage_who w on w.cpr_index = m.cpr_index
    where m.known_id is null
  ), membership as (
    insert into directory_membership (membership_id, person_id, institution_id, source, local_person_id, actor_group,
                                      roles, level, detail, raw_hash, says_protected, started_by)
    select membership_id, person_id, $3, $5, local_person_id, actor_group, roles, level, detail::jsonb, raw_hash,
           says_protected, $4::text::uuid
    from added
  ), logged as (
    {AUDIT_INSERT}
    select '{Event.MEMBERSHIP_STARTED.value}', $1, $2, account_id, $3, $4, 'ok', null, '{{}}' from added
  )
"""
_ADD_MEMBERS = f"{_ADD} select count(*) from added"

# Of a source of which nothing was known: there is nobody to hold it against.
_ADD_FIRST = f"""{_ADD}, grouped as (
    insert into directory_group_member (group_key, membership_id, main)
    select g.group_key, s.membership_id, s.main
    from stage_group s join directory_group g on g.institution_id = $3 and g.source = $5 and g.group_id = s.group_id
  ), tied as (
    insert into directory_contact
      (membership_id, contact_person_id, relation, child_custody, access_level, says_protected)
    select distinct on (s.membership_id, w.person_id)
           s.membership_id, w.person_id, s.relation, s.child_custody, s.access_level, s.says_protected
    from stage_contact s join stage_who w on w.cpr_index = s.cpr_index
    order by s.membership_id, w.person_id, s.child_custody, s.access_level, s.says_protected desc
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
    returning m.membership_id, m.person_id, s.was_active, s.differs
  ), noted as (
    {journal.INSERT}
    select $4::text::uuid, 'membership', m.membership_id, {journal.MEMBERSHIP}
    from kept m where m.differs
    {journal.ONCE}
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

_GROUP_MEMBERS = f"""
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
  ), noted as (
    {journal.INSERT}
    select $3::text::uuid, 'groups', m.known_id, {journal.GROUPS}
    from stage_member m
    where m.known_id in (select membership_id from gone union all select membership_id from come)
    {journal.ONCE}
  )
  update stage_member m set differs = true
  where m.known_id in (select membership_id from gone union all select membership_id from come)
"""

# Somebody may be named twice, by the number of today and a former one: where one of them says no, it is no.
_CONTACTS = f"""
  with wanted as materialized (
    select distinct on (m.membership_id, w.person_id)
           coalesce(m.known_id, m.membership_id) as membership_id, w.person_id, s.relation, s.child_custody,
           s.access_level, s.says_protected
    from stage_contact s
    join stage_member m on m.membership_id = s.membership_id
    join stage_who w on w.cpr_index = s.cpr_index
    order by m.membership_id, w.person_id, s.child_custody, s.access_level, s.says_protected desc
  ), gone as (
    delete from directory_contact c
    where c.ctid = any (array(  -- one by one: a join of tables that nobody has analyzed yet reads everybody's
      select k.place from stage_member m cross join lateral (
        select o.ctid as place, o.membership_id, o.contact_person_id from directory_contact o
        where o.membership_id = m.known_id offset 0) k
      where m.contacts_complete and not exists (
        select from wanted w where w.membership_id = k.membership_id and w.person_id = k.contact_person_id)))
    returning c.membership_id, c.contact_person_id
  ), let_go as (
    update directory_person p set contact_until = kit_now() from gone where p.person_id = gone.contact_person_id
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
  ), noted as (
    {journal.INSERT}
    select $1::text::uuid, 'contacts', m.known_id, {journal.CONTACTS}
    from stage_member m
    where m.known_id in (select membership_id from gone union all select membership_id from come)
    {journal.ONCE}
  )
  update stage_member m set differs = true
  where m.known_id in (select membership_id from gone union all select membership_id from come)
"""

_GONE = f"""
  ), noted as (
    {journal.INSERT}
    select $4::text::uuid, 'membership', m.membership_id, {journal.MEMBERSHIP}
    from gone m
    {journal.ONCE}
  ), logged as (
    {AUDIT_INSERT}
    select '{Event.MEMBERSHIP_ENDED.value}', $1, $2, a.account_id, $3, $4, 'ok', null, '{{}}'
    from gone left join directory_account a using (person_id)
  )
"""

_LEAVE = f"""
  with absent as (
    select m.membership_id
    from directory_membership m
    left join (select distinct unnest($6::bytea[]) as raw_hash) u using (raw_hash)
    where m.institution_id = $3 and m.source = $5 and m.ended_at is null
      and (m.raw_hash = '' or u.raw_hash is not null)
      and not exists (select from stage_member s where s.local_person_id = m.local_person_id)
      and not exists (select from stage_kept k where k.local_person_id = m.local_person_id)
  ), gone as (
    update directory_membership m set ended_at = kit_now()
    from absent where m.membership_id = absent.membership_id and m.institution_id = $3 and m.source = $5
    returning m.person_id, m.membership_id
  {_GONE}
  select count(*) from gone
"""

_LEAVE_BY_NAME = f"""
  with gone as (
    update directory_membership m set ended_at = kit_now()
    where m.institution_id = $3 and m.source = $5 and m.ended_at is null and m.local_person_id = any ($6::text[])
    returning m.person_id, m.membership_id, m.local_person_id
  {_GONE}
  select local_person_id from gone
"""

_END_GROUPS = f"""
  with touched as (
    update directory_group g set ended_at = kit_now()
    where g.institution_id = $1 and g.source = $2 and g.ended_at is null and g.group_id <> all ($4::text[])
      and not exists (
        select from directory_group_member gm join directory_membership m using (membership_id)
        where gm.group_key = g.group_key and m.ended_at is null)
    returning g.group_key
  ), noted as (
    {_NOTE_GROUPS}
  )
  select group_id from directory_group g
  where g.institution_id = $1 and g.source = $2 and g.ended_at is null and g.group_id <> all ($4::text[])
    and g.group_key not in (select group_key from touched)
  order by group_id
"""

_UNDECLARED = """
  select group_id from directory_group
  where institution_id = $1 and source = $2 and ended_at is null and group_id <> all ($3::text[])
  order by group_id
"""


async def save_groups(tx: Transaction, origin: Origin, *, told: Sequence[ToldGroup]) -> None:
    """Make or change the declared groups."""
    columns = list(zip(*told, strict=True)) or [()] * len(ToldGroup._fields)
    await tx.execute(_SAVE_GROUPS, *_place(origin), *columns, timeout=PATIENCE)


async def look_up_members(tx: Transaction, origin: Origin) -> None:
    """Find the staged rows whose local id is known, and whether what they say of the membership differs."""
    await tx.execute(_LOOK_UP_MEMBERS, origin.institution_id, origin.source, timeout=PATIENCE)


async def make_named_groups(tx: Transaction, origin: Origin) -> None:
    """Make the groups that staged rows name and no delivery declared."""
    await tx.execute(_MAKE_REFERENCED_GROUPS, *_place(origin), timeout=PATIENCE)


async def add_members(tx: Transaction, origin: Origin, *, first: bool) -> int:
    """Add the memberships that were not known, of a source told of for the first time with their ties; return how many.

    The groups they name must have been made.
    """
    statement = _ADD_FIRST if first else _ADD_MEMBERS
    return int(await tx.fetchval(statement, *origin.traces, origin.source, timeout=PATIENCE))


async def save_ties(tx: Transaction, origin: Origin) -> None:
    """Bring the groups and contact persons of all staged memberships up to date."""
    await tx.execute(_GROUP_MEMBERS, *_place(origin), timeout=PATIENCE)
    await tx.execute(_CONTACTS, origin.delivery, timeout=PATIENCE)


async def change_members(tx: Transaction, origin: Origin) -> MembersChanged:
    """Bring known memberships up to date, once everything else has marked those about which something differs."""
    row = await tx.fetchrow(_CHANGE_MEMBERS, *origin.traces, timeout=PATIENCE)
    return MembersChanged(row["returned"], row["changed"], row["same"]) if row else MembersChanged(0, 0, 0)


async def end_memberships(tx: Transaction, origin: Origin, *, unseen: Sequence[bytes]) -> int:
    """End the memberships that the delivery no longer has; the persons and their accounts stay. Return how many."""
    return int(await tx.fetchval(_LEAVE, *origin.traces, origin.source, unseen, timeout=PATIENCE))


async def end_named_memberships(tx: Transaction, origin: Origin, *, local_ids: Sequence[str]) -> frozenset[str]:
    """End the memberships of these local ids; return those that were there."""
    rows = await tx.fetch(_LEAVE_BY_NAME, *origin.traces, origin.source, local_ids, timeout=PATIENCE)
    return frozenset(row["local_person_id"] for row in rows)


async def end_groups(tx: Transaction, origin: Origin, *, declared: Sequence[str]) -> list[str]:
    """End the groups that are neither declared nor used; return those that are used and not declared."""
    undeclared = await tx.fetch(_END_GROUPS, *_place(origin), declared, timeout=PATIENCE)
    return [row["group_id"] for row in undeclared]


async def undeclared_groups(tx: Transaction, origin: Origin, *, declared: Sequence[str]) -> list[str]:
    """Return the groups that are used and not declared."""
    undeclared = await tx.fetch(_UNDECLARED, origin.institution_id, origin.source, declared, timeout=PATIENCE)
    return [row["group_id"] for row in undeclared]


def _place(origin: Origin) -> tuple[InstitutionId, str, str]:
    return (origin.institution_id, origin.source, origin.delivery)
