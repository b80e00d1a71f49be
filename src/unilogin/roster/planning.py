"""What a delivery changes, read from the notes it left in its own transaction: the plan, and what the brake must know.

Nobody else sees anything of it yet: a delivery that is parked is taken back to where it began.
"""

from uuid import UUID

from unilogin.domain.directory.bulk_staging import PATIENCE, Origin
from unilogin.domain.directory.model import ActorGroup, InstitutionId
from unilogin.kit.db.connection import Connection, Transaction
from unilogin.roster.model import ChangeCount, ChangeKind, Guardians
from unilogin.roster.rules import Effect, Limits, Place, plan_of

_NOTE_CHANGES = """
  with touched as (
    select row_id as membership_id, before from directory_journal where delivery_id = $1 and kind = 'membership'
    union all
    select membership_id, null from directory_membership
    where institution_id = $2 and source = $3 and started_by = $1
  ), compared as (
    select m.membership_id, m.local_person_id, m.actor_group, m.ended_at is not null as is_gone,
           t.before is null as is_new, t.before ->> 'ended_at' is not null as was_gone,
           case when t.before is not null then case when g.before is null then here.name else was.name end end
             as class_before,
           case when m.ended_at is null then here.name end as class_after,
           case when t.before is null then '{}' else array_remove(array[
             case when (p.first_name, p.family_name)
                       is distinct from (o.before ->> 'first_name', o.before ->> 'family_name')
                       and o.before is not null then 'names' end,
             case when o.before ->> 'protected' <> p.protected::text then 'protection' end,
             case when (p.email, p.birth_date::text, p.gender, p.contact) is distinct from
                       (o.before ->> 'email', o.before ->> 'birth_date', o.before ->> 'gender', o.before -> 'contact')
                       and o.before is not null then 'facts' end,
             case when t.before ->> 'level' is distinct from m.level then 'level' end,
             case when t.before -> 'roles' <> to_jsonb(m.roles) or t.before ->> 'actor_group' <> m.actor_group
                  then 'roles' end,
             case when t.before -> 'detail' <> m.detail then 'detail' end,
             case when g.before is not null then 'groups' end,
             case when c.before is not null then 'contacts' end], null) end as fields
    from touched t
    join directory_membership m using (membership_id)
    join directory_person p using (person_id)
    left join directory_journal o on o.delivery_id = $1 and o.kind = 'person' and o.row_id = m.person_id
    left join directory_journal g on g.delivery_id = $1 and g.kind = 'groups' and g.row_id = m.membership_id
    left join directory_journal c on c.delivery_id = $1 and c.kind = 'contacts' and c.row_id = m.membership_id
    left join lateral (
      select k.name from directory_group_member gm join directory_group k using (group_key)
      where gm.membership_id = m.membership_id and gm.main limit 1) here on true
    left join lateral (
      select k.name from jsonb_array_elements(g.before) e
      join directory_group k on k.group_key = (e ->> 'group_key')::uuid
      where (e ->> 'main')::boolean limit 1) was on true
  )
  insert into roster_change (delivery_id, number, local_person_id, membership_id, kind, actor_group,
                             class_before, class_after, fields)
  select $1, row_number() over (order by coalesce(class_after, class_before), local_person_id), local_person_id,
         membership_id,
         case when is_new then 'new' when is_gone then 'left' when was_gone then 'back'
              when class_before is distinct from class_after then 'moved' else 'changed' end,
         actor_group, class_before, class_after, fields
  from compared
"""

_COUNT_CHANGES = """
  select kind, actor_group, class_before, class_after, count(*) as people,
         count(*) filter (where 'names' = any (fields) and kind <> 'back') as renamed
  from roster_change where delivery_id = $1
  group by kind, actor_group, class_before, class_after
"""

_THERE_NOW = """
  select m.actor_group, g.name, count(*) as people
  from directory_membership m
  left join (directory_group_member gm join directory_group g using (group_key))
    on gm.membership_id = m.membership_id and gm.main
  where m.institution_id = $1 and m.source = $2 and m.ended_at is null
  group by m.actor_group, g.name
"""

_GUARDIANS_NOW = """
  select count(distinct c.contact_person_id)
  from directory_membership m join directory_contact c using (membership_id)
  where m.institution_id = $1 and m.source = $2 and m.ended_at is null
"""

_GUARDIANS = """
  with touched as (
    select row_id as membership_id, before from directory_journal where delivery_id = $1 and kind = 'membership'
    union all
    select membership_id, null from directory_membership
    where institution_id = $2 and source = $3 and started_by = $1
  ), before as (
    select distinct (e ->> 'contact_person_id')::uuid as person_id
    from touched t
    join directory_journal c on c.delivery_id = $1 and c.kind = 'contacts' and c.row_id = t.membership_id
    cross join jsonb_array_elements(c.before) e
    where t.before ->> 'ended_at' is null
    union
    select k.contact_person_id
    from touched t join directory_contact k using (membership_id)
    where t.before is not null and t.before ->> 'ended_at' is null
      and not exists (select from directory_journal c
                      where c.delivery_id = $1 and c.kind = 'contacts' and c.row_id = t.membership_id)
  ), now as (
    select k.contact_person_id as person_id, bool_or(t.membership_id is null) as elsewhere
    from directory_membership m
    join directory_contact k using (membership_id)
    left join touched t using (membership_id)
    where m.institution_id = $2 and m.source = $3 and m.ended_at is null
    group by k.contact_person_id
  )
  select (select count(*) from now) as there_now,
         (select count(*) from now n where not n.elsewhere and n.person_id not in (select person_id from before))
           as gained,
         (select count(*) from before b where b.person_id not in (select person_id from now)) as lost
"""


async def effect_of(tx: Transaction, origin: Origin, *, first: bool, other_numbers: int, garbled: int) -> Effect:
    """Write down what an applied delivery changed about whom, and return it counted.

    On a first load everybody is new, which is not written down one by one.
    """
    place = (origin.institution_id, origin.source)
    there_now: dict[Place, int] = {
        (ActorGroup(row["actor_group"]), row["name"]): row["people"]
        for row in await tx.fetch(_THERE_NOW, *place, timeout=PATIENCE)
    }
    if first:
        counts = [
            ChangeCount(ChangeKind.NEW, group, None, name, there, 0) for (group, name), there in there_now.items()
        ]
        people = int(await tx.fetchval(_GUARDIANS_NOW, *place, timeout=PATIENCE))
        guardians = Guardians(people, people, 0)
    else:
        counts = await _changes(tx, origin)
        found = await tx.fetchrow(_GUARDIANS, UUID(origin.delivery), *place, timeout=PATIENCE)
        guardians = Guardians(*found.values()) if found else Guardians(0, 0, 0)
    lines = plan_of(counts, there_now=there_now, guardians=guardians)
    return Effect(lines, sum(one.renamed for one in counts), other_numbers, garbled, guardians)


async def _changes(tx: Transaction, origin: Origin) -> list[ChangeCount]:
    delivery_id = UUID(origin.delivery)
    await tx.execute(_NOTE_CHANGES, delivery_id, origin.institution_id, origin.source, timeout=PATIENCE)
    return [
        ChangeCount(
            ChangeKind(row["kind"]),
            ActorGroup(row["actor_group"]),
            row["class_before"],
            row["class_after"],
            row["people"],
            row["renamed"],
        )
        for row in await tx.fetch(_COUNT_CHANGES, delivery_id, timeout=PATIENCE)
    ]


async def limits_of(connection: Connection, institution_id: InstitutionId) -> Limits:
    """Return how much a delivery may do at an institution: its own limits, and the usual ones where it has none."""
    row = await connection.fetchrow(
        "select removed_percent, removed_persons, changed_percent, changed_persons, smallest_whole from roster_limit"
        " where institution_id = $1",
        institution_id,
    )
    return Limits(**{name: value for name, value in row.items() if value is not None}) if row else Limits()
