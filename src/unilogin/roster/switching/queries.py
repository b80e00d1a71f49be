"""Reading a switch: what it found, what is in doubt, who leaves."""

from collections.abc import Sequence

from asyncpg import Record

from unilogin.domain.directory.queries import DISPLAY_NAME
from unilogin.kit.db.connection import Connection
from unilogin.roster.model import Jump
from unilogin.roster.rules import JUMPS, asked_about
from unilogin.roster.switching.model import Doubt, Fit, GradeJump, Leaving, Plan, SwitchId

_SWITCH = """
  select w.switch_id, i.number as institution, w.institution_id, w.old_source, w.new_source, w.planned_at, w.run_at,
         w.retire_at, w.retired_by is not null as retired, w.undone_at
  from roster_switch w join directory_institution i using (institution_id)
"""

_IS_JUMP = "(m.actor_group = 'Elev' and m.level || ' ' || r.told_level = any ($2::text[]))"

_DOUBTS = f"""
  select r.local_person_id, r.line, r.other_number, r.decided,
         coalesce(jsonb_agg(jsonb_build_array(m.local_person_id, a.username, {DISPLAY_NAME},
                                              case when {_IS_JUMP} then m.level end)
                            order by m.local_person_id) filter (where m.membership_id is not null), '[]') as fits,
         case when not coalesce(bool_or(p.protected), false) then r.told_name end as told_name,
         case when not coalesce(bool_or(p.protected), false) then r.told_group end as told_group, r.told_level
  from roster_switch_person r
  left join directory_membership m on m.membership_id = any (r.candidates)
  left join directory_person p using (person_id) left join directory_account a using (person_id)
  where r.switch_id = $1 and r.how = 'doubtful'
  group by r.switch_id, r.local_person_id order by r.line, r.local_person_id
"""

# By the class they are in today: that is the one people know.
_JUMPED = f"""
  with jumped as (
    select r.line, r.local_person_id, m.level as before, r.told_level as after, g.group_key, g.name as group_name,
           {DISPLAY_NAME} as name
    from roster_switch_person r join directory_membership m using (membership_id)
    join directory_person p using (person_id)
    left join directory_group_member gm on gm.membership_id = m.membership_id and gm.main
    left join directory_group g using (group_key)
    where r.switch_id = $1 and (r.how in ('number', 'name') or r.decided = 'same') and {_IS_JUMP}
  ), sizes as (
    select gm.group_key, count(*) as people
    from directory_group_member gm join directory_membership m using (membership_id)
    where gm.group_key in (select group_key from jumped) and gm.main and m.ended_at is null group by gm.group_key
  )
  select line, local_person_id, before, after, group_key::text as group_key, group_name, people, name
  from jumped left join sizes using (group_key) order by line, local_person_id
"""

# Before it ran: who is in the old system and nobody of the new one. Afterwards: who has no other place here, whichever
# file of the new system brought them.
_LEAVING = f"""
  select m.local_person_id, a.username, {DISPLAY_NAME} as name,
         (select g.name from directory_group_member gm join directory_group g using (group_key)
          where gm.membership_id = m.membership_id and gm.main limit 1) as group_name
  from roster_switch w
  join directory_membership m on m.institution_id = w.institution_id and m.source = w.old_source and m.ended_at is null
  join directory_person p using (person_id) join directory_account a using (person_id)
  where w.switch_id = $1
    and case when w.run_at is null
             then not exists (select from roster_switch_person r where r.switch_id = w.switch_id
                                and r.membership_id = m.membership_id and r.decided is distinct from 'new')
             else (select true from directory_membership o
                   where o.person_id = m.person_id and o.institution_id = m.institution_id
                     and o.source <> m.source and o.ended_at is null limit 1) is null end
  order by name, m.local_person_id
"""


async def plan(connection: Connection, switch_id: SwitchId) -> Plan | None:
    """Return a switch with all that somebody has to look at, or None."""
    row = await connection.fetchrow(f"{_SWITCH} where w.switch_id = $1", switch_id)
    if row is None:
        return None
    found = await connection.fetch(
        "select how, count(*)::int as people from roster_switch_person where switch_id = $1 group by how", switch_id
    )
    pairs = [f"{before} {after}" for before, after in JUMPS]
    doubts = await connection.fetch(_DOUBTS, switch_id, pairs)
    jumped = await connection.fetch(_JUMPED, switch_id, pairs) if row["run_at"] is None else ()
    leaving = await connection.fetch(_LEAVING, switch_id) if not row["retired"] else ()
    return _plan(
        row,
        found={one["how"]: one["people"] for one in found},
        doubts=tuple(
            Doubt(
                one["local_person_id"],
                one["line"],
                one["other_number"],
                tuple(Fit(*fit) for fit in one["fits"]),
                one["decided"],
                one["told_name"],
                one["told_group"],
                one["told_level"],
            )
            for one in doubts
        ),
        leaving=tuple(Leaving(*one.values()) for one in leaving),
        jumps=_jumps(jumped),
    )


def _jumps(rows: Sequence[Record]) -> tuple[GradeJump, ...]:
    """Return what to ask about grades: of most of a class that jump alike, once about the class."""
    told = {row["local_person_id"]: row for row in rows}
    classes = {row["group_key"]: row["group_name"] for row in rows}
    columns = ("line", "local_person_id", "before", "after", "group_key", "group_name", "people")
    found = []
    for one in asked_about(Jump(*(row[name] for name in columns)) for row in rows):
        row = told.get(one.local_person_id)
        name, group = (row["name"], row["group_name"]) if row else (None, classes[one.group])
        count, before, after = (one.fields.get("count", 1), one.fields["before"], one.fields["after"])
        found.append(GradeJump(one.line, one.local_person_id, name, group, int(count), str(before), str(after)))
    return tuple(found)


async def switches(connection: Connection, *, most: int = 100) -> list[Plan]:
    """Return all switches, the newest first, without the people."""
    rows = await connection.fetch(f"{_SWITCH} order by w.switch_id desc limit $1", most)
    return [_plan(row, found={}) for row in rows]


def _plan(
    row: Record,
    *,
    found: dict[str, int],
    doubts: tuple[Doubt, ...] = (),
    leaving: tuple[Leaving, ...] = (),
    jumps: tuple[GradeJump, ...] = (),
) -> Plan:
    return Plan(
        SwitchId(row["switch_id"]),
        row["institution"],
        row["old_source"],
        row["new_source"],
        row["planned_at"],
        row["run_at"],
        row["retire_at"],
        row["retired"],
        row["undone_at"],
        found,
        doubts,
        leaving,
        jumps,
    )
