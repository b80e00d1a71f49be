"""What an office has decided and a process of its own carries out: releasing a parked delivery, taking one back.

The task stands in the database in the transaction of the word that orders it, so nothing is forgotten when a node
stops. Who works on one holds its row to the end of the transaction that does it and notes what came of it: a process
that is killed has done nothing, and the next one begins anew.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from typing import NamedTuple, TypeVar
from uuid import UUID

from asyncpg import Record

from unilogin.domain.audit.model import Actor
from unilogin.kit.db.connection import Connection, Pool, Transaction, acquire
from unilogin.kit.places import FullError, Places
from unilogin.kit.secrets import Secrets
from unilogin.roster.deciding import release
from unilogin.roster.formats.unilogin_import import NAMESPACES
from unilogin.roster.model import DeliveryId, DeliveryStatus
from unilogin.roster.undoing import UndoRefused, undo

Seen = TypeVar("Seen")

MOST_TRIES = 3
"""After which a task is given up: whoever ordered it may do so again."""

PATIENCE_SECONDS = 30
"""How long a task may wait before the supervisor of some node starts a process for it."""

_SOON_SECONDS = 4.0
"""How long a page waits for the end of what was just ordered, before it says that it is under way."""

_LOOK_SECONDS = 0.2
_KEPT_DAYS = 30
COMMAND = (sys.executable, "-P", "-m", "unilogin.cli.app", "roster", "carry-out")
"""What starts a process that carries out all that offices have decided. It takes no code from the folder it is in."""


class Task(StrEnum):
    """What is to be done with a delivery."""

    RELEASE = "release"
    UNDO = "undo"


DONE, REFUSED, LATE, FAILED = "done", "refused", "late", "failed"
"""What came of a task; beside these the codes of ``NotUndone``. Refused: its institution takes no deliveries any more;
late: it waited no more; failed: it broke off every time."""


class Ordered(NamedTuple):
    """A task, and what came of it; nothing yet while it is under way."""

    what: Task
    answer: str | None


class Due(NamedTuple):
    """A task that somebody begins with."""

    task_id: UUID
    delivery_id: DeliveryId
    what: Task
    actor: Actor


async def order(tx: Transaction, delivery_id: DeliveryId, what: Task, *, actor: Actor) -> None:
    """Have something done with a delivery, soon; nothing new when it is under way already."""
    await tx.execute(
        "insert into roster_task (delivery_id, what, actor_kind, actor_id) values ($1, $2, $3, $4)"
        " on conflict (delivery_id) where done_at is null do nothing",
        delivery_id,
        what.value,
        actor.kind,
        actor.id,
    )


async def soon(pool: Pool, look: Callable[[Connection], Awaitable[Seen]], *, is_done: Callable[[Seen], bool]) -> Seen:
    """Look at what was ordered until it is done, or has not been done soon; return what was seen last."""
    ends = time.monotonic() + _SOON_SECONDS
    while True:
        async with acquire(pool) as connection:
            seen = await look(connection)
        if is_done(seen) or time.monotonic() > ends:
            return seen
        await asyncio.sleep(_LOOK_SECONDS)


async def wait_for(pool: Pool, delivery_id: DeliveryId) -> Ordered | None:
    """Return what was last ordered about a delivery, when it is done, or has not been done soon."""
    return await soon(
        pool,
        lambda connection: last_ordered(connection, delivery_id),
        is_done=lambda found: found is None or found.answer is not None,
    )


async def last_ordered(connection: Connection, delivery_id: DeliveryId) -> Ordered | None:
    """Return what was last ordered about a delivery."""
    row = await connection.fetchrow(
        "select what, answer from roster_task where delivery_id = $1 order by ordered_at desc limit 1", delivery_id
    )
    return Ordered(Task(row["what"]), row["answer"]) if row else None


# Carrying out --------------------------------------------------------------------------------------------------------

_BEGIN = """
  update roster_task set begun = begun + 1
  where task_id = (select task_id from roster_task where done_at is null order by begun, ordered_at
                   limit 1 for update skip locked)
  returning task_id, delivery_id, what, actor_kind, actor_id
"""
"""What breaks off again and again waits behind what nobody has tried: one school's task keeps no other's waiting."""

_HOLD = "select begun from roster_task where task_id = $1 and done_at is null for update skip locked"

_DONE = "update roster_task set done_at = kit_now(), answer = $2 where task_id = $1"


async def carry_out_next(connection: Connection, *, secrets: Secrets, namespaces: Sequence[str] = NAMESPACES) -> bool:
    """Do the next task; False when none waits that nobody else is at.

    ``connection`` is outside a transaction. What goes wrong is raised, and tried again by a later process.
    """
    row = await connection.fetchrow(_BEGIN)
    if row is None:
        return False
    due = _due(row)
    async with connection.transaction():
        # Only whoever holds it gives it up: another process, that came a moment earlier, may be about to do it.
        if tries := await connection.fetchval(_HOLD, due.task_id):
            failed = tries > MOST_TRIES
            answer = FAILED if failed else await _answer(connection, due, secrets, namespaces)
            await connection.execute(_DONE, due.task_id, answer)
    return True


async def _answer(tx: Transaction, due: Due, secrets: Secrets, namespaces: Sequence[str]) -> str:
    """Do it, in the transaction that holds its row."""
    if due.what is Task.UNDO:
        done = await undo(tx, due.delivery_id, actor=due.actor)
        return done.why.value if isinstance(done, UndoRefused) else DONE
    loaded = await release(tx, due.delivery_id, actor=due.actor, secrets=secrets, namespaces=namespaces)
    status = loaded.status if loaded else DeliveryStatus.OVERTAKEN
    return {DeliveryStatus.APPLIED: DONE, DeliveryStatus.REFUSED: REFUSED}.get(status, LATE)


def _due(row: Record) -> Due:
    return Due(
        row["task_id"],
        DeliveryId(row["delivery_id"]),
        Task(row["what"]),
        Actor(row["actor_kind"], row["actor_id"]),
    )


# Processes -----------------------------------------------------------------------------------------------------------

_going: set["asyncio.Task[None]"] = set()
_left_to_themselves: list["subprocess.Popen[bytes]"] = []


def begin(places: Places) -> None:
    """Start a process for what waits, beside the request, when there is a place for it; returns at once."""
    going = asyncio.create_task(_run(places))
    _going.add(going)
    going.add_done_callback(_going.discard)


async def _run(places: Places) -> None:
    try:
        async with places.one():
            process = await asyncio.create_subprocess_exec(*COMMAND, stdin=subprocess.DEVNULL)
            await process.wait()
    except FullError:  # the supervisor starts one for what is left
        return


def start_process() -> None:
    """Start a process for what waits, for a job: nobody waits for its end."""
    _left_to_themselves[:] = [one for one in _left_to_themselves if one.poll() is None]
    _left_to_themselves.append(subprocess.Popen(COMMAND, stdin=subprocess.DEVNULL))  # noqa: S603 - our own command


async def mind_tasks(tx: Transaction) -> None:
    """Start a process for what has waited long and nobody is at: its node stopped, or was full. Forget old tasks."""
    waits = await tx.fetchval(
        "select true from roster_task where done_at is null and ordered_at < kit_now() - $1 * interval '1 second'"
        " limit 1 for update skip locked",
        PATIENCE_SECONDS,
    )
    if waits:
        start_process()
    await tx.execute("delete from roster_task where done_at < kit_now() - $1 * interval '1 day'", _KEPT_DAYS)
