"""People whom an institution's administrator adds by hand (manuel tilknytning): where no system delivers them.

They last a year, and each confirmation another one. Whoever has been here before, at any school, is the same person
with the same username: the CPR number decides, and the name must fit it, so that a slip of the finger joins nobody.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from unilogin.domain.audit import actions as audit
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.directory.model import SOURCE_BY_HAND, AccountId, ActorGroup, InstitutionId, PersonId
from unilogin.domain.directory.newcomers import Newcomer, create_person
from unilogin.domain.directory.protection import HAS_NEUTRAL_ALIAS, NEUTRAL_ALIAS
from unilogin.domain.directory.queries import DISPLAY_NAME
from unilogin.domain.directory.rules import is_same_name
from unilogin.kit.db.connection import Connection, Transaction
from unilogin.kit.db.patterns import holding
from unilogin.kit.secrets import CprVault

LASTS = "interval '1 year'"
NOTICE = "interval '1 month'"


class NotAdded(StrEnum):
    """Why somebody is not added; nothing was changed."""

    NAME_DIFFERS = "name_differs"  # the CPR number is somebody else's, or the name is spelled otherwise
    HERE_ALREADY = "here_already"
    HAS_SYSTEM = "has_system"  # a system delivers this group of people, and would know nothing of them
    CHILD = "child"  # up to grade 6: whoever is staff, too, may need MitID, and a child would be kept out of everything
    HOLDS_RIGHT = "holds_right"  # belonging again wakes a right that sleeps: a second person has to say so (B-A05)
    TOO_YOUNG = "too_young"  # nobody employs a child; as an adult here it could use its pictures nowhere


@dataclass(frozen=True, slots=True)
class Place:
    """What somebody is to be at the institution. ``level`` and ``group`` are a pupil's."""

    institution_id: InstitutionId
    actor_group: ActorGroup
    role: str
    level: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class AddedPerson:
    """Somebody who was added by hand, as the office sees them. ``cpr_sealed`` is None where no number is known."""

    membership_id: UUID
    person_id: PersonId
    name: str
    protected: bool
    cpr_sealed: bytes | None
    actor_group: ActorGroup
    role: str
    level: str | None
    group: str | None
    until_at: datetime
    is_ending: bool


_ONE_AT_A_TIME = "select pg_advisory_xact_lock(hashtextextended(encode($1::bytea, 'hex'), 0))"
"""For each number: a button that is pressed twice adds somebody once."""

_UNNAMED = HAS_NEUTRAL_ALIAS.replace("p.", "")

_KNOWN = """
  select p.person_id, a.account_id, p.first_name, p.family_name, p.alias_first_name, p.alias_family_name,
         p.erased_at is not null as is_forgotten
  from directory_person p join directory_account a using (person_id)
  where p.cpr_index = $1
     or p.person_id = (select f.person_id from directory_former_cpr f where f.cpr_index = $1)
"""

_REMEMBER = """
  update directory_person
  set first_name = $2, family_name = $3, birth_date = $4, cpr_sealed = $5, erased_at = null, changed_at = kit_now()
  where person_id = $1 and erased_at is not null
"""
"""Whoever was forgotten after a year away is told about anew, and is who they were."""

_STANDS = """
  select exists (select from directory_membership
                 where institution_id = $1 and actor_group = $2 and ended_at is null and person_id = $3) as here,
         $2 <> 'Ekstern' and exists (
           select from directory_membership
           where institution_id = $1 and actor_group = $2 and ended_at is null and source <> $4) as delivered,
         $2 <> 'Elev' and exists (
           select from directory_membership where person_id = $3 and actor_group = 'Elev' and ended_at is null
             and level in ('DT', '0', '1', '2', '3', '4', '5', '6')) as child
"""

_JOIN = f"""
  with joined as (
    insert into directory_membership (person_id, institution_id, source, local_person_id, actor_group, roles, level,
                                      raw_hash, says_protected)
    values ($1, $2, $3, 'h' || right(replace(kit_uuid7()::text, '-', ''), 17), $4, array[$5::text], $6, '', $7)
    returning membership_id
  )
  insert into directory_manual (membership_id, until_at, confirmed_by)
  select membership_id, kit_now() + {LASTS}, $8 from joined returning membership_id
"""

_GROUP = """
  with found as (
    insert into directory_group as g (institution_id, source, group_id, name, type, level)
    values ($2, $3, $4, $4, 'Hovedgruppe', $5)
    on conflict (institution_id, source, group_id) do update set ended_at = null, level = excluded.level
    returning group_key
  )
  insert into directory_group_member (group_key, membership_id, main) select group_key, $1, true from found
"""


Guarded = Callable[[Sequence[UUID]], Awaitable[frozenset[UUID]]]
"""Tells whom of these people one office does not let in alone."""


async def add_by_hand(
    tx: Transaction,
    who: Newcomer,
    place: Place,
    *,
    by: AccountId,
    actor: Actor,
    vault: CprVault,
    among_guarded: Guarded | None = None,
) -> AccountId | NotAdded:
    """Let somebody belong to an institution for a year, whether we know them already or not.

    Whoever is ``among_guarded`` is not: offices add by ``domain/access/returning.py``, which asks a second person.
    """
    await tx.execute(_ONE_AT_A_TIME, who.cpr_index)
    known = await tx.fetchrow(_KNOWN, who.cpr_index)
    at = place.institution_id
    if (
        known
        and not known["is_forgotten"]
        and not is_same_name(
            (who.first_name, who.family_name),
            (known["first_name"], known["family_name"]),
            (known["alias_first_name"] or "", known["alias_family_name"] or ""),
        )
    ):
        # Whoever tries numbers against names leaves a trace at the number's owner each time (B-A07).
        await audit.write(
            tx, Entry(Event.PERSON_NOT_ADDED, actor, account_id=known["account_id"], institution_id=at, outcome="name")
        )
        return NotAdded.NAME_DIFFERS
    if why := await _why_not(tx, place, known["person_id"] if known else None):
        return why
    if known and among_guarded and await among_guarded([known["person_id"]]):
        return NotAdded.HOLDS_RIGHT
    if known:
        person_id, account_id = PersonId(known["person_id"]), AccountId(known["account_id"])
        sealed = vault.reseal(who.cpr_sealed, who.person_id, person_id)
        await tx.execute(_REMEMBER, person_id, who.first_name, who.family_name, who.born, sealed)
        await _protect(tx, person_id, who.alias, at=at, account_id=account_id, actor=actor)
    else:
        person_id, account_id = await create_person(tx, who, institution_id=at, actor=actor)
    return await _let_in(tx, person_id, account_id, place, protected=who.alias is not None, by=by, actor=actor)


async def add_known(
    tx: Transaction, person_id: PersonId, place: Place, *, alias: tuple[str, str] | None, by: AccountId, actor: Actor
) -> AccountId | NotAdded:
    """Let somebody we know belong to an institution for a year, as one said and another one agreed to."""
    known = await tx.fetchrow(
        "select p.cpr_index, a.account_id from directory_person p join directory_account a using (person_id)"
        " where p.person_id = $1",
        person_id,
    )
    if known is None:
        raise LookupError("somebody was agreed to who is not there")
    await tx.execute(_ONE_AT_A_TIME, known["cpr_index"])
    if why := await _why_not(tx, place, person_id):
        return why
    account_id = AccountId(known["account_id"])
    await _protect(tx, person_id, alias, at=place.institution_id, account_id=account_id, actor=actor)
    return await _let_in(tx, person_id, account_id, place, protected=alias is not None, by=by, actor=actor)


async def _why_not(tx: Transaction, place: Place, person_id: UUID | None) -> NotAdded | None:
    stands = await tx.fetchrow(_STANDS, place.institution_id, place.actor_group.value, person_id, SOURCE_BY_HAND)
    if stands and stands["delivered"]:
        return NotAdded.HAS_SYSTEM
    if stands and stands["here"]:
        return NotAdded.HERE_ALREADY
    return NotAdded.CHILD if stands and stands["child"] else None


async def _let_in(
    tx: Transaction,
    person_id: PersonId,
    account_id: AccountId,
    place: Place,
    *,
    protected: bool,
    by: AccountId,
    actor: Actor,
) -> AccountId:
    await _join(tx, person_id, place, protected=protected, by=by)
    where, detail = place.institution_id, {"by_hand": True}
    await audit.write(
        tx, Entry(Event.MEMBERSHIP_STARTED, actor, account_id=account_id, institution_id=where, detail=detail)
    )
    return account_id


# What an office calls another school's pupil would stand at all their services: they are called nothing until that
# school names them.
_PROTECT = f"""
  with elsewhere as (
    select exists (select from directory_membership m
                   where m.person_id = $1 and m.institution_id <> $4 and m.ended_at is null)
      or exists (select from directory_contact c where c.contact_person_id = $1) as is_so
  )
  update directory_person set protected = true, protection_doubted_at = null, changed_at = kit_now(),
    alias_first_name = case when is_so then '{NEUTRAL_ALIAS[0]}' else $2 end,
    alias_family_name = case when is_so then '{NEUTRAL_ALIAS[1]}' else $3 end
  from elsewhere where person_id = $1 and (not protected or {_UNNAMED} and not is_so)
  returning true
"""


async def _protect(
    tx: Transaction,
    person_id: PersonId,
    alias: tuple[str, str] | None,
    *,
    at: InstitutionId,
    account_id: AccountId,
    actor: Actor,
) -> None:
    """Whoever says that somebody is protected is believed at once; about the alias, where nobody else has them."""
    if alias is None:
        return
    if await tx.fetchval(_PROTECT, person_id, *alias, at):
        detail = {"protected": True}
        entry = Entry(Event.PERSON_CHANGED, actor, account_id=account_id, institution_id=at, detail=detail)
        await audit.write(tx, entry)


async def _join(tx: Transaction, person_id: PersonId, place: Place, *, protected: bool, by: AccountId) -> None:
    membership_id = await tx.fetchval(
        _JOIN,
        person_id,
        place.institution_id,
        SOURCE_BY_HAND,
        place.actor_group.value,
        place.role,
        place.level,
        protected,
        by,
    )
    if place.group:
        await tx.execute(_GROUP, membership_id, place.institution_id, SOURCE_BY_HAND, place.group, place.level)


_CONFIRM = f"""
  update directory_manual u
  set until_at = kit_now() + {LASTS}, confirmed_at = kit_now(), confirmed_by = $3, reminded_at = null
  from directory_membership m join directory_account a using (person_id)
  where u.membership_id = $1 and m.membership_id = u.membership_id and m.institution_id = $2 and m.ended_at is null
  returning a.account_id
"""


async def confirm(
    tx: Transaction, membership_id: UUID, *, institution_id: InstitutionId, by: AccountId, actor: Actor
) -> bool:
    """Let it last another year from now (Bekræft); False when there is no such person at the institution."""
    account_id = await tx.fetchval(_CONFIRM, membership_id, institution_id, by)
    return await _note(tx, Event.MEMBERSHIP_CONFIRMED, account_id, institution_id=institution_id, actor=actor)


_END = """
  update directory_membership m set ended_at = kit_now()
  from directory_manual u, directory_account a
  where m.membership_id = $1 and u.membership_id = m.membership_id and a.person_id = m.person_id
    and m.institution_id = $2 and m.ended_at is null
  returning a.account_id
"""


async def end(tx: Transaction, membership_id: UUID, *, institution_id: InstitutionId, actor: Actor) -> bool:
    """End what was added by hand; False when there is no such person at the institution."""
    account_id = await tx.fetchval(_END, membership_id, institution_id)
    return await _note(tx, Event.MEMBERSHIP_ENDED, account_id, institution_id=institution_id, actor=actor)


async def _note(
    tx: Transaction, event: Event, account_id: UUID | None, *, institution_id: InstitutionId, actor: Actor
) -> bool:
    if account_id is None:
        return False
    detail = {"by_hand": True}
    await audit.write(tx, Entry(event, actor, account_id=account_id, institution_id=institution_id, detail=detail))
    return True


_PEOPLE = f"""
  select m.membership_id, p.person_id, {DISPLAY_NAME} as name, p.protected, p.cpr_sealed, m.actor_group,
         m.roles[1] as role, m.level, u.until_at, u.until_at < kit_now() + {NOTICE} as is_ending,
         (select g.name from directory_group_member gm join directory_group g using (group_key)
          where gm.membership_id = m.membership_id and gm.main limit 1) as group_name
  from directory_manual u join directory_membership m using (membership_id) join directory_person p using (person_id)
  where m.institution_id = $1 and m.ended_at is null and ($2 = '' or {DISPLAY_NAME} ilike $3 escape '\\')
  order by is_ending desc, name, m.membership_id
"""


async def added_people(connection: Connection, institution_id: InstitutionId, *, term: str) -> list[AddedPerson]:
    """Return those who were added by hand: who ends soon first, then by name."""
    rows = await connection.fetch(_PEOPLE, institution_id, term, holding(term))
    return [
        AddedPerson(
            row["membership_id"],
            PersonId(row["person_id"]),
            row["name"],
            row["protected"],
            row["cpr_sealed"],
            ActorGroup(row["actor_group"]),
            row["role"],
            row["level"],
            row["group_name"],
            row["until_at"],
            row["is_ending"],
        )
        for row in rows
    ]
