"""Persons and accounts of a delivery: one person for each CPR number, each with a username that nobody ever had."""

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple
from uuid import UUID

from unilogin.domain.audit.actions import INSERT as AUDIT_INSERT
from unilogin.domain.audit.events import Event
from unilogin.domain.directory import bulk_journal as journal
from unilogin.domain.directory.bulk_staging import PATIENCE, Origin
from unilogin.domain.directory.usernames import Draw, candidate, new_uniid
from unilogin.kit.db.connection import Transaction

Reseal = Callable[[bytes, UUID, UUID], bytes]
"""Seals what was sealed for one id for another: a staged number is sealed for an id that may come to nothing."""

Guarded = Callable[[Sequence[UUID]], Awaitable[frozenset[UUID]]]
"""Tells which of these people get no number by a file alone: whoever has it could be them with MitID (B-A05)."""

# A person's own row beats what a pupil's row says of them as a contact; among equals the first line counts. Each number
# is looked up by its index: a join would read everybody there is, until the tables are too large for it.
_MATCH = """
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
    select distinct s.line, s.local_person_id, m.membership_id, t.cpr_index, t.first_name, t.family_name
    from stage_contact c join stage_member s using (membership_id)
    join directory_membership m
      on m.institution_id = $1 and m.source = $2 and m.local_person_id = s.local_person_id
    join stage_person t on t.cpr_index = c.cpr_index and (t.cpr_sealed is not null) = {numbered}
  ), fits as (
    select told.line, told.local_person_id, told.cpr_index, p.person_id
    from told join directory_contact k using (membership_id)
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
    _CONTACTS_THEN_AND_NOW.format(numbered="true", was="p.local_key is not null and p.cpr_index is null")
    + """
  select f.line, f.local_person_id, s.person_id, t.person_id as staged_id, t.cpr_sealed, s.cpr_index,
         exists (select from directory_person o where o.cpr_index = s.cpr_index)
         or exists (select from directory_former_cpr o where o.cpr_index = s.cpr_index) as taken
  from sure s join fits f using (cpr_index)
  cross join lateral (select person_id, cpr_sealed from stage_person t
                      where t.cpr_index = s.cpr_index and t.cpr_sealed is not null limit 1) t
  order by f.line
"""
)

_MATCH_CONTACTS = (
    _CONTACTS_THEN_AND_NOW.format(
        numbered="false",
        was="p.cpr_index is not null and not exists (select from stage_person o where o.cpr_index = p.cpr_index)",
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

_GIVE_NAMES = """
  with wanted as (
    select distinct on (username) username, staged_id from stage_who where is_new order by username
  ), given as (
    insert into directory_username (username) select username from wanted on conflict do nothing returning username
  )
  select w.staged_id,
         case when s.protected then s.alias_first_name else s.first_name end as first_name,
         case when s.protected then s.alias_family_name else s.family_name end as family_name
  from stage_who w join stage_person s on s.person_id = w.staged_id
  where w.is_new
    and w.staged_id not in (select staged_id from wanted where username in (select username from given))
"""

_GIVE_OTHER_NAMES = """
  with drawn as (
    select staged_id, username from unnest($1::uuid[], $2::text[]) as d (staged_id, username)
  ), wanted as (
    select distinct on (username) username, staged_id from drawn order by username
  ), given as (
    insert into directory_username (username) select username from wanted on conflict do nothing returning username
  ), settled as (
    update stage_who w set username = wanted.username
    from wanted join given on given.username = wanted.username
    where w.staged_id = wanted.staged_id
    returning w.staged_id
  )
  select staged_id from drawn where staged_id not in (select staged_id from settled)
"""

_CREATE = f"""
  with made as materialized (
    select s.person_id, s.account_id, s.cpr_index, s.cpr_sealed, s.first_name, s.family_name, s.protected,
           s.alias_first_name, s.alias_family_name, s.birth_date, s.gender, s.email, s.contact, s.uniid, w.username,
           s.cpr_sealed is not null as has_number
    from stage_who w join stage_person s on s.person_id = w.staged_id
    where w.is_new
  ), person as (
    insert into directory_person (person_id, first_name, family_name, protected, alias_first_name, alias_family_name,
                                  cpr_sealed, cpr_index, local_key, birth_date, gender, email, contact)
    select person_id, first_name, family_name, protected, alias_first_name, alias_family_name, cpr_sealed,
           case when has_number then cpr_index end, case when not has_number then cpr_index end,
           birth_date, gender, email, contact::jsonb
    from made
  ), account as (
    insert into directory_account (account_id, person_id, username, uniid)
    select account_id, person_id, username, uniid from made
    on conflict (uniid) do nothing
    returning 1
  ), logged as (
    {AUDIT_INSERT}
    select '{Event.PERSON_CREATED.value}', $1, $2, account_id, $3, $4, 'ok', null, '{{}}' from made
  )
  select (select count(*) from made) as people, (select count(*) from account) as accounts
"""

_WITHOUT_ACCOUNT = """
  select w.staged_id from stage_who w
  where w.is_new and not exists (select from directory_account a where a.account_id = w.account_id)
"""

_CREATE_ACCOUNTS = """
  insert into directory_account (account_id, person_id, username, uniid)
  select w.account_id, w.person_id, w.username, d.uniid
  from unnest($1::uuid[], $2::text[]) as d (staged_id, uniid) join stage_who w on w.staged_id = d.staged_id
  on conflict (uniid) do nothing
"""

_CHANGE = f"""
  with told as (
    select w.person_id, s.first_name, s.family_name, s.birth_date, s.gender, s.email, s.contact::jsonb as contact,
           s.protected, s.alias_first_name, s.alias_family_name
    from stage_who w join stage_person s on s.person_id = w.staged_id
    where not w.is_new
      and (s.own or (  -- one by one, by the limit: an "exists" may read the memberships of everybody
        select true from directory_membership m where m.person_id = w.person_id and m.ended_at is null limit 1) is null)
  ), changed as (
    update directory_person p
    set first_name = told.first_name, family_name = told.family_name, birth_date = told.birth_date,
        gender = told.gender, email = told.email, contact = told.contact,
        alias_first_name = case when told.protected then told.alias_first_name else p.alias_first_name end,
        alias_family_name = case when told.protected then told.alias_family_name else p.alias_family_name end,
        changed_at = kit_now(), erased_at = null
    from told
    where p.person_id = told.person_id
      and ((p.first_name, p.family_name, p.birth_date, p.gender, p.email, p.contact)
           is distinct from
           (told.first_name, told.family_name, told.birth_date, told.gender, told.email, told.contact)
        or told.protected and (p.alias_first_name, p.alias_family_name)
           is distinct from (told.alias_first_name, told.alias_family_name))
    returning p.person_id
  ), noted as (
    {journal.INSERT}
    select $4::text::uuid, 'person', p.person_id, {journal.PERSON}
    from changed p
    {journal.ONCE}
  ), whom as (
    select w.account_id, w.cpr_index from changed join stage_who w on w.person_id = changed.person_id
  ), marked as (
    update stage_member m set differs = true
    where m.cpr_index in (select cpr_index from whom)
       or m.membership_id in (
         select c.membership_id from stage_contact c where c.cpr_index in (select cpr_index from whom))
  ), logged as (
    {AUDIT_INSERT}
    select '{Event.PERSON_CHANGED.value}', $1, $2, account_id, $3, $4, 'ok', null, '{{}}' from whom
  )
  select count(*) from whom
"""


class Double(NamedTuple):
    """A pupil whose contact person's number, told for the first time, is that of somebody with another account."""

    line: int
    local_person_id: str


class Learned(NamedTuple):
    """What came of numbers told for the first time, but for those that were taken over.

    ``doubles`` are contact persons whose number somebody else has; ``kept`` are pupils whose contact person gets no
    number by a file alone, and ``guarded`` who that is by the look-up value of the number.
    """

    doubles: tuple[Double, ...] = ()
    kept: tuple[Double, ...] = ()
    guarded: tuple[tuple[bytes, UUID], ...] = ()


class Matched(NamedTuple):
    """How many of those who were told about are new and how many known, and whether a row calls somebody protected."""

    fresh: int
    known: int
    protected: bool


async def match_people(tx: Transaction, origin: Origin, *, guarded: Sequence[tuple[bytes, UUID]]) -> Matched:
    """Find out who the staged numbers belong to; ``guarded`` are contact persons who stay who they are."""
    await tx.execute(_MATCH, timeout=PATIENCE)
    if guarded:
        columns = (list(column) for column in zip(*guarded, strict=True))
        await tx.execute(_KEEP_CONTACTS, *columns, timeout=PATIENCE)
    told = await tx.fetchrow(
        "select bool_or(cpr_sealed is null) as numberless, bool_or(protected) as protected from stage_person"
    )
    if told and told["numberless"]:
        await tx.execute(_MATCH_BY_LOCAL_ID, origin.institution_id, origin.source, timeout=PATIENCE)
        await tx.execute(_MATCH_CONTACTS, origin.institution_id, origin.source, timeout=PATIENCE)
    row = await tx.fetchrow("select count(*) filter (where is_new) as fresh, count(*) as people from stage_who")
    fresh, people = (row["fresh"], row["people"]) if row else (0, 0)
    return Matched(fresh, people - fresh, bool(told and told["protected"]))


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
        tuple(Double(row["line"], row["local_person_id"]) for row in kept),
        tuple({row["cpr_index"]: row["person_id"] for row in kept}.items()),
    )


async def give_numbers_back(tx: Transaction, *, reseal: Reseal) -> None:
    """Note the numbers of people again who were forgotten but for their look-up values (K-16), and come back."""
    rows = await tx.fetch(_RETURNED, timeout=PATIENCE)
    if rows:
        sealed = [reseal(row["cpr_sealed"], row["staged_id"], row["person_id"]) for row in rows]
        await tx.execute(_GIVE_BACK, [row["person_id"] for row in rows], sealed, timeout=PATIENCE)


async def create_people(tx: Transaction, origin: Origin, *, draw: Draw) -> int:
    """Make the new persons, each with an account that has a name and a uniid but no way to sign in yet."""
    await _give_names(tx, draw)
    row = await tx.fetchrow(_CREATE, *origin.traces, timeout=PATIENCE)
    people, accounts = (row["people"], row["accounts"]) if row else (0, 0)
    while accounts < people:  # two draws in 2^40 were the same
        without = [found["staged_id"] for found in await tx.fetch(_WITHOUT_ACCOUNT, timeout=PATIENCE)]
        await tx.execute(_CREATE_ACCOUNTS, without, [new_uniid(draw) for _ in without], timeout=PATIENCE)
        accounts = people - len(await tx.fetch(_WITHOUT_ACCOUNT, timeout=PATIENCE))
    return int(people)


async def _give_names(tx: Transaction, draw: Draw) -> None:
    """Everybody tries the name they were staged with; who finds it taken draws again until the name is theirs."""
    losers = {
        row["staged_id"]: (row["first_name"], row["family_name"])
        for row in await tx.fetch(_GIVE_NAMES, timeout=PATIENCE)
    }
    attempt = 1
    while losers:
        names = [candidate(first, family, attempt=attempt, draw=draw) for first, family in losers.values()]
        left = await tx.fetch(_GIVE_OTHER_NAMES, list(losers), names, timeout=PATIENCE)
        losers = {row["staged_id"]: losers[row["staged_id"]] for row in left}
        attempt += 1


async def change_people(tx: Transaction, origin: Origin) -> int:
    """Bring the facts of known persons up to date and return how many differed.

    What a pupil's row says of a contact person counts only for people who have no row of their own anywhere.
    """
    return int(await tx.fetchval(_CHANGE, *origin.traces, timeout=PATIENCE))
