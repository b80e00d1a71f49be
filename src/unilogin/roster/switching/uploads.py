"""A new system's first file that an office hands in: kept sealed, and read by a process of its own.

To read a large file takes seconds of a processor. In the web worker, other people's pages would wait for it.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import BinaryIO, Final
from uuid import UUID

import msgspec
from asyncpg import Record

from unilogin.domain.audit.model import Actor
from unilogin.domain.directory.model import SOURCE_BY_HAND, AccountId, InstitutionId
from unilogin.kit.db.connection import Connection, Transaction
from unilogin.kit.secrets import Secrets
from unilogin.kit.xml.errors import DocumentError
from unilogin.roster.errors import DeliveryRefusedError
from unilogin.roster.formats.unilogin_import import NAMESPACES
from unilogin.roster.sealed_files import Shelf, as_it_came, file_hash, kept_file, put_file
from unilogin.roster.switching.actions import plan_switch
from unilogin.roster.switching.model import NotSwitched, SwitchId, Unread
from unilogin.roster.switching.ordering import keep_first_file
from unilogin.roster.tasks import MOST_TRIES, PATIENCE_SECONDS, start_process

PLANNED: Final = "planned"  # ``fields`` hold whom nobody could read
REFUSED: Final = "refused"  # ``fields`` hold the reason of ``roster.refused.<reason>``, and what its sentence names
OVERTAKEN: Final = "overtaken"  # somebody handed in another one, which is the plan now
FAILED: Final = "failed"  # it broke off every time
"""What came of a file; beside these the values of ``NotSwitched``."""

_UPLOADS = Shelf(
    "roster_switch_upload_part.sealed",
    "insert into roster_switch_upload_part (upload_id, number, sealed) values ($1, $2, $3)",
    "select number, sealed from roster_switch_upload_part where upload_id = $1 order by number",
)
_KEPT_DAYS = 30
_GIVEN_UP_AFTER_HOURS = 24
_PATIENTLY = "set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was handed in, and what came of it; nothing yet while it is being read."""

    upload_id: UUID
    old_source: str
    sent_at: datetime
    answer: str | None
    fields: Mapping[str, str | int]
    """Of a refused one."""
    switch_id: SwitchId | None


@dataclass(frozen=True, slots=True)
class _Answer:
    code: str
    fields: Mapping[str, object] = field(default_factory=dict)
    switch_id: SwitchId | None = None


async def hand_in(
    tx: Transaction,
    institution_id: InstitutionId,
    file: BinaryIO,
    *,
    old_source: str,
    by: AccountId,
    secrets: Secrets,
) -> UUID:
    """Keep a file until a process has read it; nothing of it stands on the disk of this machine."""
    hashed = await asyncio.to_thread(file_hash, file)
    upload_id: UUID = await tx.fetchval(
        "insert into roster_switch_upload (institution_id, old_source, file_hash, sent_by) values ($1, $2, $3, $4)"
        " returning upload_id",
        institution_id,
        old_source,
        hashed,
        by,
    )
    await put_file(tx, _UPLOADS, upload_id, file=file, secrets=secrets)
    return upload_id


_UPLOAD = f"""
  select upload_id, old_source, sent_at, answer, case when answer = '{REFUSED}' then fields else '{{}}' end as fields,
         switch_id
  from roster_switch_upload
"""


async def upload_at(connection: Connection, institution_id: InstitutionId, upload_id: UUID) -> Upload | None:
    """Return one of an institution's; another one's is as unknown as one that never was."""
    row = await connection.fetchrow(
        f"{_UPLOAD} where institution_id = $1 and upload_id = $2", institution_id, upload_id
    )
    return Upload(*row.values()) if row else None


async def being_read(connection: Connection, institution_id: InstitutionId) -> Upload | None:
    """Return the newest file of an institution that nobody has read to the end."""
    row = await connection.fetchrow(
        f"{_UPLOAD} where institution_id = $1 and answered_at is null order by sent_at desc limit 1", institution_id
    )
    return Upload(*row.values()) if row else None


async def unread_of(connection: Connection, switch_id: SwitchId) -> Unread:
    """Return whom nobody could read in the file that became this plan, if an office handed it in."""
    told = await connection.fetchval(
        "select fields -> 'unread' from roster_switch_upload where switch_id = $1 order by answered_at desc limit 1",
        switch_id,
    )
    return msgspec.convert(told, Unread) if told else Unread()


# Reading -------------------------------------------------------------------------------------------------------------

_BEGIN = """
  update roster_switch_upload set begun = begun + 1
  where upload_id = (select upload_id from roster_switch_upload where answered_at is null order by begun, sent_at
                     limit 1 for update skip locked)
  returning upload_id
"""

_HOLD = """
  select w.upload_id, w.institution_id, i.number, w.old_source, w.file_hash, w.sent_by, w.sent_at, w.begun
  from roster_switch_upload w join directory_institution i using (institution_id)
  where w.upload_id = $1 and w.answered_at is null for update of w skip locked
"""

_LATER = """
  select exists (select from roster_switch_upload where institution_id = $1 and sent_at > $2 and switch_id is not null)
"""


class _OvertakenError(Exception):
    """Takes back a plan of a file that is not the newest one. Never leaves this module."""


async def carry_out_next(connection: Connection, *, secrets: Secrets, namespaces: Sequence[str] = NAMESPACES) -> bool:
    """Read the file that has waited longest; False when none waits that nobody else is at.

    ``connection`` is outside a transaction. A process that is killed has done nothing, and the next one begins anew.
    """
    upload_id = await connection.fetchval(_BEGIN)
    if upload_id is None:
        return False
    async with connection.transaction():
        await connection.execute(_PATIENTLY)
        found = await connection.fetchrow(_HOLD, upload_id)
        if found is not None:
            await _settle(connection, upload_id, await _read(connection, found, secrets, namespaces))
    return True


async def _read(tx: Transaction, found: Record, secrets: Secrets, namespaces: Sequence[str]) -> _Answer:
    if found["begun"] > MOST_TRIES:
        return _Answer(FAILED)
    try:
        with await _handed_in(tx, found, secrets=secrets) as file:
            async with tx.transaction():
                return await _plan(tx, found, file, secrets=secrets, namespaces=namespaces)
    except _OvertakenError:
        return _Answer(OVERTAKEN)
    except (DocumentError, DeliveryRefusedError) as error:
        refusal = DeliveryRefusedError.of_document(error) if isinstance(error, DocumentError) else error
        return _Answer(REFUSED, {"reason": refusal.reason, **refusal.fields})


async def _plan(
    tx: Transaction, found: Record, file: BinaryIO, *, secrets: Secrets, namespaces: Sequence[str]
) -> _Answer:
    if found["old_source"] == SOURCE_BY_HAND:  # a file of the office's own would make its word for people a system's
        return _Answer(NotSwitched.NO_OLD_SOURCE.value)
    unread = Unread()

    def hear(told: Unread) -> None:
        nonlocal unread
        unread = told

    made = await plan_switch(
        tx,
        file,
        number=found["number"],
        old_source=found["old_source"],
        secrets=secrets,
        actor=Actor.person(AccountId(found["sent_by"])),
        namespaces=namespaces,
        tell=hear,
    )
    # Under the institution's lock by now: whoever read a later file has told so, or waits.
    if await tx.fetchval(_LATER, found["institution_id"], found["sent_at"]):
        raise _OvertakenError
    if isinstance(made, NotSwitched):
        return _Answer(made.value)
    await keep_first_file(tx, made, file, secrets=secrets)
    return _Answer(PLANNED, {"unread": asdict(unread)}, made)


async def _handed_in(tx: Transaction, found: Record, *, secrets: Secrets) -> BinaryIO:
    kept = await kept_file(tx, _UPLOADS, found["upload_id"], secrets=secrets)
    return await asyncio.to_thread(as_it_came, kept, found["file_hash"])


async def _settle(tx: Transaction, upload_id: UUID, answer: _Answer) -> None:
    await tx.execute(
        "update roster_switch_upload set answered_at = kit_now(), answer = $2, fields = $3, switch_id = $4"
        " where upload_id = $1",
        upload_id,
        answer.code,
        dict(answer.fields),
        answer.switch_id,
    )
    await tx.execute("delete from roster_switch_upload_part where upload_id = $1", upload_id)


async def mind_uploads(tx: Transaction) -> None:
    """Give up, and forget, what is old. Start a process for a file that has waited long and nobody is at."""
    old = await tx.fetch(
        "select upload_id from roster_switch_upload where answered_at is null"
        " and sent_at < kit_now() - $1 * interval '1 hour' for update skip locked",
        _GIVEN_UP_AFTER_HOURS,
    )
    for row in old:
        await _settle(tx, row["upload_id"], _Answer(FAILED))
    waits = await tx.fetchval(
        "select true from roster_switch_upload where answered_at is null"
        " and sent_at < kit_now() - $1 * interval '1 second' limit 1 for update skip locked",
        PATIENCE_SECONDS,
    )
    if waits:
        start_process()
    await tx.execute(
        "delete from roster_switch_upload where answered_at < kit_now() - $1 * interval '1 day'", _KEPT_DAYS
    )
