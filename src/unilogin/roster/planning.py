"""What a delivery changes, read from the notes it left in its own transaction: the plan, and what the brake must know.

Nobody else sees anything of it yet: a delivery that is parked is taken back to where it began.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from unilogin.domain.directory.bulk_staging import PATIENCE, Origin
from unilogin.domain.directory.model import ActorGroup
from unilogin.kit.db.connection import Transaction
from unilogin.roster.asking import ASKED_DAYS
from unilogin.roster.messages import ASKED
from unilogin.roster.model import ChangeCount, ChangeKind, Guardians, Jump
from unilogin.roster.plan import Place, places_of, plan_of, there_before
from unilogin.roster.rules import JUMPS, Effect

_NOTE_CHANGES = """
  with touched as (
    select row_id as membership_id, before from directory_journal where delivery_id = $1 and kind = 'membership'
    union all
    select membership_id, null from directory_membership
    where institution_id = $2 and source = $3 and started_by = $1
  ), compared as (
    select m.membership_id, m.local_person_id, m.actor_group, m.ended_at is not null as is_gone,
           t.before is null as is_new, t.before ->> 'ended_at' is not null as was_gone,
           case when t.before is not null then case when g.before is null then here.former else was.former end end
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
      select k.name, coalesce(r.before ->> 'name', k.name) as former
      from directory_group_member gm join directory_group k using (group_key)
      left join directory_journal r on r.delivery_id = $1 and r.kind = 'group' and r.row_id = k.group_key
      where gm.membership_id = m.membership_id and gm.main limit 1) here on true
    left join lateral (
      select coalesce(r.before ->> 'name', k.name) as former from jsonb_array_elements(g.before) e
      join directory_group k on k.group_key = (e ->> 'group_key')::uuid
      left join directory_journal r on r.delivery_id = $1 and r.kind = 'group' and r.row_id = k.group_key
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
         count(*) filter (where 'names' = any (fields) and kind <> 'back') as renamed,
         count(*) filter (where 'contacts' = any (fields)) as with_contacts
  from roster_change where delivery_id = $1
  group by kind, actor_group, class_before, class_after
"""

# Of a class that has another name now: those about whom nothing else was said.
_RENAMED = """
  select m.actor_group, j.before ->> 'name' as class_before, g.name as class_after, count(*) as people
  from directory_journal j
  join directory_group g on g.group_key = j.row_id and g.ended_at is null
  join directory_group_member gm on gm.group_key = g.group_key and gm.main
  join directory_membership m on m.membership_id = gm.membership_id and m.ended_at is null
  where j.delivery_id = $1 and j.kind = 'group' and j.before ->> 'name' <> g.name
    and not exists (select from roster_change c where c.delivery_id = $1 and c.membership_id = m.membership_id)
  group by m.actor_group, j.before ->> 'name', g.name
"""

_THERE_NOW = """
  select 'there' as what, actor_group, count(*) as people from directory_membership
  where institution_id = $1 and source = $2 and ended_at is null group by actor_group
"""

_IN_CLASSES_NOW = """
  select m.actor_group, g.name, count(*) as people
  from directory_group g
  join directory_group_member gm on gm.group_key = g.group_key and gm.main
  join directory_membership m on m.membership_id = gm.membership_id and m.ended_at is null
  where g.institution_id = $1 and g.source = $2 and ($3::text[] is null or g.name = any ($3))
  group by m.actor_group, g.name
"""

# Of a source told of for the first time: everybody who was staged belongs, and nobody else does.
_ALL_STAGED = """
  select 'there' as what, actor_group, null as name, count(*) as people from stage_member group by actor_group
  union all
  select 'class', m.actor_group, g.name, count(*)
  from stage_group s join stage_member m using (membership_id)
  join directory_group g on g.institution_id = $1 and g.source = $2 and g.group_id = s.group_id
  where s.main
  group by m.actor_group, g.name
  union all
  select 'contacts', null, null, count(distinct w.person_id) from stage_contact c join stage_who w using (cpr_index)
"""

_ELSEWHERE = """exists (
    select from directory_contact k join directory_membership m using (membership_id)
    where k.contact_person_id = p.person_id and m.institution_id = $2 and m.source = $3 and m.ended_at is null
      and m.membership_id not in (select membership_id from touched))"""

_GUARDIANS = f"""
  with touched as materialized (
    select row_id as membership_id, before from directory_journal where delivery_id = $1 and kind = 'membership'
    union all
    select membership_id, null from directory_membership
    where institution_id = $2 and source = $3 and started_by = $1
  ), before as materialized (
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
  ), after as materialized (
    select distinct k.contact_person_id as person_id
    from touched t
    join directory_membership m on m.membership_id = t.membership_id and m.ended_at is null
    join directory_contact k on k.membership_id = t.membership_id
  )
  select (select count(*) from after p where p.person_id not in (select person_id from before) and not {_ELSEWHERE})
           as gained,
         (select count(*) from before p where p.person_id not in (select person_id from after) and not {_ELSEWHERE})
           as lost,
         exists (select from directory_membership m join directory_contact c using (membership_id)
                 where m.institution_id = $2 and m.source = $3 and m.ended_at is null) as some_left
"""


async def effect_of(tx: Transaction, origin: Origin, *, first: bool, other_numbers: int, garbled: int) -> Effect:
    """Write down what an applied delivery changed about whom, and return it counted.

    On a first load everybody is new, which is not written down one by one.
    """
    place = (origin.institution_id, origin.source)
    rows = await tx.fetch(_ALL_STAGED if first else _THERE_NOW, *place, timeout=PATIENCE)
    there = {ActorGroup(row["actor_group"]): int(row["people"]) for row in rows if row["what"] == "there"}
    if first:
        in_classes = {
            (ActorGroup(row["actor_group"]), row["name"]): int(row["people"]) for row in rows if row["what"] == "class"
        }
        counts = _all_new(there, in_classes)
        guardians = Guardians(next(int(row["people"]) for row in rows if row["what"] == "contacts"), 0, some_left=True)
    else:
        counts, may_have_guardians = await _changes(tx, origin)
        in_classes = await _in_classes(tx, origin, names=_classes_of(counts))
        guardians = await _guardians(tx, origin) if may_have_guardians else Guardians(0, 0, some_left=True)
    lines = plan_of(counts, there=there, in_classes=in_classes, guardians=guardians)
    renamed = sum(one.renamed for one in counts)
    return Effect(lines, there_before(counts, there), renamed, other_numbers, garbled, guardians)


def _all_new(there: Mapping[ActorGroup, int], in_classes: Mapping[Place, int]) -> list[ChangeCount]:
    counts = [ChangeCount(ChangeKind.NEW, *place, people) for place, people in in_classes.items()]
    for group, people in there.items():
        if others := people - sum(count for (of, _), count in in_classes.items() if of is group):
            counts.append(ChangeCount(ChangeKind.NEW, group, None, others))
    return counts


def _classes_of(counts: Sequence[ChangeCount]) -> list[str] | None:
    """Return the classes that change; None for all, when those who are pupils in none do: they are the rest."""
    places = places_of(counts)
    return None if (ActorGroup.ELEV, None) in places else sorted({name for _, name in places if name})


async def _in_classes(tx: Transaction, origin: Origin, *, names: Sequence[str] | None) -> dict[Place, int]:
    rows = await tx.fetch(_IN_CLASSES_NOW, origin.institution_id, origin.source, names, timeout=PATIENCE)
    return {(ActorGroup(row["actor_group"]), row["name"]): row["people"] for row in rows}


async def _changes(tx: Transaction, origin: Origin) -> tuple[list[ChangeCount], bool]:
    """Write down who changes how; return it counted, and whether somebody's contact persons may be others now."""
    delivery_id = UUID(origin.delivery)
    await tx.execute("set local join_collapse_limit = 1")  # the order it is written in is good, and planned in no time
    await tx.execute(_NOTE_CHANGES, delivery_id, origin.institution_id, origin.source, timeout=PATIENCE)
    await tx.execute("set local join_collapse_limit to default")
    rows = await tx.fetch(_COUNT_CHANGES, delivery_id, timeout=PATIENCE)
    counts = [
        ChangeCount(
            ChangeKind(row["kind"]),
            ActorGroup(row["actor_group"]),
            row["class_after"],
            row["people"],
            row["class_before"],
            row["renamed"],
        )
        for row in rows
    ]
    for row in await tx.fetch(_RENAMED, delivery_id, timeout=PATIENCE):
        group, before, after, people = row.values()
        counts.append(ChangeCount(ChangeKind.MOVED, ActorGroup(group), after, people, before))
    coming_or_going = any(one.kind in (ChangeKind.NEW, ChangeKind.BACK, ChangeKind.LEFT) for one in counts)
    return counts, coming_or_going or any(row["with_contacts"] for row in rows)


async def _guardians(tx: Transaction, origin: Origin) -> Guardians:
    row = await tx.fetchrow(_GUARDIANS, UUID(origin.delivery), origin.institution_id, origin.source, timeout=PATIENCE)
    return Guardians(row["gained"], row["lost"], row["some_left"]) if row else Guardians(0, 0, some_left=True)


# Whoever came back, or was something else before, may be in any grade. The notes are looked up one by one: read whole
# for each pupil, they take seconds of a new school year. A mistake that was asked about and is mended is no jump back.
_JUMPED = f"""
  with asked as materialized (
    select f.local_person_id, f.fields ->> 'before' as before, f.fields ->> 'after' as after
    from roster_delivery d join roster_finding f using (delivery_id)
    where d.institution_id = $2 and d.source = $3 and d.status = 'applied' and d.finding_count > 0
      and d.received_at > kit_now() - {ASKED_DAYS} * interval '1 day'
      and f.code = any ('{{{",".join(ASKED)}}}') and f.answered_at is null
  ), jumped as materialized (
    select s.line, s.local_person_id, was.level as before, s.level as after, s.membership_id
    from stage_member s
    cross join lateral (
      select j.before ->> 'level' as level from directory_journal j
      where j.delivery_id = $1 and j.kind = 'membership' and j.row_id = s.known_id
        and j.before ->> 'actor_group' = 'Elev' and j.before ->> 'ended_at' is null limit 1) was
    where s.differs and s.actor_group = 'Elev' and was.level || ' ' || s.level = any ($4::text[])
      and not exists (select from asked a where a.before = s.level and a.after = was.level
                        and coalesce(a.local_person_id, s.local_person_id) = s.local_person_id)
  ), placed as materialized (
    select t.line, t.local_person_id, t.before, t.after, g.group_key, g.group_id, g.name from jumped t
    left join stage_group k on k.membership_id = t.membership_id and k.main
    left join directory_group g on g.institution_id = $2 and g.source = $3 and g.group_id = k.group_id
  ), sizes as (
    select gm.group_key, count(*) as people
    from directory_group_member gm join directory_membership m using (membership_id)
    where gm.group_key in (select group_key from placed) and gm.main and m.ended_at is null group by gm.group_key
  )
  select line, local_person_id, before, after, group_id, name, people
  from placed left join sizes using (group_key) order by line
"""


async def jumps_of(tx: Transaction, origin: Origin) -> list[Jump]:
    """Return the staged pupils, known before, whose grade is not one that follows upon theirs."""
    jumps = [f"{before} {after}" for before, after in JUMPS]
    place = (UUID(origin.delivery), origin.institution_id, origin.source)
    return [Jump(*row.values()) for row in await tx.fetch(_JUMPED, *place, jumps, timeout=PATIENCE)]
