"""Rows of a delivery that contradict another row or what is known: found set-based, and taken out of the staging."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from unilogin.domain.directory.bulk_protection import NotLoaded
from unilogin.domain.directory.bulk_staging import PATIENCE, Origin
from unilogin.domain.directory.protection import NEUTRAL_ALIAS
from unilogin.kit.db.connection import Transaction


class Contradiction(StrEnum):
    """Why a row that reads well cannot be loaded."""

    LOCAL_ID_TWICE = "local_id_twice"
    CPR_SHARED = "cpr_shared"  # two names for one number in one delivery: somebody would become somebody else
    ALIAS_MISSING = "alias_missing"  # somebody new who is to be hidden, and has no name to be called by
    CPR_CHANGED = "cpr_changed"  # another number for a known local id: an administrator must say that it is right
    ID_OF_ANOTHER = "local_id_of_another"  # without a number the id alone says who somebody is, and this is another


class RefusedRow(NamedTuple):
    """A row that was taken out of the staging."""

    line: int
    local_person_id: str
    why: Contradiction


class OtherNumber(NamedTuple):
    """A known membership whose local id came with another CPR number than its person has."""

    membership_id: UUID
    local_person_id: str
    sealed_for: UUID
    cpr_sealed: bytes
    cpr_index: bytes
    told_name: str  # as others may see it
    hides: UUID | None  # the known person, whom the row calls protected
    alias_first_name: str | None  # theirs, if the row names them as we do
    alias_family_name: str | None


class Refusals(NamedTuple):
    """The rows that were taken out, the numbers among them that contradict known ones, and who is protected in them."""

    rows: tuple[RefusedRow, ...]
    numbers: tuple[OtherNumber, ...]
    protected: tuple[NotLoaded, ...]


_OTHER_NUMBERS = """
  select distinct on (m.membership_id) m.membership_id, m.local_person_id, t.person_id, t.cpr_sealed, t.cpr_index,
         case when t.protected then coalesce(t.alias_first_name || ' ' || t.alias_family_name, $3)
              else t.first_name || ' ' || t.family_name end as told_name,
         case when t.protected then p.person_id end as hides,
         case when (t.first_name, t.family_name) = (p.first_name, p.family_name) then t.alias_first_name end
           as alias_first_name,
         case when (t.first_name, t.family_name) = (p.first_name, p.family_name) then t.alias_family_name end
           as alias_family_name
  from stage_member s
  join directory_membership m
    on m.institution_id = $1 and m.source = $2 and m.local_person_id = s.local_person_id
  join directory_person p on p.person_id = m.person_id and p.cpr_index is distinct from s.cpr_index
  join stage_person t on t.cpr_index = s.cpr_index and t.own and t.line = s.line and t.cpr_sealed is not null
  where not exists (select from directory_former_cpr f
                    where f.cpr_index = s.cpr_index and f.person_id = p.person_id)
  order by m.membership_id, s.line
"""

_FIND = """
  with twice as (
    select local_person_id from stage_member group by local_person_id having count(*) > 1
  ), shared as (
    select cpr_index from stage_person where own group by cpr_index
    having min(first_name || ' ' || family_name) <> max(first_name || ' ' || family_name)
    {also_known}
  ), nameless as (  -- one by one, by the limits: an "exists" may read everybody
    select s.line, s.local_person_id
    from stage_person t join stage_member s on s.cpr_index = t.cpr_index and s.line = t.line
    where t.own and t.protected and t.alias_first_name is null
      and (select true from directory_person p where p.cpr_index = t.cpr_index limit 1) is null
      and (select true from directory_former_cpr f where f.cpr_index = t.cpr_index limit 1) is null
      and (select true from directory_person p where p.local_key = t.cpr_index limit 1) is null
      and (t.cpr_sealed is not null or (
        select true from directory_membership m
        where m.institution_id = $1 and m.source = $2 and m.local_person_id = s.local_person_id limit 1) is null)
  ), numberless as (
    select distinct cpr_index from stage_person where cpr_sealed is null
  ), known as (
    select distinct s.membership_id,
           s.cpr_index is distinct from p.cpr_index and s.cpr_index is distinct from p.local_key
           and f.cpr_index is null and n.cpr_index is null as moved,
           n.cpr_index is not null and p.erased_at is null
             and lower(t.first_name) <> lower(p.first_name) and lower(t.family_name) <> lower(p.family_name)
             and (t.birth_date = p.birth_date) is not true as another,
           m.ended_at is null and m.raw_hash <> '' and u.raw_hash is null as unchanged
    from stage_member s
    join directory_membership m
      on m.institution_id = $1 and m.source = $2 and m.local_person_id = s.local_person_id
    join directory_person p on p.person_id = m.person_id
    join stage_person t on t.cpr_index = s.cpr_index and t.own and t.line = s.line
    left join directory_former_cpr f on f.cpr_index = s.cpr_index and f.person_id = p.person_id
    left join numberless n on n.cpr_index = s.cpr_index
    left join (select distinct unnest($3::bytea[]) as raw_hash) u on u.raw_hash = m.raw_hash
  )
  select s.line, s.local_person_id,
         case when t.local_person_id is not null or k.unchanged then 'local_id_twice'
              when k.moved then 'cpr_changed'
              when k.another then 'local_id_of_another'
              when n.local_person_id is not null then 'alias_missing'
              else 'cpr_shared' end as why
  from stage_member s
  left join twice t on t.local_person_id = s.local_person_id
  left join shared c on c.cpr_index = s.cpr_index
  left join known k on k.membership_id = s.membership_id and (k.unchanged or k.moved or k.another)
  left join nameless n on n.local_person_id = s.local_person_id and n.line = s.line
  where t.local_person_id is not null or c.cpr_index is not null or k.membership_id is not null
     or n.local_person_id is not null
  order by s.line
"""

# Another row of the number came, too, and calls its person what they are called: it was not read, for it is as before.
_ALSO_KNOWN = """
    union
    select p.cpr_index
    from directory_membership m
    join directory_person p using (person_id)
    join stage_person t on t.cpr_index = p.cpr_index and t.own
    join stage_member s on s.cpr_index = t.cpr_index and s.line = t.line
    left join (select distinct unnest($3::bytea[]) as raw_hash) u on u.raw_hash = m.raw_hash
    where m.institution_id = $1 and m.source = $2 and m.ended_at is null and m.raw_hash <> '' and u.raw_hash is null
      and (p.first_name, p.family_name) <> (t.first_name, t.family_name)
      and not exists (select from stage_member o where o.local_person_id = m.local_person_id)
"""

# Those with another number are hidden with their case; whose number it is, and their contact persons, are not in it.
_PROTECTED_AMONG = """
  select distinct t.cpr_index, null as local_person_id, t.first_name, t.family_name, t.alias_first_name,
         t.alias_family_name
  from stage_person t where t.protected and t.line = any ($1::integer[])
  union all
  select null, s.local_person_id, t.first_name, t.family_name, t.alias_first_name, t.alias_family_name
  from stage_member s join stage_person t on t.cpr_index = s.cpr_index and t.line = s.line and t.own
  where t.protected and s.line = any ($2::integer[])
"""

_TAKE_OUT = (
    "insert into stage_kept (local_person_id) select unnest($1::text[])",
    """delete from stage_group g using stage_member m, unnest($1::text[]) as k (local_person_id)
       where g.membership_id = m.membership_id and m.local_person_id = k.local_person_id""",
    """delete from stage_contact c using stage_member m, unnest($1::text[]) as k (local_person_id)
       where c.membership_id = m.membership_id and m.local_person_id = k.local_person_id""",
    """delete from stage_member m using unnest($1::text[]) as k (local_person_id)
       where m.local_person_id = k.local_person_id""",
)

# Whoever only a refused row told about is not to be made.
_FORGET = """
  delete from stage_person p
  where not exists (select from stage_member m where m.cpr_index = p.cpr_index)
    and (p.own or not exists (select from stage_contact c where c.cpr_index = p.cpr_index))
"""


class Circle(NamedTuple):
    """A pupil with a contact person who was left out: themselves, or somebody of whom they are a contact person."""

    line: int
    local_person_id: str
    is_oneself: bool


# By people and not by numbers: one may come under a former number. A belonging that comes again says all of its
# contact persons, unless one of them could not be read.
_LEAVE_CIRCLES_OUT = """
  with tie as materialized (
    select c.membership_id, c.cpr_index, s.line, s.local_person_id, p.person_id as pupil, k.person_id as contact,
           k.is_new
    from stage_contact c join stage_member s using (membership_id)
    join stage_who p on p.cpr_index = s.cpr_index
    join stage_who k on k.cpr_index = c.cpr_index
  ), circle as materialized (
    select t.membership_id, t.cpr_index, t.line, t.local_person_id, t.pupil, t.contact
    from tie t left join (select distinct pupil, contact from tie) b on b.pupil = t.contact and b.contact = t.pupil
    where t.pupil = t.contact or b.pupil is not null
       or not t.is_new and (  -- one by one, by the limit: an "exists" may read the contact persons of everybody
         select true from directory_contact o join directory_membership m using (membership_id)
         where o.contact_person_id = t.pupil and m.person_id = t.contact and m.ended_at is null
           and not exists (select from stage_member s where s.known_id = m.membership_id and s.contacts_complete)
         limit 1)
  ), gone as (
    delete from stage_contact c using circle t where c.membership_id = t.membership_id and c.cpr_index = t.cpr_index
  ), again as (
    update stage_member s set contacts_complete = false, raw_hash = ''
    where s.membership_id in (select membership_id from circle)
  )
  select line, local_person_id, pupil = contact as is_oneself from circle order by line
"""


async def leave_circles_out(tx: Transaction) -> list[Circle]:
    """Take staged contact persons out who are the pupil, or whose own contact person the pupil is (B-R29).

    Nobody knows which of two is right, so both are left out, and those known before stay. Their rows lose their hash,
    so that it is told again. Run when it is known who everybody is.
    """
    rows = await tx.fetch(_LEAVE_CIRCLES_OUT, timeout=PATIENCE)
    return [Circle(row["line"], row["local_person_id"], row["is_oneself"]) for row in rows]


async def refuse_contradictions(tx: Transaction, origin: Origin, *, unseen: Sequence[bytes], first: bool) -> Refusals:
    """Take the rows out that cannot be loaded; return what there is to say of them.

    ``unseen`` are hashes no row of the delivery has; ``first`` says that nothing was ever known of this source.
    """
    place = (origin.institution_id, origin.source)
    statement = _FIND.format(also_known="" if first else _ALSO_KNOWN)
    found = await tx.fetch(statement, *place, unseen, timeout=PATIENCE)
    refused = [RefusedRow(row["line"], row["local_person_id"], Contradiction(row["why"])) for row in found]
    numbers: list[OtherNumber] = []
    protected: list[NotLoaded] = []
    if any(row.why is Contradiction.CPR_CHANGED for row in refused):
        rows = await tx.fetch(_OTHER_NUMBERS, *place, " ".join(NEUTRAL_ALIAS), timeout=PATIENCE)
        numbers = [OtherNumber(*row.values()) for row in rows]
    if refused:
        lines = [row.line for row in refused]
        without_case = [row.line for row in refused if row.why is not Contradiction.CPR_CHANGED]
        rows = await tx.fetch(_PROTECTED_AMONG, lines, without_case, timeout=PATIENCE)
        protected = [NotLoaded(*row.values()) for row in rows]
        local_ids = list({row.local_person_id for row in refused})
        for statement in _TAKE_OUT:
            await tx.execute(statement, local_ids, timeout=PATIENCE)
        await tx.execute(_FORGET, timeout=PATIENCE)
    return Refusals(tuple(refused), tuple(numbers), tuple(protected))
