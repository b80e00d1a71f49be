"""Persons and accounts of a delivery: one person for each CPR number, each with a username that nobody ever had."""

from unilogin.domain.audit.actions import INSERT as AUDIT_INSERT
from unilogin.domain.audit.events import Event
from unilogin.domain.directory import bulk_journal as journal
from unilogin.domain.directory.bulk_staging import PATIENCE, Origin
from unilogin.domain.directory.usernames import Draw, candidate, new_uniid
from unilogin.kit.db.connection import Transaction

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
           s.alias_first_name, s.alias_family_name
    from stage_who w join stage_person s on s.person_id = w.staged_id
    where not w.is_new
      and (s.own or (  -- one by one, by the limit: an "exists" may read the memberships of everybody
        select true from directory_membership m where m.person_id = w.person_id and m.ended_at is null limit 1) is null)
  ), changed as (
    update directory_person p
    set first_name = told.first_name, family_name = told.family_name, birth_date = told.birth_date,
        gender = told.gender, email = told.email, contact = told.contact,
        alias_first_name = coalesce(told.alias_first_name, p.alias_first_name),
        alias_family_name = coalesce(told.alias_family_name, p.alias_family_name),
        changed_at = kit_now(), erased_at = null
    from told  -- the array keeps a plan that was made while there were few people from reading all of them later
    where p.person_id = told.person_id and p.person_id = any (array(select person_id from told))
      and ((p.first_name, p.family_name, p.birth_date, p.gender, p.email, p.contact)
           is distinct from
           (told.first_name, told.family_name, told.birth_date, told.gender, told.email, told.contact)
        or told.alias_first_name is not null and (p.alias_first_name, p.alias_family_name)
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
    from (select o.membership_id from stage_member o join whom using (cpr_index)
          union
          select c.membership_id from stage_contact c join whom using (cpr_index)) t
    where m.membership_id = t.membership_id
  ), logged as (
    {AUDIT_INSERT}
    select '{Event.PERSON_CHANGED.value}', $1, $2, account_id, $3, $4, 'ok', null, '{{}}' from whom
  )
  select count(*) from whom
"""


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
