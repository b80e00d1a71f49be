"""The way of staff to pupils: teachers to the pupils of their classes, administrators to those of their institution.

One set of statements says who reaches whom, and everything asks it again at every step: a membership, a class, a right
or a loan that ended a moment ago reaches nobody. Staff are reached by nobody (RW-6).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from unilogin.domain.access.care import in_care
from unilogin.domain.access.gates import PupilInReach
from unilogin.domain.access.model import GroupKey
from unilogin.domain.directory.model import AccountId, InstitutionId, InstitutionNumber
from unilogin.kit.db.connection import Connection


@dataclass(frozen=True, slots=True)
class Helper:
    """Somebody of the staff, as a teacher or as an administrator.

    ``administers``: the institutions where their session holds the administrator's right, read with the session in this
    same request (a right may live in a session alone); None for who comes as a teacher.
    """

    account_id: AccountId
    administers: tuple[InstitutionNumber, ...] | None = None


@dataclass(frozen=True, slots=True)
class SchoolInReach:
    """An institution that the administrator ``reached_by`` looks after now."""

    institution_id: InstitutionId
    number: InstitutionNumber
    name: str
    reached_by: AccountId
    own_addresses: bool = False


@dataclass(frozen=True, slots=True)
class ClassInReach:
    """A class (or team) whose pupils ``reached_by`` may help now. ``until`` when it is only lent."""

    group_key: GroupKey
    name: str
    is_class: bool
    institution_id: InstitutionId
    number: InstitutionNumber
    school: str
    highest_grade: int | None
    two_factors: bool
    until: datetime | None
    reached_by: AccountId
    by_right: bool
    own_addresses: bool

    @property
    def is_rest(self) -> bool:
        """Whether it is no class, but the pupils of the institution who are in none: an administrator's alone."""
        return self.group_key == self.institution_id


_ROLES = """array['Lærer'] || case when s.pedagogues then array['Pædagog'] else '{}' end
  || case when s.substitutes then array['Vikar'] else '{}' end"""

# $2 is null for a teacher: an administrator's page reaches nothing as a teacher, and the other way round.
_REACHED = f"""
  select g.group_key, null::timestamptz as until_at
  from directory_account helper
    join directory_membership m on m.person_id = helper.person_id and m.ended_at is null
      and m.actor_group = 'Medarbejder'
    left join access_school s on s.institution_id = m.institution_id
    join directory_group_member gm on gm.membership_id = m.membership_id
    join directory_group g on g.group_key = gm.group_key and g.institution_id = m.institution_id
  where helper.account_id = $1 and helper.blocked_at is null and $2::text[] is null and m.roles && ({_ROLES})
    and (g.type = 'Hovedgruppe' or g.type is not null and s.teams)
  union all
  select l.group_key, l.until_at
  from access_loan l join directory_account helper using (account_id)
  where l.account_id = $1 and helper.blocked_at is null and $2::text[] is null and l.ended_at is null
    and l.from_at <= kit_now() and l.until_at > kit_now()
    and exists (select from directory_membership m join directory_institution i using (institution_id)
                where m.person_id = helper.person_id and m.actor_group in ('Medarbejder', 'Ekstern')
                  and m.ended_at is null and i.active)
  union all
  select g.group_key, null
  from directory_account helper, directory_institution i join directory_group g using (institution_id)
  where helper.account_id = $1 and helper.blocked_at is null and i.number = any($2)
"""

_OWN_ADDRESSES = """(coalesce(s.own_addresses, false)
    and exists (select from limits_site_range own where own.institution_id = i.institution_id))"""

# Reached first, and then each looked up: left to choose, PostgreSQL walks through all classes of the country.
_CLASSES = f"""
  with reached as materialized (
    select group_key, case when bool_or(until_at is null) then null else max(until_at) end as until_at
    from ({_REACHED}) r group by group_key
  )
  select i.group_key, i.name, coalesce(i.type = 'Hovedgruppe', false) as is_class, i.institution_id, i.number,
         i.school, case when $2 is null then s.highest_grade end as highest_grade,
         coalesce(s.two_factors, false) as two_factors, {_OWN_ADDRESSES} as own_addresses, r.until_at
  from reached r
    cross join lateral (
      select g.group_key, g.name, g.type, g.level, institution_id, o.number, o.name as school
      from directory_group g join directory_institution o using (institution_id)
      where g.group_key = r.group_key and g.ended_at is null and o.active offset 0
    ) i
    left join access_school s on s.institution_id = i.institution_id
  where ($3::uuid is null or i.group_key = $3) and ($4::text is null or i.number = upper($4))
  order by i.school, is_class desc, length(i.level), i.level, i.name
"""

GRADE = "case when m.level ~ '^[0-9]{1,2}$' then m.level::int when m.level = 'DT' then -1 else 99 end"
"""The grade of the membership ``m`` as a number; what is no grade of the primary school is above all of them."""

IN_NO_GROUP = """m.actor_group = 'Elev' and m.ended_at is null
      and not exists (select from directory_group_member o join directory_group g using (group_key)
                      where o.membership_id = m.membership_id and g.ended_at is null)"""
"""The membership ``m`` is a pupil's who is in no class and no other group."""

NO_STAFF = """not exists (select from directory_membership w
                      where w.person_id = a.person_id and w.actor_group = 'Medarbejder' and w.ended_at is null)"""
"""The account ``a`` is nobody's who works at a school."""

PUPIL_OF_GROUP = f"""(
    select membership_id from directory_group_member where group_key = $1
    union all
    select m.membership_id from directory_membership m where m.institution_id = $1 and {IN_NO_GROUP}
  ) gm
    join directory_membership m on m.membership_id = gm.membership_id and m.actor_group = 'Elev' and m.ended_at is null
    join directory_account a on a.person_id = m.person_id and {NO_STAFF}"""
"""The pupils of a class in reach (``$1`` is its ``group_key``): their memberships ``m`` and accounts ``a``.

An institution's own id means its pupils who are in no group. Who also works at a school is staff.
"""


def held_at(institution: str) -> str:
    """Return the condition that the membership ``m`` is at an institution, written so that no plan begins with it.

    A class leads to its pupils. From the school's side, each of its thousand memberships would be held against each.
    """
    return f"(m.institution_id = {institution}) is true"


def _taught(pupil: str, *, as_teacher: str = "", on_loan: str = "") -> str:
    return f"""exists (
  select from directory_membership m
    join directory_group_member gm on gm.membership_id = m.membership_id
    join directory_group g on g.group_key = gm.group_key and g.institution_id = m.institution_id and g.ended_at is null
    left join access_school s on s.institution_id = m.institution_id
  where m.person_id = {pupil}.person_id and m.actor_group = 'Elev' and m.ended_at is null
    and (s.highest_grade is null or {GRADE} <= s.highest_grade) and {in_care()}
    and ((g.type = 'Hovedgruppe' or g.type is not null and s.teams)
         and exists (select from directory_group_member tm join directory_membership t using (membership_id)
                     where tm.group_key = g.group_key and t.actor_group = 'Medarbejder' and t.ended_at is null
                       and t.roles && ({_ROLES}){as_teacher})
         or exists (select from access_loan l where l.group_key = g.group_key and l.ended_at is null
                    and l.from_at <= kit_now() and l.until_at > kit_now(){on_loan})))"""


TAUGHT = _taught("a")
"""For a statement of another room: the pupil of ``a`` has somebody at school who may help them in Elevadgang now."""


def still_helped(pupil: str, *, by: str, at: str) -> str:
    """Return, for a statement of another room: the teacher ``by`` reaches the pupil at the institution ``at`` now.

    The first two are rows of ``directory_account``.
    """
    staff = f"""exists (select from directory_membership x join directory_institution y using (institution_id)
      where x.person_id = {by}.person_id and x.actor_group in ('Medarbejder', 'Ekstern') and x.ended_at is null
        and y.active)"""
    here = f"and g.institution_id = {at}"
    return _taught(
        pupil,
        as_teacher=f" and t.person_id = {by}.person_id and t.institution_id = m.institution_id {here}",
        on_loan=f" and l.account_id = {by}.account_id {here} and {staff}",
    )


_PUPILS = f"""
  select distinct a.account_id from {PUPIL_OF_GROUP}
  where a.account_id = any($2::uuid[]) and {held_at("$3")}
    and ($4::int is null or {GRADE} <= $4) and ($5 or a.blocked_at is null) and {in_care()}
"""


async def classes_in_reach(
    connection: Connection, helper: Helper, *, institution: str | None = None
) -> list[ClassInReach]:
    """Return the classes whose pupils somebody may help now, by school and class."""
    return await _classes(connection, helper, None, institution)


async def class_in_reach(connection: Connection, helper: Helper, group_key: UUID) -> ClassInReach | None:
    """Return the class when this person may help its pupils now, else None.

    For an administrator the id of an institution means its pupils without a class.
    """
    found = await _classes(connection, helper, group_key, None)
    if found or helper.administers is None:
        return found[0] if found else None
    schools = await schools_in_reach(connection, helper)
    return next((rest_of(school) for school in schools if school.institution_id == group_key), None)


def rest_of(school: SchoolInReach) -> ClassInReach:
    """Return the pupils of an institution in reach who are in no class, as one that has no name."""
    return ClassInReach(
        GroupKey(school.institution_id),
        "",
        is_class=False,
        institution_id=school.institution_id,
        number=school.number,
        school=school.name,
        highest_grade=None,
        two_factors=False,
        until=None,
        reached_by=school.reached_by,
        by_right=True,
        own_addresses=school.own_addresses,
    )


async def _classes(
    connection: Connection, helper: Helper, group_key: UUID | None, institution: str | None
) -> list[ClassInReach]:
    rows = await connection.fetch(_CLASSES, helper.account_id, helper.administers, group_key, institution)
    return [
        ClassInReach(
            GroupKey(row["group_key"]),
            row["name"],
            row["is_class"],
            InstitutionId(row["institution_id"]),
            InstitutionNumber(row["number"]),
            row["school"],
            row["highest_grade"],
            row["two_factors"],
            row["until_at"],
            helper.account_id,
            by_right=helper.administers is not None,
            own_addresses=row["own_addresses"],
        )
        for row in rows
    ]


async def pupils_in_reach(
    connection: Connection, held: ClassInReach, pupils: Sequence[AccountId], *, blocked: bool = False
) -> list[PupilInReach] | None:
    """Return these pupils of a class; None when one is not in it, is staff, above its grade, or another school's.

    All or none (B-A15). ``blocked``: those that are blocked too, for who may unblock them.
    """
    wanted = set(pupils)
    rows = await connection.fetch(
        _PUPILS, held.group_key, list(wanted), held.institution_id, held.highest_grade, blocked
    )
    if not wanted or len(rows) != len(wanted):
        return None
    return [
        PupilInReach(AccountId(row["account_id"]), held.reached_by, held.institution_id, by_right=held.by_right)
        for row in rows
    ]


async def schools_in_reach(connection: Connection, helper: Helper) -> list[SchoolInReach]:
    """Return the institutions whose Elevadgang this person administers now; none for who comes as a teacher."""
    rows = await connection.fetch(
        f"select i.institution_id, i.number, i.name, {_OWN_ADDRESSES} as own_addresses"
        " from directory_account helper, directory_institution i left join access_school s using (institution_id)"
        " where helper.account_id = $1 and helper.blocked_at is null and i.active and i.number = any($2::text[])"
        " order by i.name",
        helper.account_id,
        helper.administers or (),
    )
    return [
        SchoolInReach(
            InstitutionId(row["institution_id"]),
            InstitutionNumber(row["number"]),
            row["name"],
            helper.account_id,
            row["own_addresses"],
        )
        for row in rows
    ]


async def school_in_reach(connection: Connection, helper: Helper, number: str) -> SchoolInReach | None:
    """Return the institution of a number when this person administers it now, else None."""
    folded = number.upper()
    return next((held for held in await schools_in_reach(connection, helper) if held.number == folded), None)
