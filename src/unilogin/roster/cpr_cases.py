"""A known person who comes with another CPR number waits alone until somebody has looked (Skift CPR-nummer).

The number may be a new one of the same person, a slip of a finger, or somebody else under a local id that was given
twice; only people can tell. The rest of the delivery goes on.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import NamedTuple
from uuid import UUID

from asyncpg import Record

from unilogin.domain.audit.actions import write
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.directory.bulk_matching import ContactNumber
from unilogin.domain.directory.bulk_protection import ToHide, hide
from unilogin.domain.directory.bulk_refusals import OtherNumber
from unilogin.domain.directory.bulk_staging import Origin
from unilogin.domain.directory.following import lock_people
from unilogin.domain.directory.model import SOURCE_BY_HAND, InstitutionId, PersonId
from unilogin.domain.directory.numbers import change_number
from unilogin.domain.directory.protection import NEUTRAL_ALIAS
from unilogin.domain.directory.queries import DISPLAY_NAME
from unilogin.domain.notices.actions import tell
from unilogin.domain.notices.model import Notice
from unilogin.kit.db.connection import Connection, Transaction
from unilogin.kit.secrets import Secrets

_NOTE = """
  insert into roster_cpr_case
    (membership_id, delivery_id, local_person_id, sealed_for, cpr_sealed, cpr_index, told_name)
  select n.membership_id, $1, n.local_person_id, n.sealed_for, n.cpr_sealed, n.cpr_index, n.told_name
  from unnest($2::uuid[], $3::text[], $4::uuid[], $5::bytea[], $6::bytea[], $7::text[])
    as n (membership_id, local_person_id, sealed_for, cpr_sealed, cpr_index, told_name)
  where not exists (select from roster_cpr_case d
                    where d.membership_id = n.membership_id and d.cpr_index = n.cpr_index and d.outcome = 'dismissed')
  on conflict (membership_id) where settled_at is null do update
  set delivery_id = excluded.delivery_id, sealed_for = excluded.sealed_for, cpr_sealed = excluded.cpr_sealed,
      cpr_index = excluded.cpr_index, told_name = excluded.told_name
"""

# One for each person, however many children they have; what the row calls them is what we do.
_NOTE_CONTACTS = f"""
  insert into roster_cpr_case
    (contact_id, pupil_membership_id, delivery_id, local_person_id, sealed_for, cpr_sealed, cpr_index, told_name)
  select distinct on (n.person_id) n.person_id, n.membership_id, $1, n.local_person_id, n.sealed_for, n.cpr_sealed,
         n.cpr_index, {DISPLAY_NAME}
  from unnest($2::text[], $3::uuid[], $4::uuid[], $5::uuid[], $6::bytea[], $7::bytea[])
    as n (local_person_id, membership_id, person_id, sealed_for, cpr_sealed, cpr_index)
  join directory_person p using (person_id)
  where not exists (select from roster_cpr_case d
                    where d.contact_id = n.person_id and d.cpr_index = n.cpr_index and d.outcome = 'dismissed')
  order by n.person_id, n.local_person_id
  on conflict (contact_id) where settled_at is null do update
  set delivery_id = excluded.delivery_id, pupil_membership_id = excluded.pupil_membership_id,
      local_person_id = excluded.local_person_id, sealed_for = excluded.sealed_for, cpr_sealed = excluded.cpr_sealed,
      cpr_index = excluded.cpr_index, told_name = excluded.told_name
"""

FOUND_IN = "coalesce(c.membership_id, c.pupil_membership_id)"
"""The membership in whose row case ``c`` was found: the person's own, or that of the pupil whose contact they are."""

OF_WHOM = "coalesce(c.contact_id, m.person_id)"
"""The person of case ``c`` found in membership ``m``."""

_GONE = f"""
  update roster_cpr_case c set settled_at = kit_now(), outcome = 'gone', cpr_sealed = '', told_name = ''
  from directory_membership m
  where c.settled_at is null and m.membership_id = {FOUND_IN} and m.institution_id = $1 and m.source = $2
    and coalesce(c.membership_id, c.contact_id) <> all ($3::uuid[])
"""


async def note_cases(
    tx: Transaction,
    origin: Origin,
    *,
    numbers: Sequence[OtherNumber],
    contacts: Sequence[ContactNumber],
    whole: bool,
) -> None:
    """Keep the other numbers of a delivery; a case that a whole delivery does not bring again has settled itself.

    Whoever gets protection often gets another number with it: they are hidden before anybody has looked. ``contacts``
    are holders of rights who belong nowhere, and whose number comes for the first time.
    """
    if contacts:
        columns = (list(column) for column in zip(*contacts, strict=True))
        await tx.execute(_NOTE_CONTACTS, UUID(origin.delivery), *islice(columns, 1, None))
    if numbers:
        columns = (list(column) for column in zip(*numbers, strict=True))
        await tx.execute(_NOTE, UUID(origin.delivery), *islice(columns, 6))
        await hide_known(tx, origin, numbers=numbers)
    if whole:
        brought = [*(number.membership_id for number in numbers), *(one.person_id for one in contacts)]
        await tx.execute(_GONE, origin.institution_id, origin.source, brought)


async def close_cases_of(tx: Transaction, delivery_id: UUID, *, since: datetime) -> None:
    """Settle the cases that a delivery alone brought: it is taken back, and nobody says that number any more."""
    await tx.execute(
        "update roster_cpr_case set settled_at = kit_now(), outcome = 'gone', cpr_sealed = '', told_name = ''"
        " where settled_at is null and delivery_id = $1 and found_at >= $2",
        delivery_id,
        since,
    )


async def hide_known(tx: Transaction, origin: Origin, *, numbers: Sequence[OtherNumber]) -> None:
    """Hide those whom a row with another number calls protected: every doubt means protected."""
    people = [ToHide(n.hides, n.alias_first_name, n.alias_family_name) for n in numbers if n.hides]
    await hide(tx, origin, people)


class CprCase(NamedTuple):
    """A case that waits. ``name`` is who we know, ``told_name`` whom the file names; both as others may see them."""

    case_id: UUID
    institution_number: str
    source: str
    local_person_id: str
    name: str
    username: str
    told_name: str
    found_at: datetime
    is_contact: bool  # the contact person of whoever ``local_person_id`` names
    protected: bool  # then not even a date is shown of a number
    holds_rights: bool
    """Somewhere. MitID finds accounts by the number: whoever types the school's file and says yes to its number could
    come in as a colleague who administers, here or at another school, and be the second person, too (B-A05)."""
    for_office: bool
    """Whether an administrator may take the number over: whoever has it is the person, with MitID, everywhere. So of a
    pupil of their own who is nothing else, and of one who goes to another school, too, when that one tells it."""


class Analysis(NamedTuple):
    """What follows if the number is taken over; neither number is shown beyond the date of birth in it."""

    case: CprCase
    number: str  # empty: not known
    told_number: str
    elsewhere: tuple[str, ...]  # other institutions, which may send the old number for a while
    children: int  # of whom the person is a contact
    taken_by: str | None  # username of somebody else who has the number: two accounts of one person, perhaps

    @property
    def other_name(self) -> bool:
        """Whether the file calls the person something else: perhaps it is somebody else."""
        return self.case.name != self.case.told_name

    @property
    def other_birthday(self) -> bool:
        """Whether the numbers begin with different dates: perhaps it is somebody else."""
        return bool(self.number) and self.number != self.told_number


# The name in the file may have become one to hide since: of whom we know, or of whose number it is.
_TOLD_NAME = f"""
  case when not p.protected and not exists (
         select from directory_person o where o.protected and o.person_id in (
           select n.person_id from directory_person n where n.cpr_index = c.cpr_index
           union all select f.person_id from directory_former_cpr f where f.cpr_index = c.cpr_index))
       then c.told_name
       when p.protected and c.told_name in (p.first_name || ' ' || p.family_name, {DISPLAY_NAME}) then {DISPLAY_NAME}
       else '{" ".join(NEUTRAL_ALIAS)}' end
"""

# Offices reach pupils of their own by the window anyway, and nobody else: whoever writes a school's file could name a
# child or a teacher of another one there, and an accomplice's number for them the night after.
_FOR_OFFICE = f"""(c.contact_id is null and m.actor_group = 'Elev'
    and not exists (select from access_right r where r.account_id = a.account_id and r.revoked_at is null)
    and not exists (select from directory_contact k where k.contact_person_id = p.person_id)
    and not exists (
      select from directory_membership o
      where o.person_id = p.person_id and o.membership_id <> m.membership_id and o.ended_at is null
        and (o.actor_group <> 'Elev' or o.institution_id <> m.institution_id and o.source <> '{SOURCE_BY_HAND}'
             and not exists (select from roster_cpr_case oc where oc.membership_id = o.membership_id
                               and oc.settled_at is null and oc.cpr_index = c.cpr_index))))"""

_CASE = f"""
  select c.case_id, i.number as institution_number, m.source, c.local_person_id, {DISPLAY_NAME} as name, a.username,
         {_TOLD_NAME} as told_name, c.found_at, c.contact_id is not null as is_contact, p.protected,
         exists (select from access_right r where r.account_id = a.account_id and r.revoked_at is null) as holds_rights,
         {_FOR_OFFICE} as for_office, c.sealed_for, c.cpr_sealed,
         c.cpr_index, p.person_id, m.institution_id,
         a.account_id, p.cpr_sealed as known_sealed
  from roster_cpr_case c
  join directory_membership m on m.membership_id = {FOUND_IN}
  join directory_institution i using (institution_id)
  join directory_person p on p.person_id = {OF_WHOM}
  join directory_account a on a.person_id = p.person_id
  where c.settled_at is null and (c.contact_id is null or a.merged_into is null)
"""

_CONSEQUENCES = """
  select array(select distinct i.number from directory_membership m join directory_institution i using (institution_id)
               where m.person_id = $1 and m.ended_at is null and m.institution_id <> $2 order by 1) as elsewhere,
         (select count(distinct m.person_id) from directory_contact c join directory_membership m using (membership_id)
          where c.contact_person_id = $1 and m.ended_at is null) as children,
         (select a.username from directory_account a
          where a.person_id <> $1
            and (a.person_id = (select p.person_id from directory_person p where p.cpr_index = $3)
                 or a.person_id = (select f.person_id from directory_former_cpr f where f.cpr_index = $3))
          limit 1) as taken_by
"""


async def open_cases(connection: Connection, institution_id: InstitutionId | None = None) -> list[CprCase]:
    """Return the cases that wait, at one institution or everywhere, oldest first."""
    rows = await connection.fetch(
        f"{_CASE} and ($1::uuid is null or m.institution_id = $1) order by c.found_at, c.local_person_id",
        institution_id,
    )
    return [_case(row) for row in rows]


async def analyse(connection: Connection, case_id: UUID, *, secrets: Secrets) -> Analysis | None:
    """Return what follows if the number is taken over; None when no such case waits."""
    row = await connection.fetchrow(f"{_CASE} and c.case_id = $1", case_id)
    if row is None:
        return None
    vault = secrets.cpr_vault()
    found = await connection.fetch(_CONSEQUENCES, row["person_id"], row["institution_id"], row["cpr_index"])
    elsewhere, children, taken_by = found[0].values()
    return Analysis(
        _case(row),
        vault.open(row["known_sealed"], row["person_id"])[:6] if row["known_sealed"] else "",
        vault.open(row["cpr_sealed"], row["sealed_for"])[:6],
        tuple(elsewhere),
        children,
        taken_by,
    )


async def accept(tx: Transaction, case_id: UUID, *, secrets: Secrets, actor: Actor) -> bool | None:
    """Take the number over: the next delivery finds the person by it.

    None when no such case waits, False when somebody else has the number: then two accounts are to be merged. Every
    case about this number of the person is settled by it.
    """
    await lock_people(tx)  # before the case, as deliveries take them: they end with the cases of those they told about
    row = await tx.fetchrow(f"{_CASE} and c.case_id = $1 for update of c", case_id)
    if row is None:
        return None
    vault, person_id = secrets.cpr_vault(), PersonId(row["person_id"])
    changed = await change_number(
        tx,
        person_id,
        cpr_index=row["cpr_index"],
        cpr_sealed=vault.reseal(row["cpr_sealed"], row["sealed_for"], person_id),
        institution_id=InstitutionId(row["institution_id"]),
        actor=actor,
    )
    if changed:
        await tell(tx, row["account_id"], Notice.CPR_CHANGED)  # MitID opens the account by it: its people must know
    settled = await settle_with_number(tx, person_id, actor=actor)
    return changed or settled


_SETTLE_WITH_NUMBER = f"""
  with settled as (
    update roster_cpr_case c
    set settled_at = kit_now(), outcome = 'accepted', actor_kind = $2, actor_id = $3, cpr_sealed = '', told_name = ''
    from directory_membership m, directory_person p
    where c.settled_at is null and m.membership_id = {FOUND_IN} and p.person_id = $1
      and {OF_WHOM} = p.person_id and c.cpr_index = p.cpr_index
    returning 1
  )
  select count(*) > 0 from settled
"""


async def settle_with_number(tx: Transaction, person_id: PersonId, *, actor: Actor) -> bool:
    """Settle all cases about a number that the person has now: another school, or system, may have told of it, too."""
    return bool(await tx.fetchval(_SETTLE_WITH_NUMBER, person_id, actor.kind, actor.id))


async def dismiss(tx: Transaction, case_id: UUID, *, actor: Actor) -> bool:
    """Say that the number is wrong: it is not asked about again. The person stays as they are until the file is right.

    False when no such case waits.
    """
    row = await tx.fetchrow(f"{_CASE} and c.case_id = $1 for update of c", case_id)
    if row is None:
        return False
    await _settle(tx, case_id, outcome="dismissed", actor=actor)
    where, whom = row["institution_id"], row["account_id"]
    await write(tx, Entry(Event.CPR_CHANGE_DISMISSED, actor, account_id=whom, institution_id=where))
    return True


async def forget_cases(tx: Transaction, persons: Sequence[PersonId]) -> None:
    """Delete the cases of people who are forgotten: a number that was wrong once is asked about anew."""
    await tx.execute(
        "delete from roster_cpr_case c using directory_membership m"
        f" where m.membership_id = {FOUND_IN} and (m.person_id = any ($1::uuid[]) or c.contact_id = any ($1::uuid[]))",
        persons,
    )


async def close_cases_of_those_who_left(tx: Transaction) -> None:
    """Settle the cases of those who left with no later delivery to say so: nobody can decide them any more."""
    await tx.execute(
        "update roster_cpr_case c set settled_at = kit_now(), outcome = 'gone', cpr_sealed = '', told_name = ''"
        " from directory_membership m"
        f" where c.settled_at is null and m.membership_id = {FOUND_IN} and m.ended_at > c.found_at"
    )


async def _settle(tx: Transaction, case_id: UUID, *, outcome: str, actor: Actor) -> None:
    await tx.execute(
        "update roster_cpr_case set settled_at = kit_now(), outcome = $2, actor_kind = $3, actor_id = $4,"
        " cpr_sealed = '', told_name = '' where case_id = $1",
        case_id,
        outcome,
        actor.kind,
        actor.id,
    )


def _case(row: Record) -> CprCase:
    return CprCase(*(row[name] for name in CprCase._fields))
