"""Reading everybody of an institution as others may see them: row by row, in one transaction, for exports.

What comes out of here is for anybody's hands. A protected person is called by the alias and has no address of any kind;
nobody has a CPR number (N-113).
"""

from collections.abc import AsyncIterator
from typing import NamedTuple

from unilogin.domain.directory.model import SOURCE_BY_HAND, InstitutionId
from unilogin.kit.db.connection import Transaction

_ROWS_AT_ONCE = 500


class OutgoingGroup(NamedTuple):
    """A group of the institution."""

    key: str
    name: str
    type: str | None
    level: str | None
    line: str | None


class OutgoingPerson(NamedTuple):
    """Somebody who belongs to the institution, or is the contact person of somebody who does."""

    uniid: str
    username: str
    first_name: str
    family_name: str
    protected: bool
    birth_date: str | None
    gender: str | None
    email: str | None
    phone: str | None
    mobile: str | None
    level: str | None
    local_ids: list[str]
    details: dict[str, str]
    contacts: list[dict[str, object]]


class OutgoingRole(NamedTuple):
    """A role; of a contact person, what they are to the pupils."""

    uniid: str
    actor_group: str
    role: str
    custody: bool


class OutgoingPlace(NamedTuple):
    """Somebody's place in a group."""

    uniid: str
    group: str
    main: bool
    actor_group: str


_GROUPS = """
  select group_key::text as key, name, type, level, line from directory_group
  where institution_id = $1 and ended_at is null order by level, name, group_key
"""

_HERE = """
  with here as materialized (
    select membership_id, person_id, actor_group, roles, level, detail, local_person_id
    from directory_membership where institution_id = $1 and ended_at is null
  )
"""

# Whom the office merely added, and others have: their mailbox, telephone and birthday are not its to hand on, nor what
# they sign in with. Their UniID stands in its place. Whoever was added could otherwise be asked for by number and name.
_IS_OWN = """
  coalesce(m.delivered, true)
    or exists (select from directory_contact c join here using (membership_id)
               where c.contact_person_id = everybody.person_id)
    or not exists (select from directory_membership o
                   where o.person_id = everybody.person_id and (o.institution_id <> $1) is true and o.ended_at is null)
       and not exists (select from directory_contact c where c.contact_person_id = everybody.person_id)
"""

# Each person is looked up by key, and "is true" keeps plans from beginning with the school: its people would be held
# each against each.
_PEOPLE = f"""
  {_HERE}, everybody as materialized (
    select person_id from here
    union
    select c.contact_person_id from directory_contact c join here using (membership_id)
  )
  select a.uniid, case when own.is_so then a.username else a.uniid end as username,
         case when p.protected then p.alias_first_name else p.first_name end as first_name,
         case when p.protected then p.alias_family_name else p.family_name end as family_name,
         p.protected,
         case when own.is_so and not p.protected then p.birth_date::text end as birth_date,
         case when own.is_so and not p.protected then p.gender end as gender,
         case when own.is_so and not p.protected then p.email end as email,
         case when own.is_so and not p.protected and p.contact ->> 'HomePhoneNumberProtected' = 'false'
              then p.contact ->> 'HomePhoneNumber' end as phone,
         case when own.is_so and not p.protected and p.contact ->> 'MobilePhoneNumberProtected' = 'false'
              then p.contact ->> 'MobilePhoneNumber' end as mobile,
         m.level, coalesce(m.local_ids, '{{}}') as local_ids, coalesce(m.details, '{{}}') as details,
         coalesce(k.contacts, '[]') as contacts
  from everybody
    join directory_person p using (person_id)
    join directory_account a using (person_id)
    left join lateral (
      select max(m.level) as level, array_agg(m.local_person_id order by m.local_person_id) as local_ids,
             (array_agg(m.detail order by m.local_person_id))[1] as details,
             bool_or(m.source <> '{SOURCE_BY_HAND}') as delivered
      from directory_membership m
      where m.person_id = everybody.person_id and (m.institution_id = $1) is true and m.ended_at is null
    ) m on true
    cross join lateral (select {_IS_OWN} as is_so) own
    left join lateral (
      select jsonb_agg(distinct jsonb_build_object('uniid', ka.uniid, 'relation', c.relation, 'access', c.access_level,
                                                   'custody', c.child_custody,
                                                   'mail', kp.email is not null and not kp.protected)) as contacts
      from directory_membership m join directory_contact c using (membership_id)
        join directory_account ka on ka.person_id = c.contact_person_id
        join directory_person kp on kp.person_id = c.contact_person_id
      where m.person_id = everybody.person_id and (m.institution_id = $1) is true and m.ended_at is null
    ) k on true
  order by a.uniid collate "C"
"""

_ROLES = f"""
  {_HERE}
  select a.uniid, r.actor_group, r.role, r.custody
  from (
    select person_id, actor_group, unnest(roles) as role, false as custody from here
    union
    select c.contact_person_id, 'Kontaktperson',
           coalesce(min(c.relation) filter (where c.relation in ('Far', 'Mor')), min(c.relation)),
           bool_or(c.child_custody)
    from directory_contact c join here using (membership_id) group by c.contact_person_id
  ) r
  join directory_account a using (person_id)
  order by a.uniid collate "C", r.actor_group = 'Kontaktperson', r.role
"""

_PLACES = f"""
  {_HERE}
  select a.uniid, gm.group_key::text as group, gm.main, here.actor_group
  from here join directory_group_member gm using (membership_id)
  join directory_group g on g.group_key = gm.group_key and g.ended_at is null
  join directory_account a using (person_id)
  order by a.uniid collate "C", gm.main desc, g.name, gm.group_key
"""


async def groups_of(tx: Transaction, institution_id: InstitutionId) -> AsyncIterator[OutgoingGroup]:
    """Return the groups there are now."""
    async for row in tx.cursor(_GROUPS, institution_id, prefetch=_ROWS_AT_ONCE):
        yield OutgoingGroup(*row.values())


async def people_of(tx: Transaction, institution_id: InstitutionId) -> AsyncIterator[OutgoingPerson]:
    """Return everybody who belongs there now, and their contact persons, each once."""
    async for row in tx.cursor(_PEOPLE, institution_id, prefetch=_ROWS_AT_ONCE):
        yield OutgoingPerson(*row.values())


async def roles_of(tx: Transaction, institution_id: InstitutionId) -> AsyncIterator[OutgoingRole]:
    """Return everybody's roles."""
    async for row in tx.cursor(_ROLES, institution_id, prefetch=_ROWS_AT_ONCE):
        yield OutgoingRole(*row.values())


async def places_of(tx: Transaction, institution_id: InstitutionId) -> AsyncIterator[OutgoingPlace]:
    """Return everybody's groups, the class first."""
    async for row in tx.cursor(_PLACES, institution_id, prefetch=_ROWS_AT_ONCE):
        yield OutgoingPlace(*row.values())
