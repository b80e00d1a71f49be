"""Planning a switch, deciding its doubts, running it, and taking it back."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import BinaryIO

from asyncpg import Record

from unilogin.domain.audit.actions import write
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.directory.bulk import lock_institution
from unilogin.domain.directory.model import Institution, InstitutionId
from unilogin.domain.directory.queries import institution
from unilogin.kit.db.connection import Connection, Transaction
from unilogin.kit.secrets import Secrets
from unilogin.roster.actions import import_file
from unilogin.roster.emptying import hear_anew, let_everybody_go
from unilogin.roster.formats.unilogin_import import NAMESPACES
from unilogin.roster.hearing import hear, stop_hearing
from unilogin.roster.limiting import limits_of
from unilogin.roster.messages import Refused
from unilogin.roster.model import Counts, DeliveryId, DeliveryKind, DeliveryStatus, Receipt
from unilogin.roster.queries import receipt
from unilogin.roster.recording import record
from unilogin.roster.sealed_files import file_hash
from unilogin.roster.switching.looking import (
    known_numbers,
    read_file,
    sources_of,
    who_is_here,
)
from unilogin.roster.switching.model import Coming, How, Match, NotSwitched, SwitchId, Unread
from unilogin.roster.switching.preparing import NOT_FOR_OFFICE, GuardedError, prepare, take_numbers_back
from unilogin.roster.switching.queries import plan
from unilogin.roster.switching.retiring import retire
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
  insert into roster_switch_person (switch_id, local_person_id, line, how, membership_id, candidates, other_number,
                                    told_name, told_group, told_level)
  select $1, n.local_person_id, n.line, n.how, n.membership_id,
         coalesce((select array_agg(x::text::uuid) from jsonb_array_elements_text(n.candidates) x), '{}'),
         n.other_number, n.told_name, n.told_group, n.told_level
  from jsonb_to_recordset($2::jsonb)
    as n (local_person_id text, line integer, how text, membership_id uuid, candidates jsonb, other_number boolean,
          told_name text, told_group text, told_level text)
  on conflict do nothing
"""


_OPEN_PLAN = """
  select new_source from roster_switch
  where institution_id = $1 and run_at is null and undone_at is null for update
"""


Tell = Callable[[Unread], None]


def _nobody_listens(unread: Unread) -> None:
    """Stand in for a caller who shows no plan."""


async def plan_switch(
    connection: Connection,
    file: BinaryIO,
    *,
    number: str,
    old_source: str,
    secrets: Secrets,
    actor: Actor,
    namespaces: Sequence[str] = NAMESPACES,
    tell: Tell = _nobody_listens,
) -> SwitchId | NotSwitched:
    """Lay the new system's first delivery beside today's people; nobody is changed by that.

    A plan that was not run is replaced. Until it is run, deliveries of the new system are refused: they would make new
    people of those that only somebody can recognise. ``tell`` hears of whom nobody can read. Raises DocumentError or
    DeliveryRefusedError for a bad file.
    """
    where = await institution(connection, number)
    now: datetime = await connection.fetchval("select kit_now()")
    read = partial(read_file, file, secrets=secrets, today=now.date(), namespaces=namespaces, institution=number)
    header, kind, theirs, unread = await asyncio.to_thread(read)
    if where is None or header.institution_number != where.number:
        return NotSwitched.OTHER_INSTITUTION
    if kind is not DeliveryKind.FULL:
        return NotSwitched.NOT_WHOLE
    async with connection.transaction():
        before = await connection.fetchval(_OPEN_PLAN, where.institution_id)  # rows first, then the institution
        await lock_institution(connection, where.institution_id)
        if why := await _why_not(connection, where, old=old_source, new=header.source):
            return why
        if before is not None:
            await hear(connection, where.institution_id, source=before)
        ours = await who_is_here(connection, where.institution_id, source=old_source)
        found = match(theirs, ours, known=await known_numbers(connection, theirs))
        switch_id = await connection.fetchval(
            _SAVE, where.institution_id, old_source, header.source, file_hash(file), actor.kind, actor.id
        )
        told = {one.local_person_id: one for one in theirs}
        await connection.execute("delete from roster_switch_person where switch_id = $1", switch_id)
        await connection.execute(_SAVE_PEOPLE, switch_id, [_row(one, told[one.local_person_id]) for one in found])
        await stop_hearing(connection, where.institution_id, source=header.source)
        await _note(connection, Event.SWITCH_PLANNED, where.institution_id, SwitchId(switch_id), actor=actor)
    tell(unread)
    return SwitchId(switch_id)


async def _why_not(connection: Connection, where: Institution, *, old: str, new: str) -> NotSwitched | None:
    if old == new:
        return NotSwitched.SAME_SOURCE
    sources = await sources_of(connection, where.institution_id)
    if new in sources:
        return NotSwitched.DELIVERS_ALREADY
    return None if old in sources else NotSwitched.NO_OLD_SOURCE


def _row(one: Match, told: Coming) -> dict[str, object]:
    is_shown = one.how is How.DOUBTFUL and not told.protected
    return {
        "local_person_id": one.local_person_id,
        "line": one.line,
        "how": one.how.value,
        "membership_id": str(one.membership_id) if one.membership_id else None,
        "candidates": [str(candidate) for candidate in one.candidates],
        "other_number": one.other_number,
        "told_name": f"{told.first_name} {told.family_name}" if is_shown else None,
        "told_group": told.class_name if is_shown else None,
        "told_level": told.level,
    }


_DECIDE = f"""
  update roster_switch_person r
  set decided = case when $3::text is null then 'new' else 'same' end, membership_id = m.membership_id
  from roster_switch w
  left join directory_membership m on m.institution_id = w.institution_id and m.source = w.old_source
    and m.local_person_id = $3 and m.ended_at is null
  where r.switch_id = $1 and r.local_person_id = $2 and r.how = 'doubtful' and w.switch_id = $1 and w.run_at is null
    and w.undone_at is null and ($3 is null or m.membership_id = any (r.candidates))
    and not exists (select from roster_switch_person o where o.switch_id = $1 and o.local_person_id <> $2
                      and o.membership_id = m.membership_id and o.decided is distinct from 'new')
    and not ($4 and r.other_number and {NOT_FOR_OFFICE})
  returning w.institution_id
"""


_WANT_ANEW = """
  update roster_switch set wanted = null, due_at = null, agreed_by = null, agreed_at = null, answer = null
  where switch_id = $1 and run_at is null and undone_at is null and wanted is not null
"""


async def decide_doubt(
    tx: Transaction, switch_id: SwitchId, local_person_id: str, *, same_as: str | None, actor: Actor
) -> bool:
    """Say who somebody in the file is: the one whom the old system calls ``same_as``, or nobody who is here.

    False when that is no doubt of an open plan, or that person does not fit or is somebody else's already. Another
    number for somebody who holds a right is for the operator to take over: MitID opens the account by it. Who wanted
    the plan run, or agreed to it, has seen another one: both say it anew (B-A05).
    """
    await tx.execute("select from roster_switch where switch_id = $1 for update", switch_id)  # it might be running
    institution_id = await tx.fetchval(_DECIDE, switch_id, local_person_id, same_as, actor.kind == "person")
    if institution_id is not None:
        await tx.execute(_WANT_ANEW, switch_id)
        await _note(tx, Event.SWITCH_DECIDED, InstitutionId(institution_id), switch_id, actor=actor)
    return institution_id is not None


class _NotLoadedError(Exception):
    """Takes back what was prepared for a delivery that is refused. Never leaves this module."""

    def __init__(self, receipt: Receipt) -> None:
        super().__init__("not loaded")
        self.receipt = receipt


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

    ``leaving`` is how many people somebody has seen to leave, where they are more than the brake lets go. All of it is
    one transaction, so that whatever interrupts it, nothing has happened or everything has; run again, it says which:
    one that was run before returns the same receipt, marked as repeated.
    """
    hashed = await asyncio.to_thread(file_hash, file)
    async with connection.transaction():
        found = await connection.fetchrow(_HOLD, switch_id)
        if found is None:
            return NotSwitched.UNKNOWN
        if found["delivery_id"] is not None:
            before = await receipt(connection, DeliveryId(found["delivery_id"]))
            same = before is not None and hashed == found["file_hash"]
            return replace(before, repeated=True) if before and same else NotSwitched.UNKNOWN
        if why := await _why_not_run(connection, found, hashed=hashed, leaving=leaving):
            return why
        await lock_institution(connection, InstitutionId(found["institution_id"]))
        try:
            async with connection.transaction():
                told = await _load(connection, found, file, secrets=secrets, actor=actor, namespaces=namespaces)
        except GuardedError:
            return NotSwitched.GUARDED
        except _NotLoadedError as refused:
            where = found["institution_id"]
            await record(connection, refused.receipt, actor=actor, institution_id=where, fingerprint=None)
            return NotSwitched.REFUSED
        await _finish(connection, found, told, retire_at=retire_at, actor=actor)
        return told


_HOLD = """
  select switch_id, institution_id, old_source, new_source, file_hash, delivery_id from roster_switch
  where switch_id = $1 and undone_at is null for update
"""


async def _why_not_run(tx: Transaction, found: Record, *, hashed: bytes, leaving: int | None) -> NotSwitched | None:
    if hashed != found["file_hash"]:
        return NotSwitched.OTHER_FILE
    looked = await plan(tx, SwitchId(found["switch_id"]))
    if looked is None or any(doubt.decided is None for doubt in looked.doubts):
        return NotSwitched.UNDECIDED
    where = InstitutionId(found["institution_id"])
    there = len(await who_is_here(tx, where, source=found["old_source"]))
    too_many = too_many_leave(len(looked.leaving), there=there, limits=await limits_of(tx, where), said=leaving)
    return NotSwitched.MANY_LEAVE if too_many else None


# Whom a row contradicts another row about, or what is known, stays out of the load: they would go with the old system.
_LOST = """
  select exists (
    select from roster_switch_person r
    join roster_switch w using (switch_id)
    join directory_membership o on o.membership_id = r.membership_id and o.ended_at is null
    where r.switch_id = $1 and (r.how in ('number', 'name') or r.decided = 'same')
      and not exists (select from directory_membership m
                      where m.institution_id = w.institution_id and m.source = w.new_source
                        and m.person_id = o.person_id and m.ended_at is null))
"""


async def _load(
    tx: Transaction, found: Record, file: BinaryIO, *, secrets: Secrets, actor: Actor, namespaces: Sequence[str]
) -> Receipt:
    """Load the file as the people they are; raises _NotLoadedError, also when somebody who was recognised is not in.

    No limits hold it: the plan was looked at.
    """
    now: datetime = await tx.fetchval("select kit_now()")
    number = await tx.fetchval(
        "select number from directory_institution where institution_id = $1", found["institution_id"]
    )
    read = partial(read_file, file, secrets=secrets, today=now.date(), namespaces=namespaces, institution=number)
    theirs = (await asyncio.to_thread(read)).people
    await prepare(tx, found, theirs, secrets=secrets, actor=actor)
    told = await import_file(
        tx, file, secrets=secrets, actor=actor, namespaces=namespaces, sent_for=number, looked_at=True
    )
    if told.status is not DeliveryStatus.APPLIED:
        raise _NotLoadedError(told)
    if await tx.fetchval(_LOST, found["switch_id"]):
        why = Refused.RECOGNISED_LOST.value
        raise _NotLoadedError(
            replace(told, status=DeliveryStatus.REFUSED, refusal=why, counts=Counts(), new_accounts=0, plan=())
        )
    return told


async def _finish(tx: Transaction, found: Record, told: Receipt, *, retire_at: datetime | None, actor: Actor) -> None:
    """Note that the new people are here, and let the old ones go if their time has come."""
    switch_id, where = SwitchId(found["switch_id"]), InstitutionId(found["institution_id"])
    due = await tx.fetchval(
        "update roster_switch set run_at = kit_now(), retire_at = coalesce($2, kit_now()), delivery_id = $3"
        " where switch_id = $1 returning retire_at <= kit_now()",
        switch_id,
        retire_at,
        told.delivery_id,
    )
    await _note(tx, Event.SWITCH_RUN, where, switch_id, actor=actor)
    await stop_hearing(tx, where, source=found["old_source"])
    if due:
        await retire(tx, switch_id, where, source=found["old_source"], actor=actor)


async def undo_switch(tx: Transaction, switch_id: SwitchId, *, actor: Actor) -> NotSwitched | None:
    """Go back to the old system: its people are back as they were, the new one's go, and it is not heard.

    A plan that was not run is dropped. Whoever came with the new system alone belongs nowhere again; the CPR numbers
    that it brought go with it. Thirty days after the old system's people went it is too late.
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
            back = await undo(tx, DeliveryId(found["retired_by"]), actor=actor, with_switch=True)
            if isinstance(back, UndoRefused):
                return NotSwitched.TOO_OLD
            await hear_anew(tx, where, source=found["old_source"], actor=actor)
        await undo(tx, DeliveryId(found["delivery_id"]), actor=actor, with_switch=True)
        if found["new_source"] in await sources_of(tx, where):  # it has told of them, or of others, since
            await let_everybody_go(tx, where, source=found["new_source"], actor=actor)
        await take_numbers_back(tx, switch_id, where=where, actor=actor)
        await hear(tx, where, source=found["old_source"])
        await stop_hearing(tx, where, source=found["new_source"])
    else:
        await hear(tx, where, source=found["new_source"])
    await tx.execute("update roster_switch set undone_at = kit_now() where switch_id = $1", switch_id)
    await _note(tx, Event.SWITCH_UNDONE, where, switch_id, actor=actor)
    return None


async def _note(tx: Transaction, event: Event, where: InstitutionId, switch_id: SwitchId, *, actor: Actor) -> None:
    await write(tx, Entry(event, actor, institution_id=where, about=str(switch_id)))
