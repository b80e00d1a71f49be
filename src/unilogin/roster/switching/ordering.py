"""A switch that an office orders: its file is kept sealed, two people say when, and a process of its own runs it.

A file names people with numbers, and whoever decides its doubts says whose number changes. So it always takes two,
however few leave: with one word somebody could be given another one's number, and be that person with MitID.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from asyncpg import Record

from unilogin.domain.access.words import still_counts
from unilogin.domain.audit.actions import write
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.directory.model import AccountId, InstitutionId
from unilogin.domain.directory.queries import DISPLAY_NAME
from unilogin.domain.notices.model import Notice
from unilogin.kit.db.connection import Connection, Transaction
from unilogin.kit.secrets import Secrets
from unilogin.roster.formats.unilogin_import import NAMESPACES
from unilogin.roster.sealed_files import Shelf, as_it_came, file_hash, kept_file, put_file
from unilogin.roster.switching.actions import run_switch, undo_switch
from unilogin.roster.switching.model import NotSwitched, SwitchId
from unilogin.roster.switching.queries import plan
from unilogin.roster.switching.retiring import MOST_DAYS_BESIDE
from unilogin.roster.tasks import MOST_TRIES, start_process
from unilogin.roster.telling import tell_administrators

KEPT_DAYS = 30
"""The file of a plan is kept so long, and the plan can be run so long."""

FAILED = "failed"
"""The answer when every try broke off."""

_FIRST_FILES = Shelf(
    "roster_switch_part.sealed",
    "insert into roster_switch_part (switch_id, number, sealed) values ($1, $2, $3)",
    "select number, sealed from roster_switch_part where switch_id = $1 order by number",
)


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants done with a switch. ``wanted`` is None when nobody wants anything of this plan."""

    has_file: bool
    wanted: str | None
    wanted_by: str | None
    is_own: bool
    """Whether whoever looks has ordered it."""
    leaving: int
    due_at: datetime | None
    retire_at: datetime | None
    """When the old system's people go, as somebody wants; None: at the run."""
    agreed_by: str | None
    """None where an operator has agreed, too."""
    agreed_at: datetime | None
    answer: str | None
    is_due: bool
    seen: str
    """What is wanted and how each doubt was decided, as one value: whoever agrees says what they have seen."""

    @property
    def is_under_way(self) -> bool:
        """Whether it is being done, or begins in a moment."""
        return self.wanted is not None and self.agreed_at is not None and self.answer is None and self.is_due


SEEN = """
  (select encode(sha256(convert_to(concat_ws(' ', w.wanted_by, w.due_at at time zone 'UTC',
            w.wanted_retire_at at time zone 'UTC',
            string_agg(concat_ws(' ', r.local_person_id, r.decided, r.membership_id), ',' order by r.local_person_id)),
          'UTF8')), 'hex')
   from roster_switch_person r where r.switch_id = w.switch_id)
"""

STILL_WANTED = still_counts("w.wanted_by", at="w.institution_id", since="w.planned_at")
"""Whether the wish for something to be done with the switch of ``w`` is somebody's who may still decide here."""

_ORDER = f"""
  select exists (select from roster_switch_part f where f.switch_id = w.switch_id) as has_file,
         case when w.wanted_hash = w.file_hash and w.undone_at is null and (w.wanted = 'run') = (w.run_at is null)
              then w.wanted end as wanted,
         {DISPLAY_NAME} as wanted_by, coalesce(w.wanted_by = $2, false) as is_own,
         coalesce(w.wanted_leaving, 0) as leaving, w.due_at, w.wanted_retire_at,
         {DISPLAY_NAME.replace("p.", "q.")} as agreed_by, w.agreed_at, w.answer,
         coalesce(w.due_at <= kit_now(), false) as is_due, {SEEN} as seen
  from roster_switch w
  left join directory_account a on a.account_id = w.wanted_by left join directory_person p using (person_id)
  left join directory_account b
    on b.account_id = case when w.agreed_by ~ '^[0-9a-f-]{{36}}$' then w.agreed_by::uuid end
  left join directory_person q on q.person_id = b.person_id
  where w.switch_id = $1
"""


async def order_of(connection: Connection, switch_id: SwitchId, *, reader: AccountId | None) -> Order | None:
    """Return what somebody wants done with a switch; names are those that others may see."""
    row = await connection.fetchrow(_ORDER, switch_id, reader)
    return Order(*row.values()) if row else None


async def keep_first_file(tx: Transaction, switch_id: SwitchId, file: BinaryIO, *, secrets: Secrets) -> bool:
    """Keep the file of a plan until it is run; False when the plan is of another file by now."""
    hashed = await asyncio.to_thread(file_hash, file)
    is_its = await tx.fetchval(
        "update roster_switch set wanted = null, due_at = null, agreed_by = null, agreed_at = null, answer = null"
        " where switch_id = $1 and file_hash = $2 and run_at is null and undone_at is null returning true",
        switch_id,
        hashed,
    )
    if not is_its:
        return False
    await drop_first_file(tx, switch_id)
    await put_file(tx, _FIRST_FILES, switch_id, file=file, secrets=secrets)
    return True


async def drop_first_file(tx: Transaction, switch_id: SwitchId) -> None:
    """Forget the file of a switch."""
    await tx.execute("delete from roster_switch_part where switch_id = $1", switch_id)


async def order_run(
    tx: Transaction,
    switch_id: SwitchId,
    *,
    by: AccountId,
    due_at: datetime | None,
    retire_at: datetime | None,
    actor: Actor,
) -> NotSwitched | None:
    """Want a plan run, at once when no time is given; a second person has to agree. A later wish takes its place.

    ``retire_at`` is when the old system's people go, at the run when no time is given.
    """
    looked = await plan(tx, switch_id)
    if looked is None or any(doubt.decided is None for doubt in looked.doubts):
        return NotSwitched.UNKNOWN if looked is None else NotSwitched.UNDECIDED
    where = await tx.fetchval(
        "update roster_switch w set wanted = 'run', wanted_hash = file_hash, wanted_by = $2, wanted_leaving = $3,"
        " due_at = coalesce($4, kit_now()), wanted_retire_at = $6, agreed_by = null, agreed_at = null, answer = null,"
        " tries = 0"
        " where switch_id = $1 and run_at is null and undone_at is null and (agreed_at is null or answer is not null)"
        " and ($6::timestamptz is null or $6 > coalesce($4, kit_now())"
        "      and $6 <= coalesce($4, kit_now()) + $7 * interval '1 day')"
        " and exists (select from roster_switch_part f where f.switch_id = w.switch_id)"
        " and coalesce($4, kit_now()) < planned_at + $5 * interval '1 day' returning institution_id",
        switch_id,
        by,
        len(looked.leaving),
        due_at,
        KEPT_DAYS,
        retire_at,
        MOST_DAYS_BESIDE,
    )
    if where is None:
        return NotSwitched.UNKNOWN
    await note(tx, Event.SWITCH_WANTED, InstitutionId(where), switch_id, actor=actor, word="wants")
    return None


async def agree_to_run(tx: Transaction, switch_id: SwitchId, *, seen: str | None, actor: Actor) -> NotSwitched | None:
    """Agree to what another one wants, as it was ``seen`` where a page was; as many must leave as that one has seen."""
    looked = await plan(tx, switch_id)
    where = await tx.fetchval(
        "update roster_switch w set agreed_by = $2, agreed_at = kit_now(), due_at = greatest(due_at, kit_now())"
        " where switch_id = $1 and wanted = 'run' and wanted_hash = file_hash and agreed_at is null"
        " and wanted_by::text <> $2 and wanted_leaving = $3 and run_at is null and undone_at is null"
        f" and {STILL_WANTED} and ($4::text is null or {SEEN} = $4) returning institution_id",
        switch_id,
        word_of(actor),
        len(looked.leaving) if looked else None,
        seen,
    )
    if where is None:
        return NotSwitched.UNKNOWN
    await note(tx, Event.SWITCH_WANTED, InstitutionId(where), switch_id, actor=actor, word="agrees")
    return None


def word_of(actor: Actor) -> str:
    """Return how the second one is written down: an account, or who runs Unilogin."""
    return actor.id if actor.kind == "person" else f"{actor.kind} {actor.id}"


async def withdraw(tx: Transaction, switch_id: SwitchId, *, actor: Actor) -> bool:
    """Want it no more, as long as it is not under way: anybody's word is enough."""
    where = await tx.fetchval(
        "update roster_switch set wanted = null, due_at = null, agreed_by = null, agreed_at = null, answer = null"
        " where switch_id = $1 and undone_at is null and (wanted = 'undo' and agreed_at is null or wanted = 'run'"
        " and run_at is null and (agreed_at is null or due_at > kit_now() or answer is not null))"
        " returning institution_id",
        switch_id,
    )
    if where is not None:
        await note(tx, Event.SWITCH_WANTED, InstitutionId(where), switch_id, actor=actor, word="withdraws")
    return where is not None


# Carrying out --------------------------------------------------------------------------------------------------------

_DUE = """
  wanted is not null and wanted_hash = file_hash and agreed_at is not null and answer is null and due_at <= kit_now()
  and undone_at is null and (wanted = 'run') = (run_at is null)
"""
SWITCH_WAITS = """(w.wanted_hash = w.file_hash and w.agreed_at is null and w.undone_at is null
  and (w.wanted = 'run') = (w.run_at is null))"""
"""Whether the switch of ``w`` waits for a second person's word."""

_BEGIN = f"""
  update roster_switch set tries = tries + 1
  where switch_id = (select switch_id from roster_switch where {_DUE} order by tries, due_at
                     limit 1 for update skip locked)
  returning switch_id, tries
"""
_HOLD = f"""
  select switch_id, institution_id, wanted, wanted_hash, wanted_by, wanted_leaving, wanted_retire_at, tries
  from roster_switch
  where switch_id = $1 and {_DUE} for update skip locked
"""


async def carry_out_next(connection: Connection, *, secrets: Secrets, namespaces: Sequence[str] = NAMESPACES) -> bool:
    """Do what has been due longest; False when nothing is that nobody else is at.

    ``connection`` is outside a transaction. A process that is killed has done nothing, and the next one begins anew.
    """
    begun = await connection.fetchrow(_BEGIN)
    if begun is None:
        return False
    async with connection.transaction():
        found = await connection.fetchrow(_HOLD, begun["switch_id"])
        if found is not None:
            why = FAILED if found["tries"] > MOST_TRIES else await _do(connection, found, secrets, namespaces)
            await _settle(connection, found, why=why)
    return True


async def _do(connection: Connection, found: Record, secrets: Secrets, namespaces: Sequence[str]) -> str | None:
    """Do it, in the transaction that holds its row; return why nothing came of it, or None."""
    switch_id, actor = SwitchId(found["switch_id"]), Actor.person(AccountId(found["wanted_by"]))
    if found["wanted"] == "undo":
        refused = await undo_switch(connection, switch_id, actor=actor)
        return refused.value if refused else None
    with await _kept_file(connection, switch_id, hashed=found["wanted_hash"], secrets=secrets) as file:
        outcome = await run_switch(
            connection,
            switch_id,
            file,
            secrets=secrets,
            actor=actor,
            retire_at=found["wanted_retire_at"],
            leaving=found["wanted_leaving"],
            namespaces=namespaces,
        )
    return outcome.value if isinstance(outcome, NotSwitched) else None


async def _settle(tx: Transaction, found: Record, *, why: str | None) -> None:
    switch_id, where = SwitchId(found["switch_id"]), InstitutionId(found["institution_id"])
    if why is None:
        await drop_first_file(tx, switch_id)
        if found["wanted"] == "run":
            await tell_administrators(tx, where, Notice.SWITCH_RUN)
        return
    await tx.execute("update roster_switch set answer = $2 where switch_id = $1", switch_id, why)
    await tell_administrators(tx, where, Notice.SWITCH_NOT_RUN)
    actor = Actor.person(AccountId(found["wanted_by"]))
    await note(tx, Event.SWITCH_NOT_RUN, where, switch_id, actor=actor, word=why)


async def _kept_file(connection: Connection, switch_id: SwitchId, *, hashed: bytes, secrets: Secrets) -> BinaryIO:
    kept = await kept_file(connection, _FIRST_FILES, switch_id, secrets=secrets)
    return await asyncio.to_thread(as_it_came, kept, hashed)


async def mind_switches(tx: Transaction) -> None:
    """Start a process for what is due and nobody is at. Forget files of plans that are too old to be run."""
    if await tx.fetchval(f"select true from roster_switch where {_DUE} limit 1 for update skip locked"):
        start_process()
    await tx.execute(
        "delete from roster_switch_part f using roster_switch w where f.switch_id = w.switch_id"
        " and (w.run_at is not null or w.undone_at is not null or w.planned_at <= kit_now() - $1 * interval '1 day')",
        KEPT_DAYS,
    )
    await _forget_names(tx)


async def _forget_names(tx: Transaction) -> None:
    await tx.execute(
        "update roster_switch_person r set told_name = null, told_group = null from roster_switch w"
        " where w.switch_id = r.switch_id and r.told_name is not null"
        " and (w.run_at is not null or w.undone_at is not null or w.planned_at <= kit_now() - $1 * interval '1 day')",
        KEPT_DAYS,
    )


async def note(
    tx: Transaction, event: Event, where: InstitutionId, switch_id: SwitchId, *, actor: Actor, word: str
) -> None:
    """Write down what somebody said about a switch."""
    await write(tx, Entry(event, actor, institution_id=where, about=str(switch_id), detail={"word": word}))
