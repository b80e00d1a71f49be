"""What needs a human at a school: everything that is open, oldest first, each once.

Each is one line of the front page: a sentence (``elevadministration.matter.<kind>``) that leads to where it is mended.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from unilogin.domain.access.administering import AdministeredSchool
from unilogin.domain.access.returning import OPEN_RETURN
from unilogin.domain.directory.manual import NOTICE
from unilogin.domain.directory.protection import HAS_NEUTRAL_ALIAS
from unilogin.domain.directory.queries import DISPLAY_NAME
from unilogin.domain.identity.proposals import KEPT_DAYS
from unilogin.kit.db.connection import Connection
from unilogin.roster.asking import OPEN_QUESTION
from unilogin.roster.cpr_cases import FOUND_IN, OF_WHOM
from unilogin.roster.lifecycle import IMPORT_LASTS, WARNED_BEFORE
from unilogin.roster.model import DeliveryId
from unilogin.roster.switching.ordering import SWITCH_WAITS

MOST_CASES = 5
"""Of one kind named one by one; more are one line that leads to their list."""

SILENT_DAYS = 7
SILENT_GAPS = 4
"""A system is missed when it has been silent for a week, and for four times as long as it usually is."""

PLACES: Mapping[str, str] = MappingProxyType(
    {
        "parked": "/import/{about}",
        "undo": "/import/{about}",
        "refused": "/import/{about}",
        "people": "/import/{about}",
        "asked": "/import/{about}",
        "cpr": "/cpr/{about}",
        "cpr_many": "/cpr",
        "alias": "/navnebeskyttelse",
        "ending": "/manuel",
        "return": "/manuel",
        "stale": "/import",
        "silent": "/import",
        "merge": "/sammenlaegning/{about}",
        "split": "/sammenlaegning/{about}",
        **dict.fromkeys(
            (
                "switch_order",
                "switch_back",
                "switch_failed",
                "switch_doubts",
                "switch_agreed",
                "switch_ready",
                "switch_both",
            ),
            "/systemskift/{about}",
        ),
    }
)
"""Where each kind of matter is mended, below the school's address."""


@dataclass(frozen=True, slots=True)
class Matter:
    """Something that needs a human. ``name`` and ``other`` are systems, or somebody as others may see them."""

    kind: str
    since: datetime
    about: str
    count: int
    name: str
    other: str
    when: datetime | None

    @property
    def path(self) -> str:
        """Where it is mended."""
        return PLACES[self.kind].format(about=self.about)


_DELIVERIES = f"""
  select 'parked' as kind, d.received_at as since, d.delivery_id::text as about, 1 as count, d.source as name,
         '' as other, null::timestamptz as "when"
  from roster_delivery d where d.institution_id = $1 and d.status = 'parked'
  union all
  select 'undo', (select min(w.said_at) from roster_undo_word w where w.delivery_id = d.delivery_id),
         d.delivery_id::text, 1, d.source, '', null
  from roster_delivery d where d.institution_id = $1 and d.delivery_id = any ($2::uuid[])
  union all
  select 'refused', d.received_at, d.delivery_id::text, 1, d.source, '', null from newest d where d.status = 'refused'
  union all
  select 'people', d.received_at, d.delivery_id::text, count(distinct coalesce(f.local_person_id, f.line::text))::int,
         d.source, '', null
  from counting d join roster_finding f using (delivery_id)
  where d.refused > 0 and f.severity = 'refused'
    and not exists (select from roster_cpr_case c join here using (membership_id)  -- stands there itself
                    where f.code = 'cpr_changed' and c.settled_at is null and c.local_person_id = f.local_person_id)
    and not exists (  -- a later file of the system has told of them
      select from counting o where o.source = d.source and o.received_at > d.received_at
        and (exists (select from roster_change c
                     where c.delivery_id = o.delivery_id and c.local_person_id = f.local_person_id)
             or exists (select from roster_finding e where e.delivery_id = o.delivery_id and e.severity = 'refused'
                          and e.local_person_id = f.local_person_id)))
  group by d.delivery_id, d.received_at, d.source
  union all
  select 'asked', d.received_at, d.delivery_id::text, count(*)::int, d.source, '', null
  from roster_delivery d join roster_finding f using (delivery_id)
  where d.institution_id = $1 and d.finding_count > 0 and {OPEN_QUESTION}
  group by d.delivery_id, d.received_at, d.source
"""

_PEOPLE = f"""
  select case when n.total > {MOST_CASES} then 'cpr_many' else 'cpr' end, min(n.found_at),
         case when n.total > {MOST_CASES} then '' else n.case_id::text end, count(*)::int,
         min(n.name), min(n.source), null
  from (
    select c.case_id, c.found_at, {DISPLAY_NAME} as name, h.source, count(*) over () as total
    from roster_cpr_case c join here h on h.membership_id = {FOUND_IN}
    join directory_person p on p.person_id = {OF_WHOM.replace("m.", "h.")}
    where c.settled_at is null) n
  group by 1, 3
  union all
  select 'alias', min(p.changed_at), '', count(*)::int, '', '', null
  from directory_person p
  where {HAS_NEUTRAL_ALIAS} and p.person_id in (
    select person_id from here
    union select c.contact_person_id from directory_contact c join here using (membership_id))
  having count(*) > 0
  union all
  select 'ending', min(u.until_at) - {NOTICE}, '', count(*)::int, '', '', min(u.until_at)
  from directory_manual u join here using (membership_id) where u.until_at < kit_now() + {NOTICE}
  having count(*) > 0
  union all
  select 'return', r.wanted_at, r.return_id::text, 1, {DISPLAY_NAME}, '', null
  from access_return r join directory_account a using (account_id) join directory_person p using (person_id)
  where r.institution_id = $1 and a.merged_into is null and {OPEN_RETURN}
  union all
  select r.kind, r.proposed_at, r.proposal_id::text, 1, '', '', null from identity_proposal r
  where r.institution_id = $1 and r.settled_at is null and r.proposed_at > kit_now() - interval '{KEPT_DAYS} days'
"""

# A system that is not heard is one the school has left; of one that sends by hand nobody knows when to miss it.
_SOURCES = f"""
  select case when t.stale then 'stale' else 'silent' end, case when t.stale then t.told_at else t.last end, '', 1,
         t.source, '',
         case when t.stale then greatest(t.applied + $4::interval, t.told_at + $5::interval) else t.last end
  from (
    select n.source, n.status, n.received_at as last, x.applied, s.told_at,
           coalesce(s.told_at > x.applied, false) as stale, g.gap, g.known
    from newest n
    cross join lateral (
      select max(case when d.status = 'applied' then d.applied_at else d.settled_at end) as applied
      from roster_delivery d
      where d.institution_id = $1 and d.source = n.source
        and (d.status = 'applied' or d.status = 'undone' and d.actor_kind = 'system')) x
    cross join lateral (
      select (max(l.received_at) - min(l.received_at)) / greatest(count(*) - 1, 1) as gap, count(*) as known
      from (select d.received_at from roster_delivery d where d.institution_id = $1 and d.source = n.source
            order by d.received_at desc limit 8) l) g
    left join roster_stale s on s.institution_id = $1 and s.source = n.source
    where exists (select from here h where h.source = n.source)
      and not exists (select from roster_source_not_heard o where o.institution_id = $1 and o.source = n.source)
  ) t
  where t.stale or t.status = 'applied' and t.known > 2 and t.last < kit_now() - {SILENT_DAYS} * interval '1 day'
                and t.last < kit_now() - {SILENT_GAPS} * t.gap
"""

_SWITCHES = f"""
  select case when {SWITCH_WAITS} then case when w.wanted = 'run' then 'switch_order' else 'switch_back' end
              when w.run_at is not null then 'switch_both'
              when w.answer is not null and w.wanted is not null then 'switch_failed'
              when u.undecided > 0 then 'switch_doubts'
              when w.wanted = 'run' and w.wanted_hash = w.file_hash then 'switch_agreed'
              else 'switch_ready' end,
         w.planned_at, w.switch_id::text, u.undecided::int, w.new_source, w.old_source,
         case when w.run_at is null then w.due_at else w.retire_at end
  from roster_switch w
  cross join lateral (select count(*) as undecided from roster_switch_person r
                      where r.switch_id = w.switch_id and r.how = 'doubtful' and r.decided is null) u
  where w.institution_id = $1 and w.undone_at is null
    and (w.retired_by is null or {SWITCH_WAITS})
"""

_OPEN = f"""
  with newest as materialized (
    select distinct on (d.source) d.delivery_id, d.source, d.status, d.received_at from roster_delivery d
    where d.institution_id = $1
      and not (d.source = '' and exists (  -- it could not be read, and whatever system it was from: one has come since
        select from roster_delivery o
        where o.institution_id = $1 and o.status <> 'refused' and o.received_at > d.received_at))
    order by d.source, d.received_at desc, d.delivery_id desc
  ), counting as materialized (  -- the last full file of each system, and what it has sent of changes since
    select d.delivery_id, d.source, d.received_at, d.refused from roster_delivery d
    where d.institution_id = $1 and d.status = 'applied' and d.received_at >= coalesce((
      select max(l.received_at) from roster_delivery l
      where l.institution_id = $1 and l.source = d.source and l.status = 'applied' and l.kind = 'full'), '-infinity')
  ), here as materialized (
    select m.membership_id, m.person_id, m.source from directory_membership m
    where m.institution_id = $1 and m.ended_at is null
  ), open (kind, since, about, count, name, other, "when") as (
    {_DELIVERIES} union all {_PEOPLE} union all {_SOURCES} union all {_SWITCHES}
  )
  select kind, since, about, count, name, other, "when", count(*) over () as total
  from open order by since, kind, name, about limit $3 offset $6
"""


async def open_matters(
    connection: Connection,
    school: AdministeredSchool,
    *,
    undos: Sequence[DeliveryId],
    most: int,
    page: int,
) -> tuple[list[Matter], int]:
    """Return a page of what needs a human at a school, oldest first, and how much there is in all.

    ``undos`` are the deliveries that somebody wants taken back and that wait for a second person.
    """
    rows = await connection.fetch(
        _OPEN, school.institution_id, list(undos), most, IMPORT_LASTS, WARNED_BEFORE, (page - 1) * most
    )
    found = [
        Matter(row["kind"], row["since"], row["about"], row["count"], row["name"], row["other"], row["when"])
        for row in rows
    ]
    return found, rows[0]["total"] if rows else 0
