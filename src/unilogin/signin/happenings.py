"""Happenings: where the pupils of a class stand in signing in, noted while somebody has the board of that class open.

Each note is one update by key that finds nothing as long as nobody watches, most in a statement that is asked anyway,
and all for every name alike (N-09). What is noted is the last thing that happened, not a list: whoever reads it again
has missed nothing. Nothing here is told by NOTIFY, kept in a log, or known of what somebody does after signing in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from unilogin.domain.access.teaching import ClassInReach
from unilogin.domain.directory.model import AccountId
from unilogin.kit.db.connection import Connection, Transaction

WATCH_SECONDS = 5 * 60
"""How long a class stays watched after the page was last heard of: a phone sleeps, a username is shown meanwhile."""

LESSON_SECONDS = 2 * 3600
"""How long a board goes on at most, whoever leaves it open."""


class Step(StrEnum):
    """What a pupil did last."""

    NAMED = "named"  # the username is typed
    WRONG = "wrong"  # a secret was typed that is not theirs
    ELSEWHERE = "elsewhere"  # after the username another way in was chosen
    SIGNED_IN = "signed in"


@dataclass(frozen=True, slots=True)
class Happened:
    """The last thing a pupil did while the class was watched; ``wrong`` counts secrets since the last sign-in."""

    step: Step
    at: datetime
    wrong: int
    service: str | None
    service_en: str | None


_CHANGES = {
    Step.NAMED: "step = 'named', at = kit_now()",
    Step.WRONG: "step = 'wrong', at = kit_now(), wrong = least(w.wrong + 1, 99)",
    Step.ELSEWHERE: "step = 'elsewhere', at = kit_now()",
    Step.SIGNED_IN: "step = 'signed in', at = kit_now(), wrong = 0, service_id = s.service_id",
}


def noting(step: Step, somebody: str) -> str:
    """Return what a statement does beside its own work, as ``with … noted as ({noting(…)}) …``.

    ``somebody`` is a FROM item named ``s`` with the ``account_id`` that it happened to, if anybody's.
    """
    return (
        f"update signin_watched w set {_CHANGES[step]} from {somebody}, signin_watch v"
        " where w.account_id = s.account_id and v.watch_id = w.watch_id and v.expires_at > kit_now()"
    )


async def note_wrong(connection: Connection, account_id: UUID | None) -> None:
    """Note a wrong secret; the same statement for a name that is nobody's."""
    await connection.execute(noting(Step.WRONG, "(select $1::uuid as account_id) s"), account_id)


async def note_elsewhere(connection: Connection, journey_id: UUID) -> None:
    """Note that after a username another way in was chosen."""
    named = (
        "(select a.account_id from signin_journey j join directory_account a on a.username = j.username"
        " where j.journey_id = $1) s"
    )
    await connection.execute(noting(Step.ELSEWHERE, named), journey_id)


async def begin_watch(tx: Transaction, held: ClassInReach, *, pupils: Sequence[AccountId]) -> None:
    """Watch a class, or go on: what was noted in a watch that ended is gone, and of two boards each sees the same."""
    await tx.execute("delete from signin_watch where group_key = $1 and expires_at <= kit_now()", held.group_key)
    watch_id: UUID = await tx.fetchval(
        "insert into signin_watch as v (group_key, institution_id, expires_at)"
        f" values ($1, $2, kit_now() + interval '{WATCH_SECONDS} seconds')"
        f" on conflict (group_key) do update set expires_at = {_ON} returning v.watch_id",
        held.group_key,
        held.institution_id,
    )
    await _watch_pupils(tx, watch_id, pupils)


async def go_on(tx: Transaction, held: ClassInReach, *, pupils: Sequence[AccountId]) -> bool:
    """Go on watching a class, with the pupils it has now; False when the lesson is over, and nothing is begun."""
    watch_id: UUID | None = await tx.fetchval(
        f"update signin_watch v set expires_at = {_ON} where v.group_key = $1 and v.expires_at > kit_now()"
        " returning v.watch_id",
        held.group_key,
    )
    if watch_id is not None:
        await _watch_pupils(tx, watch_id, pupils)
    return watch_id is not None


_ON = f"least(kit_now() + interval '{WATCH_SECONDS} seconds', v.began_at + interval '{LESSON_SECONDS} seconds')"


async def _watch_pupils(tx: Transaction, watch_id: UUID, pupils: Sequence[AccountId]) -> None:
    """Let those be watched who are in the class now, and nobody else."""
    await tx.execute(
        "with gone as (delete from signin_watched w where w.watch_id = $1 and w.account_id <> all($2::uuid[]))"
        " insert into signin_watched (account_id, watch_id) select account_id, $1 from unnest($2::uuid[]) account_id"
        " on conflict do nothing",
        watch_id,
        list(pupils),
    )


async def forget_lessons(connection: Connection) -> int:
    """Delete what was noted for boards that nobody has open any more. Nothing is decided here (D4)."""
    status = await connection.execute("delete from signin_watch where expires_at <= kit_now()")
    return int(status.split()[-1])
