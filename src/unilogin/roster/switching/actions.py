"""Planning a switch, deciding its doubts, running it, letting the old system's people go, and taking it back."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import BinaryIO
from uuid import UUID

from asyncpg import Record

from unilogin.domain.audit.actions import write
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import SYSTEM, Actor, Entry
from unilogin.domain.directory.bulk import lock_institution, lock_institutions, lock_people
from unilogin.domain.directory.foreseeing import foresee_memberships
from unilogin.domain.directory.model import Institution, InstitutionId, PersonId
from unilogin.domain.directory.numbers import change_number
from unilogin.domain.directory.queries import institution
from unilogin.kit.db.connection import Connection, Transaction
from unilogin.kit.secrets import Secrets
from unilogin.roster.actions import import_file
from unilogin.roster.formats.unilogin_import import NAMESPACES
from unilogin.roster.hearing import hear, stop_hearing
from unilogin.roster.model import DeliveryId, DeliveryKind, DeliveryStatus, Receipt
from unilogin.roster.planning import limits_of
from unilogin.roster.switching.emptying import hear_anew, let_everybody_go
from unilogin.roster.switching.looking import (
    file_hash,
    known_numbers,
    person_of,
    read_file,
    sources_of,
    who_is_here,
)
from unilogin.roster.switching.model import Coming, Match, NotSwitched, SwitchId
from unilogin.roster.switching.queries import plan
from unilogin.roster.switching.rules import match, too_many_leave
from unilogin.roster.undoing import UndoRefused, undo

_SAVE = """
  insert into roster_switch (institution_id, old_source, new_source, file_hash, actor_kind, actor_id)
  values ($1, $2, $3, $4, $5, $6)
  on conflict (institution_id) where run_at is null and undone_at is null do update
  set old_source = excluded.old_source, new_source = excluded.new_source, file_hash = excluded.file_hash,
      planned_at = kit_now(), actor_kind = excluded.actor_kind, actor_id = excluded.actor_id
  returning switch_id
"""

_SAVE_PEOPLE = """
  insert into roster_switch_person (switch_id, local_person_id, line, how, membership_id, candidates, other_number)
  select $1, n.local_person_id, n.line, n.how, n.membership_id,
         coalesce((select array_agg(x::text::uuid) from jsonb_array_elements_text(n.candidates) x), '{}'),
         n.other_number
  from jsonb_to_recordset($2::jsonb)
    as n (local_person_id text, line integer, how text, membership_id uuid, candidates jsonb, other_number boolean)
  on conflict do nothing
"""


async def plan_switch(
    connection: Connection,
    file: BinaryIO,
    *,
    number: str,
    old_source: str,
    secrets: Secrets,
    actor: Actor,
    namespaces: Sequence[str] = NAMESPACES,
) -> SwitchId | NotSwitched:
    """Lay the new system's first delivery beside today's people; nobody is changed by that.

    A plan that was not run is replaced. Until it is run, deliveries of the new system are refused: they would make new
    people of those that only somebody can recognise. Raises DocumentError or DeliveryRefusedError for a bad file.
    """
    where = await institution(connection, number)
    now: datetime = await connection.fetchval("select kit_now()")
    read = partial(read_file, file, secrets=secrets, today=now.date(), namespaces=namespaces)
    header, kind, theirs = await asyncio.to_thread(read)
    if where is None or header.institution_number != where.number:
        return NotSwitched.OTHER_INSTITUTION
    if kind is not DeliveryKind.FULL:
        return NotSwitched.NOT_WHOLE
    async with connection.transaction():
        await lock_institution(connection, where.institution_id)
        if why := await _why_not(connection, where, old=old_source, new=header.source):
            return why
        ours = await who_is_here(connection, where.institution_id, source=old_source)
        found = match(theirs, ours, known=await known_numbers(connection, theirs))
        switch_id = await connection.fetchval(
            _SAVE, where.institution_id, old_source, header.source, file_hash(file), actor.kind, actor.id
        )
        await connection.execute("delete from roster_switch_person where switch_id = $1", switch_id)
        await connection.execute(_SAVE_PEOPLE, switch_id, [_row(one) for one in found])
        await stop_hearing(connection, where.institution_id, source=header.source)
        await _note(connection, Event.SWITCH_PLANNED, where.institution_id, SwitchId(switch_id), actor=actor)
    return SwitchId(switch_id)


async def _why_not(connection: Connection, where: Institution, *, old: str, new: str) -> NotSwitched | None:
    if old == new:
        return NotSwitched.SAME_SOURCE
    sources = await sources_of(connection, where.institution_id)
    if new in sources:
        return NotSwitched.DELIVERS_ALREADY
    return None if old in sources else NotSwitched.NO_OLD_SOURCE


def _row(one: Match) -> dict[str, object]:
    return {
        "local_person_id": one.local_person_id,
        "line": one.line,
        "how": one.how.value,
        "membership_id": str(one.membership_id) if one.membership_id else None,
        "candidates": [str(candidate) for candidate in one.candidates],
        "other_number": one.other_number,
    }


_DECIDE = """
  update roster_switch_person r
  set decided = case when $3::text is null then 'new' else 'same' end, membership_id = m.membership_id
  from roster_switch w
  left join directory_membership m on m.institution_id = w.institution_id and m.source = w.old_source
    and m.local_person_id = $3 and m.ended_at is null
  where r.switch_id = $1 and r.local_person_id = $2 and r.how = 'doubtful' and w.switch_id = $1 and w.run_at is null
    and w.undone_at is null and ($3 is null or m.membership_id = any (r.candidates))
    and not exists (select from roster_switch_person o where o.switch_id = $1 and o.local_person_id <> $2
                      and o.membership_id = m.membership_id and o.decided is distinct from 'new')
  returning w.institution_id
"""


async def decide_doubt(
    tx: Transaction, switch_id: SwitchId, local_person_id: str, *, same_as: str | None, actor: Actor
) -> bool:
    """Say who somebody in the file is: the one whom the old system calls ``same_as``, or nobody who is here.

    False when that is no doubt of an open plan, or that person does not fit or is somebody else's already.
    """
    institution_id = await tx.fetchval(_DECIDE, switch_id, local_person_id, same_as)
    if institution_id is not None:
        await _note(tx, Event.SWITCH_DECIDED, InstitutionId(institution_id), switch_id, actor=actor)
    return institution_id is not None


async def run_switch(
    connection: Connection,
    switch_id: SwitchId,
    file: BinaryIO,
    *,
    secrets: Secrets,
    actor: Actor,
    retire_at: datetime | None = None,
    leaving: int | None = None,
    namespaces: Sequence[str] = NAMESPACES,
) -> Receipt | NotSwitched:
    """Load the new system's people as the people they are, and let the old system's go: now, or at ``retire_at``.

    ``leaving`` is how many people somebody has seen to leave, where they are more than the brake lets go. May be
    repeated after whatever interrupted it.
    """
    found = await _open(connection, switch_id)
    if found is None:
        return NotSwitched.UNKNOWN
    if file_hash(file) != found["file_hash"]:
        return NotSwitched.OTHER_FILE
    looked = await plan(connection, switch_id)
    if looked is None or any(doubt.decided is None for doubt in looked.doubts):
        return NotSwitched.UNDECIDED
    where = InstitutionId(found["institution_id"])
    there = len(await who_is_here(connection, where, source=found["old_source"]))
    limits = await limits_of(connection, where)
    if too_many_leave(len(looked.leaving), there=there, limits=limits, said=leaving):
        return NotSwitched.MANY_LEAVE
    now: datetime = await connection.fetchval("select kit_now()")
    read = partial(read_file, file, secrets=secrets, today=now.date(), namespaces=namespaces)
    _, _, theirs = await asyncio.to_thread(read)
    async with connection.transaction():
        await _prepare(connection, found, theirs, secrets=secrets, actor=actor)
    receipt = await import_file(connection, file, secrets=secrets, actor=actor, namespaces=namespaces)
    async with connection.transaction():
        if receipt.status is not DeliveryStatus.APPLIED:
            await stop_hearing(connection, where, source=found["new_source"])
            return NotSwitched.REFUSED
        retire = await _finish(connection, switch_id, where, receipt, retire_at=retire_at, actor=actor)
        await stop_hearing(connection, where, source=found["old_source"])
        if retire:
            await _retire(connection, switch_id, where, source=found["old_source"], actor=actor)
    return receipt


async def _open(connection: Connection, switch_id: SwitchId) -> Record | None:
    return await connection.fetchrow(
        "select institution_id, old_source, new_source, file_hash from roster_switch"
        " where switch_id = $1 and run_at is null and undone_at is null",
        switch_id,
    )


async def _prepare(tx: Transaction, found: Record, theirs: Sequence[Coming], *, secrets: Secrets, actor: Actor) -> None:
    """Say whom the new system means by which local id, and give people the numbers that it knows and we do not."""
    where = InstitutionId(found["institution_id"])
    await lock_institution(tx, where)
    await lock_people(tx)
    rows = await tx.fetch(
        "select r.local_person_id, r.membership_id from roster_switch_person r join roster_switch w using (switch_id)"
        " where w.institution_id = $1 and w.run_at is null and w.undone_at is null and r.membership_id is not null"
        " and (r.how in ('number', 'name') or r.decided = 'same')",
        where,
    )
    told = {one.local_person_id: one for one in theirs}
    for row in rows:
        await _give_number(
            tx, told.get(row["local_person_id"]), row["membership_id"], where=where, secrets=secrets, actor=actor
        )
    pairs = [(row["local_person_id"], row["membership_id"]) for row in rows]
    await foresee_memberships(tx, where, source=found["new_source"], pairs=pairs)
    await hear(tx, where, source=found["new_source"])


async def _give_number(
    tx: Transaction,
    one: Coming | None,
    membership_id: UUID,
    *,
    where: InstitutionId,
    secrets: Secrets,
    actor: Actor,
) -> None:
    person_id = await person_of(tx, membership_id)
    if one is None or one.number is None or one.sealed is None or person_id is None:
        return
    had = await tx.fetchval(
        "select cpr_index = $2 or exists (select from directory_former_cpr where cpr_index = $2 and person_id = $1)"
        " from directory_person where person_id = $1",
        person_id,
        one.number,
    )
    if not had:
        vault = secrets.cpr_vault()
        sealed = vault.seal(vault.open(one.sealed, one.sealed_for), person_id)
        whom = PersonId(person_id)
        await change_number(tx, whom, cpr_index=one.number, cpr_sealed=sealed, institution_id=where, actor=actor)


async def _finish(
    tx: Transaction,
    switch_id: SwitchId,
    where: InstitutionId,
    receipt: Receipt,
    *,
    retire_at: datetime | None,
    actor: Actor,
) -> bool:
    """Note that the new people are here; tell whether the time of the old system has come."""
    due = await tx.fetchval(
        "update roster_switch set run_at = kit_now(), retire_at = coalesce($2, kit_now()), delivery_id = $3"
        " where switch_id = $1 and run_at is null returning retire_at <= kit_now()",
        switch_id,
        retire_at,
        receipt.delivery_id,
    )
    await _note(tx, Event.SWITCH_RUN, where, switch_id, actor=actor)
    return bool(due)


async def _retire(tx: Transaction, switch_id: SwitchId, where: InstitutionId, *, source: str, actor: Actor) -> None:
    delivery_id = await let_everybody_go(tx, where, source=source, actor=actor)
    await tx.execute("update roster_switch set retired_by = $2 where switch_id = $1", switch_id, delivery_id)


async def retire_due(tx: Transaction) -> None:
    """Let the people go of the systems whose time has come."""
    due = await tx.fetch(
        "select switch_id, institution_id, old_source from roster_switch where run_at is not null"
        " and retired_by is null and undone_at is null and retire_at <= kit_now() order by switch_id for update"
    )
    await lock_institutions(tx, [InstitutionId(row["institution_id"]) for row in due])
    for row in due:
        await _retire(
            tx,
            SwitchId(row["switch_id"]),
            InstitutionId(row["institution_id"]),
            source=row["old_source"],
            actor=SYSTEM,
        )


async def undo_switch(tx: Transaction, switch_id: SwitchId, *, actor: Actor) -> NotSwitched | None:
    """Go back to the old system: its people are back as they were, the new one's go, and it is not heard.

    A plan that was not run is dropped. Whoever came with the new system alone belongs nowhere again; a CPR number that
    it brought stays with the person it belongs to. Thirty days after the old system's people went it is too late.
    """
    found = await tx.fetchrow(
        "select institution_id, old_source, new_source, run_at is not null as was_run, retired_by, delivery_id"
        " from roster_switch"
        " where switch_id = $1 and undone_at is null for update",
        switch_id,
    )
    if found is None:
        return NotSwitched.UNKNOWN
    where = InstitutionId(found["institution_id"])
    if found["was_run"]:
        await lock_institution(tx, where)
        if found["retired_by"] is not None:
            back = await undo(tx, DeliveryId(found["retired_by"]), actor=actor)
            if isinstance(back, UndoRefused):
                return NotSwitched.TOO_OLD
            await hear_anew(tx, where, source=found["old_source"], actor=actor)
        if isinstance(await undo(tx, DeliveryId(found["delivery_id"]), actor=actor), UndoRefused):
            await let_everybody_go(tx, where, source=found["new_source"], actor=actor)
        await hear(tx, where, source=found["old_source"])
        await stop_hearing(tx, where, source=found["new_source"])
    else:
        await hear(tx, where, source=found["new_source"])
    await tx.execute("update roster_switch set undone_at = kit_now() where switch_id = $1", switch_id)
    await _note(tx, Event.SWITCH_UNDONE, where, switch_id, actor=actor)
    return None


async def _note(tx: Transaction, event: Event, where: InstitutionId, switch_id: SwitchId, *, actor: Actor) -> None:
    await write(tx, Entry(event, actor, institution_id=where, about=str(switch_id)))
