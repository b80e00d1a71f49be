"""Reading what a school's office is shown: of what may be long, one page at a time."""

from collections.abc import Sequence
from uuid import UUID

from asyncpg import Record

from unilogin.apps.elevadministration.model import (
    ChangeLine,
    DeliveryLine,
    Size,
    SourceLine,
    SwitchLine,
    Voice,
    Wanted,
)
from unilogin.apps.elevadministration.rules import too_many_would_go
from unilogin.domain.access.administering import AdministeredSchool
from unilogin.domain.access.returning import OPEN_RETURN
from unilogin.domain.access.words import recorded_counts
from unilogin.domain.directory.model import AccountId, ActorGroup, InstitutionId
from unilogin.domain.directory.queries import DISPLAY_NAME
from unilogin.kit.db.connection import Connection
from unilogin.kit.db.patterns import holding
from unilogin.roster.asking import OPEN_QUESTION
from unilogin.roster.cpr_cases import FOUND_IN
from unilogin.roster.limiting import limits_of
from unilogin.roster.model import Counts, DeliveryId, DeliveryKind, DeliveryStatus, Finding
from unilogin.roster.queries import FINDING, finding_of
from unilogin.roster.switching.ordering import SWITCH_WAITS

PAGE = 25
FINDINGS_PAGE = 100

_QUESTIONS = f"select from roster_finding f where f.delivery_id = d.delivery_id and {OPEN_QUESTION}"
_COLUMNS = "d.delivery_id, d.received_at, d.kind, d.status, d.created, d.changed, d.unchanged, d.gone, d.refused"
_SENT_BY = (
    "case when d.source = '' then coalesce((select s.name from roster_sender s"
    " where d.actor_kind = 'source' and s.system_id = d.actor_id), '') else d.source end"
)
"""A file that nobody can read does not say which system it is from; then it is told by whoever sent it."""
MADE_GOOD = """exists (
  select from roster_delivery o where o.institution_id = d.institution_id and d.source in ('', o.source)
    and o.status = 'applied' and o.received_at > d.received_at)"""
"""Whether a later file of the same system was loaded; of any, if nobody could read whose it was."""
_LINE = (
    f"{_COLUMNS}, d.finding_count, {_SENT_BY} as source, d.finding_count > 0 and exists ({_QUESTIONS}) as asks,"
    f" d.status = 'refused' and {MADE_GOOD} as made_good"
)
_MARKED = (
    f"(d.status = 'parked' or d.status = 'refused' and not {MADE_GOOD}"
    f" or d.status = 'applied' and (d.refused > 0 or exists ({_QUESTIONS})))"
)


def _line(row: Record) -> DeliveryLine:
    return DeliveryLine(
        DeliveryId(row["delivery_id"]),
        row["received_at"],
        row["source"],
        DeliveryKind(row["kind"]),
        DeliveryStatus(row["status"]),
        Counts(row["created"], row["changed"], row["unchanged"], row["gone"], row["refused"]),
        row["finding_count"],
        row["asks"],
        row["made_good"],
    )


_HISTORY = f"""
  select {_LINE}, count(*) over () as total from roster_delivery d
  where d.institution_id = $1 and d.source ilike $2 escape '\\' and (not $3 or {_MARKED})
    and ($4::date is null or d.received_at >= $4::date::timestamp at time zone 'Europe/Copenhagen')
    and ($5::date is null or d.received_at < ($5::date + 1)::timestamp at time zone 'Europe/Copenhagen')
    and ($6 = '' or exists (select from roster_change c where c.delivery_id = d.delivery_id
                              and (c.local_person_id = $6 or $6 in (c.class_before, c.class_after)))
         or exists (select from roster_finding f where f.delivery_id = d.delivery_id
                      and $6 in (f.local_person_id, f.group_id)))
  order by d.received_at desc, d.delivery_id desc limit {PAGE} offset $7
"""


async def history(
    connection: Connection, school: AdministeredSchool, wanted: Wanted, *, page: int
) -> tuple[list[DeliveryLine], int]:
    """Return the deliveries of an institution that somebody looks for, newest first, and how many in all."""
    rows = await connection.fetch(
        _HISTORY,
        school.institution_id,
        holding(wanted.source),
        wanted.marked,
        wanted.from_day,
        wanted.until_day,
        wanted.about,
        (page - 1) * PAGE,
    )
    return [_line(row) for row in rows], rows[0]["total"] if rows else 0


_SOURCES = f"""
  with newest as materialized (
    select distinct on (d.source) {_LINE} from roster_delivery d where d.institution_id = $1
    order by d.source, d.received_at desc, d.delivery_id desc
  ), last_applied as (
    select source, max(applied_at) as last_applied_at from roster_delivery
    where institution_id = $1 and status = 'applied' group by source
  )
  select {_COLUMNS}, d.finding_count, source, d.asks, d.made_good, l.last_applied_at
  from newest d left join last_applied l using (source) order by source
"""


async def sources(connection: Connection, school: AdministeredSchool) -> list[SourceLine]:
    """Return the source systems that ever delivered for an institution, by name."""
    rows = await connection.fetch(_SOURCES, school.institution_id)
    return [SourceLine(row["source"], row["last_applied_at"], _line(row)) for row in rows]


_SIZES = """
  select m.actor_group, count(distinct m.person_id) as people from directory_membership m
  where m.institution_id = $1 and m.ended_at is null group by m.actor_group
  union all
  select 'Kontaktperson', count(distinct c.contact_person_id)
  from directory_membership m join directory_contact c using (membership_id)
  where m.institution_id = $1 and m.ended_at is null
"""


async def sizes(connection: Connection, school: AdministeredSchool) -> list[Size]:
    """Return how many belong to an institution now, group by group in the usual order."""
    found = {row["actor_group"]: row["people"] for row in await connection.fetch(_SIZES, school.institution_id)}
    return [Size(group, found.get(group.value, 0)) for group in ActorGroup]


async def is_of_school(connection: Connection, school: AdministeredSchool, delivery_id: UUID) -> bool:
    """Tell whether a delivery is one of an institution's."""
    return bool(
        await connection.fetchval(
            "select true from roster_delivery where delivery_id = $1 and institution_id = $2",
            delivery_id,
            school.institution_id,
        )
    )


async def findings(
    connection: Connection, delivery_id: DeliveryId, *, term: str, page: int
) -> tuple[list[Finding], int]:
    """Return what was found in a delivery, and how much in all: those not loaded first, or of one LocalPersonId."""
    rows = await connection.fetch(
        f"select {FINDING}, count(*) over () as total"
        " from roster_finding where delivery_id = $1 and ($2 = '' or local_person_id ilike $3 escape '\\')"
        f" order by severity <> 'refused', number limit {FINDINGS_PAGE} offset $4",
        delivery_id,
        term,
        holding(term),
        (page - 1) * FINDINGS_PAGE,
    )
    return [finding_of(row) for row in rows], rows[0]["total"] if rows else 0


_CHANGES = f"""
  select c.local_person_id, c.kind, c.actor_group, c.class_before, c.class_after, c.fields,
         {DISPLAY_NAME} as name, count(*) over () as total
  from roster_change c
    left join directory_membership m on m.membership_id = c.membership_id
    left join directory_person p on p.person_id = m.person_id
  where c.delivery_id = $1
    and ($2 = '' or {DISPLAY_NAME} ilike $3 escape '\\' or c.local_person_id = $2
         or coalesce(c.class_after, c.class_before) = $2)
  order by c.kind <> 'left', c.number limit {FINDINGS_PAGE} offset $4
"""


async def changes(
    connection: Connection, delivery_id: DeliveryId, *, term: str, page: int
) -> tuple[list[ChangeLine], int]:
    """Return whom a delivery changed, and how many in all: who leaves first; by name, LocalPersonId or class."""
    rows = await connection.fetch(_CHANGES, delivery_id, term, holding(term), (page - 1) * FINDINGS_PAGE)
    found = [
        ChangeLine(
            row["local_person_id"],
            row["name"],
            row["kind"],
            ActorGroup(row["actor_group"]),
            row["class_before"],
            row["class_after"],
            tuple(row["fields"]),
        )
        for row in rows
    ]
    return found, rows[0]["total"] if rows else 0


_VOICES = f"""
  select v.decision, v.decided_at, v.actor_kind = 'person' and v.actor_id = $2::text as is_reader,
         {DISPLAY_NAME} as name
  from roster_decision v join roster_delivery d using (delivery_id)
    left join directory_account a on a.account_id = case when v.actor_kind = 'person' then v.actor_id::uuid end
    left join directory_person p using (person_id)
  where v.delivery_id = $1
    and (d.status <> 'parked' or {recorded_counts("v", at="d.institution_id", since="decided_at")})
  order by v.decided_at
"""


async def voices(connection: Connection, delivery_id: DeliveryId, *, reader: AccountId) -> Sequence[Voice]:
    """Return who has said what about a parked delivery."""
    rows = await connection.fetch(_VOICES, delivery_id, str(reader))
    return [Voice(row["name"], row["decision"], row["decided_at"], row["is_reader"]) for row in rows]


_THAT_WAIT = f"""
  select distinct institution_id from roster_delivery
  where institution_id = any($1::uuid[]) and status = 'parked'
  union
  select m.institution_id from roster_cpr_case c join directory_membership m on m.membership_id = {FOUND_IN}
  where m.institution_id = any($1::uuid[]) and c.settled_at is null
  union
  select institution_id from identity_proposal
  where institution_id = any($1::uuid[]) and settled_at is null
  union
  select r.institution_id from access_return r where r.institution_id = any($1::uuid[]) and {OPEN_RETURN}
  union
  select w.institution_id from roster_switch w where w.institution_id = any($1::uuid[]) and {SWITCH_WAITS}
"""


async def schools_that_wait(connection: Connection, schools: Sequence[AdministeredSchool]) -> set[InstitutionId]:
    """Return those of the institutions where something waits for somebody's word."""
    rows = await connection.fetch(_THAT_WAIT, [school.institution_id for school in schools])
    return {InstitutionId(row["institution_id"]) for row in rows}


async def has_said(connection: Connection, delivery_id: DeliveryId, decision: str, *, reader: AccountId) -> bool:
    """Tell whether somebody has said this very word about a delivery that still waits."""
    return bool(
        await connection.fetchval(
            "select true from roster_decision v join roster_delivery d using (delivery_id)"
            " where v.delivery_id = $1 and v.actor_kind = 'person' and v.actor_id = $2 and v.decision = $3"
            " and d.status = 'parked'",
            delivery_id,
            str(reader),
            decision,
        )
    )


_SWITCHES = f"""
  select w.switch_id, w.old_source, w.new_source, w.planned_at, w.run_at, w.retire_at, w.undone_at,
         w.retired_by is not null as is_retired,
         (select count(*) from roster_switch_person r
          where r.switch_id = w.switch_id and r.how = 'doubtful' and r.decided is null) as undecided,
         coalesce({SWITCH_WAITS}, false) as waits
  from roster_switch w where w.institution_id = $1 order by w.planned_at desc, w.switch_id desc
"""


async def switches(connection: Connection, school: AdministeredSchool) -> list[SwitchLine]:
    """Return the changes of an institution's administrative system, newest first."""
    return [SwitchLine(*row.values()) for row in await connection.fetch(_SWITCHES, school.institution_id)]


async def is_for_the_operator(connection: Connection, school: AdministeredSchool, *, source: str, people: int) -> bool:
    """Tell whether letting so many of a source's people go is no decision of one administrator."""
    there = await connection.fetchval(
        "select count(*) from directory_membership where institution_id = $1 and source = $2 and ended_at is null",
        school.institution_id,
        source,
    )
    limits = await limits_of(connection, school.institution_id)
    return too_many_would_go(people, there=there, limits=limits)
