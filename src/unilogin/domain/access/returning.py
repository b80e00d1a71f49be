"""Letting somebody who holds a right in again by hand: it takes two, or whoever runs Unilogin (B-A05).

A right stays with whoever leaves a school, and sleeps while they belong nowhere. An office that adds people by hand
would wake it: one administrator alone could bring back a colleague who was dismissed the day before.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final, NewType
from uuid import UUID

from unilogin.domain.access.queries import holders_among
from unilogin.domain.access.words import still_counts
from unilogin.domain.audit.actions import write
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.directory.manual import NotAdded, Place, add_by_hand, add_known
from unilogin.domain.directory.model import AccountId, ActorGroup, InstitutionId
from unilogin.domain.directory.newcomers import Newcomer
from unilogin.domain.directory.queries import DISPLAY_NAME
from unilogin.domain.notices.actions import tell
from unilogin.domain.notices.model import Notice
from unilogin.kit.db.connection import Connection, Transaction
from unilogin.kit.secrets import CprVault

ReturnId = NewType("ReturnId", UUID)

KEPT_DAYS: Final = 30
"""Somebody can be agreed to so long."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Nobody was added: a second person has to say so, too."""

    return_id: ReturnId
    is_new: bool


@dataclass(frozen=True, slots=True)
class Return:
    """Somebody whom an office wants to add, and who holds a right. Names are those that others may see."""

    return_id: ReturnId
    institution: str
    name: str
    username: str
    role: str
    group: str | None
    wanted_by: str
    is_own: bool
    """Whether whoever looks wants it."""
    wanted_at: datetime


OPEN_RETURN = f"""
  r.settled_at is null and r.wanted_at > kit_now() - {KEPT_DAYS} * interval '1 day'
  and {still_counts("r.wanted_by", at="r.institution_id", since="r.wanted_at")}
"""
"""Whether ``r`` still waits for a second person's word."""

# What nobody can agree to any more makes room for somebody else's word.
_MAKE_ROOM = f"""
  update access_return r set settled_at = kit_now(), settled_by = 'system', outcome = 'late'
  where r.institution_id = $1 and r.account_id = $2 and r.settled_at is null and not ({OPEN_RETURN})
"""

_ASK = """
  with asked as (
    insert into access_return (institution_id, account_id, actor_group, role, level, group_name, alias, wanted_by)
    values ($1, $2, $3, $4, $5, $6, $7, $8)
    on conflict (institution_id, account_id) where settled_at is null do nothing returning return_id
  )
  select return_id, true as is_new from asked
  union all
  select return_id, false from access_return where institution_id = $1 and account_id = $2 and settled_at is null
  limit 1
"""


_WHOSE = """
  select a.account_id from directory_account a
  where a.person_id = coalesce((select p.person_id from directory_person p where p.cpr_index = $1),
                               (select f.person_id from directory_former_cpr f where f.cpr_index = $1))
"""


async def add_or_ask(
    tx: Transaction, who: Newcomer, place: Place, *, by: AccountId, actor: Actor, vault: CprVault
) -> AccountId | NotAdded | Asked:
    """Add somebody by hand, and tell them; whoever holds a right is not added, and waits for a second person."""
    added = await add_by_hand(tx, who, place, by=by, actor=actor, vault=vault, among_guarded=partial(holders_among, tx))
    if added is not NotAdded.HOLDS_RIGHT:
        if not isinstance(added, NotAdded):
            await tell(tx, added, Notice.ADDED_BY_HAND)  # who adds another school's pupil is found out by them
        return added
    where, whom = place.institution_id, AccountId(await tx.fetchval(_WHOSE, who.cpr_index))
    await tx.execute(_MAKE_ROOM, where, whom)
    alias = list(who.alias) if who.alias else None
    row = await tx.fetchrow(_ASK, where, whom, place.actor_group.value, place.role, place.level, place.group, alias, by)
    if row is None:
        raise RuntimeError("no word was kept")
    if row["is_new"]:
        await _note(tx, row["return_id"], where, whom, actor=actor, outcome="asked")
    return Asked(ReturnId(row["return_id"]), row["is_new"])


_RETURNS = f"""
  select r.return_id, i.number, {DISPLAY_NAME} as name, a.username, r.role, r.group_name,
         {DISPLAY_NAME.replace("p.", "q.")} as wanted_by, coalesce(r.wanted_by = $2, false) as is_own, r.wanted_at
  from access_return r join directory_institution i using (institution_id)
  join directory_account a using (account_id) join directory_person p using (person_id)
  join directory_account b on b.account_id = r.wanted_by join directory_person q on q.person_id = b.person_id
  where ($1::uuid is null or r.institution_id = $1) and a.merged_into is null and {OPEN_RETURN}
  order by r.wanted_at, r.return_id
"""


async def open_returns(
    connection: Connection, institution_id: InstitutionId | None = None, *, reader: AccountId | None = None
) -> list[Return]:
    """Return who waits for a second person's word, at one institution or everywhere, oldest first."""
    return [Return(*row.values()) for row in await connection.fetch(_RETURNS, institution_id, reader)]


async def is_return_of(connection: Connection, return_id: UUID, *, institution_id: InstitutionId) -> bool:
    """Tell whether something was proposed at an institution, whatever has become of it."""
    return bool(
        await connection.fetchval(
            "select true from access_return where return_id = $1 and institution_id = $2", return_id, institution_id
        )
    )


_HOLD = f"""
  select r.institution_id, r.account_id, a.person_id, r.actor_group, r.role, r.level, r.group_name, r.alias, r.wanted_by
  from access_return r join directory_account a using (account_id)
  where r.return_id = $1 and ($2::uuid is null or r.institution_id = $2) and r.wanted_by::text <> $3
    and a.merged_into is null and {OPEN_RETURN}
  for update of r
"""


async def agree(
    tx: Transaction, return_id: UUID, *, institution_id: InstitutionId | None, actor: Actor
) -> AccountId | NotAdded | None:
    """Say yes as the second person; None when nobody else waits for that, or no longer may."""
    row = await tx.fetchrow(_HOLD, return_id, institution_id, actor.id)
    if row is None:
        return None
    where = InstitutionId(row["institution_id"])
    place = Place(where, ActorGroup(row["actor_group"]), row["role"], row["level"], row["group_name"])
    alias = (row["alias"][0], row["alias"][1]) if row["alias"] else None
    added = await add_known(tx, row["person_id"], place, alias=alias, by=row["wanted_by"], actor=actor)
    if isinstance(added, NotAdded):
        await _settle(tx, return_id, outcome="late", actor=actor)
        return added
    await _settle(tx, return_id, outcome="added", actor=actor)
    await _note(tx, return_id, where, row["account_id"], actor=actor, outcome="agreed")
    await tell(tx, added, Notice.ADDED_BY_HAND)
    return added


async def refuse(tx: Transaction, return_id: UUID, *, institution_id: InstitutionId | None, actor: Actor) -> bool:
    """Say no, or want it no more: anybody's word is enough. False when nothing waits."""
    row = await tx.fetchrow(
        "select institution_id, account_id from access_return where return_id = $1 and settled_at is null"
        " and ($2::uuid is null or institution_id = $2) for update",
        return_id,
        institution_id,
    )
    if row is None:
        return False
    await _settle(tx, return_id, outcome="refused", actor=actor)
    await _note(tx, return_id, InstitutionId(row["institution_id"]), row["account_id"], actor=actor, outcome="refused")
    return True


async def _settle(tx: Transaction, return_id: UUID, *, outcome: str, actor: Actor) -> None:
    await tx.execute(
        "update access_return set settled_at = kit_now(), settled_by = $2, outcome = $3, alias = null"
        " where return_id = $1",
        return_id,
        f"{actor.kind} {actor.id}",
        outcome,
    )


async def _note(
    tx: Transaction, return_id: UUID, where: InstitutionId, whom: UUID, *, actor: Actor, outcome: str
) -> None:
    entry = Entry(
        Event.RETURN_WANTED, actor, account_id=whom, institution_id=where, about=str(return_id), outcome=outcome
    )
    await write(tx, entry)
