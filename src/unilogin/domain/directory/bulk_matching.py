"""Who a delivery's rows are about: by CPR number, else by the source's own id; numbers it tells for the first time."""

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple
from uuid import UUID

from unilogin.domain.audit.actions import INSERT as AUDIT_INSERT
from unilogin.domain.audit.events import Event
from unilogin.domain.directory.bulk_staging import PATIENCE, Origin
from unilogin.kit.db.connection import Transaction

Reseal = Callable[[bytes, UUID, UUID], bytes]
"""Seals what was sealed for one id for another: a staged number is sealed for an id that may come to nothing."""

Guarded = Callable[[Sequence[UUID]], Awaitable[frozenset[UUID]]]
"""Tells which of these people get no number by a file alone: whoever has it could be them with MitID (B-A05)."""

# A person's own row beats what a pupil's row says of them as a contact; among equals the first line counts. Each number
# is looked up by its index: a join would read everybody there is, until the tables are too large for it.
_MATCH = """
  with matched as (
    insert into stage_who (cpr_index, staged_id, person_id, account_id, is_new, username)
    select s.cpr_index, s.person_id, coalesce(k.person_id, s.person_id),
           case when k.person_id is null then s.account_id
                else (select a.account_id from directory_account a where a.person_id = k.person_id) end,
           k.person_id is null, s.username
    from (
      select distinct on (cpr_index) cpr_index, person_id, account_id, username
      from stage_person order by cpr_index, own desc, line, person_id
    ) s
    cross join lateral (
      select coalesce((select p.person_id from directory_person p where p.cpr_index = s.cpr_index),
                      (select f.person_id from directory_former_cpr f where f.cpr_index = s.cpr_index),
                      (select l.person_id from directory_person l where l.local_key = s.cpr_index)) as person_id
      offset 0
    ) k
    returning person_id, is_new
  ), known as (
    select count(*) as people, bool_or(p.protected) as hidden, bool_or(p.erased_at is not null) as forgotten
    from matched join directory_person p using (person_id) where not is_new
  ), told as (
    select bool_or(cpr_sealed is null) as numberless, bool_or(protected) as protected from stage_person
  )
  select (select count(*) from matched where is_new) as fresh, people, hidden, forgotten, numberless, protected
  from known, told
"""

_KNOWN_AFTER_ALL = """
  select count(*) filter (where w.is_new) as fresh, count(p.person_id) as people, bool_or(p.protected) as hidden,
         bool_or(p.erased_at is not null) as forgotten
  from stage_who w left join directory_person p on p.person_id = w.person_id and not w.is_new
"""

# Somebody who comes without a number is whoever the source called so before, with a number or without.
_MATCH_BY_LOCAL_ID = """
  update stage_who w set person_id = m.person_id, account_id = a.account_id, is_new = false
  from stage_member s
  join directory_membership m on m.institution_id = $1 and m.source = $2 and m.local_person_id = s.local_person_id
  join directory_account a on a.person_id = m.person_id
  where w.cpr_index = s.cpr_index and w.is_new
    and exists (select from stage_person p where p.person_id = w.staged_id and p.cpr_sealed is null)
"""

# Contact persons have no local id of their own here: the pupil and the name say who they are, where they fit only one.
# Of a number that comes first: who was told of without one. Of one that is told no more: who was told of with one.
_CONTACTS_THEN_AND_NOW = """
  with told as (
    select distinct s.line, s.local_person_id, m.membership_id, m.person_id as pupil_id, t.cpr_index, t.first_name,
           t.family_name, t.birth_date
    from stage_contact c join stage_member s using (membership_id)
    join directory_membership m
      on m.institution_id = $1 and m.source = $2 and m.local_person_id = s.local_person_id
    join stage_person t on t.cpr_index = c.cpr_index and (t.cpr_sealed is not null) = {numbered}
  ), fits as (
    select told.line, told.local_person_id, told.membership_id, told.cpr_index, p.person_id
    from told join directory_membership o on {among} join directory_contact k on k.membership_id = o.membership_id
    join directory_person p on p.person_id = k.contact_person_id
    where (p.first_name, p.family_name) = (told.first_name, told.family_name) and {was}
  ), sure as (
    select cpr_index, min(person_id::text)::uuid as person_id
    from fits f
    where not exists (select from fits o where o.person_id = f.person_id and o.cpr_index <> f.cpr_index)
    group by cpr_index having count(distinct person_id) = 1
  )
"""

_LEARNED_OF_CONTACTS = (
    _CONTACTS_THEN_AND_NOW.format(
        numbered="true",
        among="o.membership_id = told.membership_id",
        was="p.local_key is not null and p.cpr_index is null",
    )
    + """
  select f.line, f.local_person_id, f.membership_id, s.person_id, t.person_id as staged_id, t.cpr_sealed, s.cpr_index,
         exists (select from directory_person o where o.cpr_index = s.cpr_index)
         or exists (select from directory_former_cpr o where o.cpr_index = s.cpr_index) as taken
  from sure s join fits f using (cpr_index)
  cross join lateral (select person_id, cpr_sealed from stage_person t
                      where t.cpr_index = s.cpr_index and t.cpr_sealed is not null limit 1) t
  order by f.line
"""
)

# Another system of the school has told of the pupil's contact persons, too, such as the one that this one takes over
# from. Whoever had no number before either is found where no birthday contradicts.
_MATCH_CONTACTS = (
    _CONTACTS_THEN_AND_NOW.format(
        numbered="false",
        among="""o.person_id = told.pupil_id and o.institution_id = $1
      and (o.membership_id = told.membership_id or o.ended_at is null)""",
        was="""(o.membership_id = told.membership_id and p.cpr_index is not null
           or coalesce(p.birth_date = told.birth_date, true))
      and not exists (select from stage_person x where x.cpr_index = p.cpr_index)
      and not exists (select from stage_person x where x.cpr_index = p.local_key)""",
    )
    + """
  update stage_who w set person_id = s.person_id, account_id = a.account_id, is_new = false
  from sure s join directory_account a using (person_id)
  where w.cpr_index = s.cpr_index and w.is_new
"""
)

_LEARNED = """
  select p.person_id, t.person_id as staged_id, t.cpr_sealed, t.cpr_index
  from directory_person p
  join directory_membership m on m.person_id = p.person_id and m.institution_id = $1 and m.source = $2
  join stage_member s on s.local_person_id = m.local_person_id
  join stage_person t on t.cpr_index = s.cpr_index and t.own and t.line = s.line and t.cpr_sealed is not null
  where p.local_key is not null and p.cpr_index is null
    and (p.first_name, p.family_name) = (t.first_name, t.family_name)
    and not exists (select from directory_person o where o.cpr_index = t.cpr_index)
    and not exists (select from directory_former_cpr f where f.cpr_index = t.cpr_index)
"""

_LEARN = f"""
  with learned as (
    update directory_person p set cpr_sealed = l.cpr_sealed, cpr_index = l.cpr_index, changed_at = kit_now()
    from (
      select distinct on (cpr_index) person_id, cpr_sealed, cpr_index
      from unnest($5::uuid[], $6::bytea[], $7::bytea[]) as u (person_id, cpr_sealed, cpr_index)
      order by cpr_index, person_id
    ) l
    where p.person_id = l.person_id
    returning p.person_id
  )
  {AUDIT_INSERT}
  select '{Event.PERSON_CHANGED.value}', $1, $2, a.account_id, $3, $4, 'ok', null, '{{"number": true}}'
  from learned left join directory_account a using (person_id)
"""

# Somebody's contact person stays who they are, whoever has the number that was told of them.
_KEEP_CONTACTS = """
  with kept as (
    update stage_who w set person_id = k.person_id, account_id = a.account_id, is_new = false
    from unnest($1::bytea[], $2::uuid[]) as k (cpr_index, person_id) join directory_account a using (person_id)
    where w.cpr_index = k.cpr_index and w.is_new
    returning w.cpr_index
  )
  update stage_member s set raw_hash = ''
  from stage_contact c join kept using (cpr_index) where s.membership_id = c.membership_id
"""

_RETURNED = """
  select p.person_id, s.person_id as staged_id, s.cpr_sealed
  from stage_who w join directory_person p using (person_id) join stage_person s on s.person_id = w.staged_id
  where not w.is_new and p.erased_at is not null and p.cpr_index = w.cpr_index and s.cpr_sealed is not null
"""

_GIVE_BACK = """
  update directory_person p set cpr_sealed = u.cpr_sealed
  from unnest($1::uuid[], $2::bytea[]) as u (person_id, cpr_sealed)
  where p.person_id = u.person_id and p.cpr_sealed is null
"""


class Double(NamedTuple):
    """A pupil whose contact person's number, told for the first time, is that of somebody with another account."""

    line: int
    local_person_id: str


class ContactNumber(NamedTuple):
    """A pupil whose contact person gets no number by a file alone, and the number that it told of them."""

    line: int
    local_person_id: str
    membership_id: UUID
    person_id: UUID
    sealed_for: UUID
    cpr_sealed: bytes
    cpr_index: bytes


class Learned(NamedTuple):
    """What came of numbers told for the first time, but for those that were taken over.

    ``doubles`` are contact persons whose number somebody else has; ``kept`` are pupils whose contact person gets no
    number by a file alone, and ``guarded`` who that is by the look-up value of the number.
    """

    doubles: tuple[Double, ...] = ()
    kept: tuple[ContactNumber, ...] = ()
    guarded: tuple[tuple[bytes, UUID], ...] = ()


class Matched(NamedTuple):
    """How many of those who were told about are new and how many known, and what must be looked at of some of them."""

    fresh: int
    known: int
    protected: bool  # a row calls somebody so
    hidden: bool  # somebody known is hidden
    forgotten: bool  # of somebody known no number is kept any more


async def match_people(tx: Transaction, origin: Origin, *, guarded: Sequence[tuple[bytes, UUID]]) -> Matched:
    """Find out who the staged numbers belong to; ``guarded`` are contact persons who stay who they are."""
    found = await tx.fetchrow(_MATCH, timeout=PATIENCE)
    told = dict(found) if found else {}
    if guarded:
        columns = (list(column) for column in zip(*guarded, strict=True))
        await tx.execute(_KEEP_CONTACTS, *columns, timeout=PATIENCE)
    if told.get("numberless"):
        await tx.execute(_MATCH_BY_LOCAL_ID, origin.institution_id, origin.source, timeout=PATIENCE)
        await tx.execute(_MATCH_CONTACTS, origin.institution_id, origin.source, timeout=PATIENCE)
    if guarded or told.get("numberless"):
        found = await tx.fetchrow(_KNOWN_AFTER_ALL, timeout=PATIENCE)
        told.update(found or {})
    looks = (bool(told.get(name)) for name in ("protected", "hidden", "forgotten"))
    return Matched(told.get("fresh", 0), told.get("people", 0), *looks)


async def learn_numbers(tx: Transaction, origin: Origin, *, reseal: Reseal, among_guarded: Guarded) -> Learned:
    """Give people whose source did not tell their number before the one it tells now, under the same name.

    A number that somebody else has, and one under another name, contradicts what is known instead, and so does that of
    somebody guarded. A contact person's number that somebody else has is returned: from now on that one is the contact,
    and nobody is made one by that.
    """
    if await tx.fetchval("select min(local_key) from directory_person") is None:  # one look at the end of an index
        return Learned()
    place = (origin.institution_id, origin.source)
    contacts = await tx.fetch(_LEARNED_OF_CONTACTS, *place, timeout=PATIENCE)
    rows = await tx.fetch(_LEARNED, *place, timeout=PATIENCE)
    rows += list({row["person_id"]: row for row in contacts if not row["taken"]}.values())
    guarded = await among_guarded([row["person_id"] for row in rows]) if rows else frozenset()
    if rows := [row for row in rows if row["person_id"] not in guarded]:
        people = [row["person_id"] for row in rows]
        sealed = [reseal(row["cpr_sealed"], row["staged_id"], row["person_id"]) for row in rows]
        numbers = [row["cpr_index"] for row in rows]
        await tx.execute(_LEARN, *origin.traces, people, sealed, numbers, timeout=PATIENCE)
    kept = [row for row in contacts if not row["taken"] and row["person_id"] in guarded]
    return Learned(
        tuple(Double(row["line"], row["local_person_id"]) for row in contacts if row["taken"]),
        tuple(
            ContactNumber(
                row["line"],
                row["local_person_id"],
                row["membership_id"],
                row["person_id"],
                row["staged_id"],
                row["cpr_sealed"],
                row["cpr_index"],
            )
            for row in kept
        ),
        tuple({row["cpr_index"]: row["person_id"] for row in kept}.items()),
    )


async def give_numbers_back(tx: Transaction, *, reseal: Reseal) -> None:
    """Note the numbers of people again who were forgotten but for their look-up values (K-16), and come back."""
    rows = await tx.fetch(_RETURNED, timeout=PATIENCE)
    if rows:
        sealed = [reseal(row["cpr_sealed"], row["staged_id"], row["person_id"]) for row in rows]
        await tx.execute(_GIVE_BACK, [row["person_id"] for row in rows], sealed, timeout=PATIENCE)
