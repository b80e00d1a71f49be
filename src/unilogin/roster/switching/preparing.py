"""Before a new system's file is loaded: whom it means by which local id, and the numbers that it alone knows.

What is given here is written down, so that it goes back with the change: a number that went to the wrong person would
let in whoever really has it.
"""

from collections.abc import Sequence
from uuid import UUID

from asyncpg import Record

from unilogin.domain.audit.model import Actor
from unilogin.domain.directory.bulk_staging import PATIENCE
from unilogin.domain.directory.following import lock_people
from unilogin.domain.directory.foreseeing import foresee_memberships
from unilogin.domain.directory.model import SOURCE_BY_HAND, InstitutionId, PersonId
from unilogin.domain.directory.numbers import change_number, take_number_back
from unilogin.domain.notices.actions import tell
from unilogin.domain.notices.model import Notice
from unilogin.kit.db.connection import Transaction
from unilogin.kit.secrets import Secrets
from unilogin.roster.cpr_cases import settle_with_number
from unilogin.roster.hearing import hear
from unilogin.roster.switching.model import Coming, SwitchId

_GIVEN = """
  select m.person_id, r.gave_number, r.had_number, r.had_sealed
  from roster_switch_person r join directory_membership m using (membership_id)
  where r.switch_id = $1 and r.gave_number is not null
"""


NOT_FOR_OFFICE = f"""(exists (
    select from directory_account a join access_right g using (account_id)
    where a.person_id = m.person_id and g.revoked_at is null)
  or exists (
    select from directory_membership o where o.person_id = m.person_id and o.institution_id <> m.institution_id
      and o.ended_at is null and o.source <> '{SOURCE_BY_HAND}'))"""
"""Whether another number for the person of ``m`` is for the operator alone: they hold a right, or another school has
them, too. MitID would open the account, there as well, for whoever has the number (B-A05)."""

_MEANT = f"""
  select r.local_person_id, r.membership_id, m.person_id, p.cpr_index, p.cpr_sealed,
         (select a.account_id from directory_account a where a.person_id = m.person_id) as account_id,
         {NOT_FOR_OFFICE} as not_for_office
  from roster_switch_person r join directory_membership m using (membership_id)
  join directory_person p using (person_id)
  where r.switch_id = $1 and (r.how in ('number', 'name') or r.decided = 'same')
"""


class GuardedError(Exception):
    """An office would give a number that is not its to give. Never leaves this room."""


async def prepare(tx: Transaction, found: Record, theirs: Sequence[Coming], *, secrets: Secrets, actor: Actor) -> None:
    """Say whom the new system means by which local id, and give people the numbers that it knows and we do not.

    Asked when it is done: a plan may wait for thirty days, and who held no right then may administer now. Raises
    GuardedError.
    """
    where = InstitutionId(found["institution_id"])
    await lock_people(tx, patience=PATIENCE)
    rows = await tx.fetch(_MEANT, found["switch_id"])
    told = {one.local_person_id: one for one in theirs}
    for row in rows:
        one = told.get(row["local_person_id"])
        if one and await _give_number(tx, one, row, where=where, secrets=secrets, actor=actor):
            if row["not_for_office"] and actor.kind == "person":
                raise GuardedError
            await _note_given(tx, found["switch_id"], one, row)
            if row["cpr_index"] is not None:
                await tell(tx, row["account_id"], Notice.CPR_CHANGED)
            await settle_with_number(tx, PersonId(row["person_id"]), actor=actor)
    pairs = [(row["local_person_id"], row["membership_id"]) for row in rows]
    await foresee_memberships(tx, where, source=found["new_source"], named=list(told), pairs=pairs)
    await hear(tx, where, source=found["new_source"])


async def _give_number(
    tx: Transaction, one: Coming, row: Record, *, where: InstitutionId, secrets: Secrets, actor: Actor
) -> bool:
    """Give somebody the number that the new system knows; False when there is none to give."""
    person_id: UUID = row["person_id"]
    if one.number is None or one.sealed is None or one.number == row["cpr_index"]:
        return False
    if await tx.fetchval(
        "select exists (select from directory_former_cpr where cpr_index = $1 and person_id = $2)",
        one.number,
        person_id,
    ):
        return False
    vault = secrets.cpr_vault()
    sealed = vault.reseal(one.sealed, one.sealed_for, person_id)
    whom = PersonId(person_id)
    return await change_number(tx, whom, cpr_index=one.number, cpr_sealed=sealed, institution_id=where, actor=actor)


async def _note_given(tx: Transaction, switch_id: UUID, one: Coming, row: Record) -> None:
    await tx.execute(
        "update roster_switch_person set gave_number = $3, had_number = $4, had_sealed = $5"
        " where switch_id = $1 and local_person_id = $2",
        switch_id,
        one.local_person_id,
        one.number,
        row["cpr_index"],
        row["cpr_sealed"],
    )


async def take_numbers_back(tx: Transaction, switch_id: SwitchId, *, where: InstitutionId, actor: Actor) -> None:
    """Give people the numbers again that they had before a change of system; who has got another since keeps that."""
    await lock_people(tx, patience=PATIENCE)
    for row in await tx.fetch(_GIVEN, switch_id):
        await take_number_back(
            tx,
            PersonId(row["person_id"]),
            given=row["gave_number"],
            had=(row["had_number"], row["had_sealed"]),
            institution_id=where,
            actor=actor,
        )
