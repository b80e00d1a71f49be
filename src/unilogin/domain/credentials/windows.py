"""Windows (femminuttersvindue): five minutes in which a pupil who types the username is given a new password.

A parent or a teacher opens one; the pupil claims it, once, by one statement with the database's clock (RW-2, RW-3).
Custody, and the class for which a teacher opened, are asked in that statement again: what was lost after the opening
opens nothing. Neither opener ever sees the secret.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from asyncpg import Record

from unilogin.domain.access.care import in_care
from unilogin.domain.access.gates import IN_CUSTODY, PupilInReach
from unilogin.domain.access.model import Right
from unilogin.domain.access.teaching import still_helped
from unilogin.domain.audit import actions as audit
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.credentials.words import check_code
from unilogin.domain.directory.model import AccountId, InstitutionId
from unilogin.domain.limits.model import Address
from unilogin.domain.notices.actions import tell
from unilogin.domain.notices.model import Notice
from unilogin.kit.db.connection import Connection, Transaction

WindowId = NewType("WindowId", UUID)

WINDOW_SECONDS = 5 * 60
UNDO_SECONDS = 10 * 60
"""How long after a claim it can be taken back."""
MOST_OPEN = 40
"""How many windows a teacher may have open at a time (R12)."""
WRONG_CODES = 5
"""So many check codes that did not fit close a window (R12)."""


class WindowKind(StrEnum):
    """Who opened it."""

    PARENT = "parent"
    TEACHER = "teacher"


class WindowState(StrEnum):
    """How it stands."""

    OPEN = "open"
    CLAIMED = "claimed"
    CANCELLED = "cancelled"
    CLOSED = "closed"
    RUN_OUT = "run out"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Window:
    """A window as its opener sees it. ``tries`` counts tries to claim it that came after somebody else's.

    ``check_code``: a picture's id and two digits, which the pupil reads off the opener's screen; ``wrong`` counts those
    that did not fit.
    """

    window_id: WindowId
    account_id: AccountId
    kind: WindowKind
    opened_by: AccountId
    opened_at: datetime
    expires_at: datetime
    claimed_at: datetime | None
    claimed_on: str | None
    tries: int
    state: WindowState
    institution_id: InstitutionId | None = None
    check_code: str | None = None
    wrong: int = 0


_LASTS = "w.claimed_at is null and w.cancelled_at is null and w.expires_at > kit_now()"
OPEN = f"{_LASTS} and w.wrong < {WRONG_CODES}"
"""For statements of this room: the window ``w`` is open."""

# A business identity's right lives in its session alone, which may have ended since: it holds as long as RW-6 says.
_BY_RIGHT = f"""exists (select from directory_membership m where m.person_id = pupil.person_id
    and m.institution_id = w.institution_id and m.actor_group = 'Elev' and m.ended_at is null and {in_care()})
  and (exists (select from access_right r where r.account_id = guardian.account_id
         and r.institution_id = w.institution_id and r.name = '{Right.BRUGERADMINISTRATOR_ELEVADGANG}'
         and r.revoked_at is null)
       or exists (select from sessions_session s join sessions_right r using (session_id)
         where s.account_id = guardian.account_id and s.auth_time > kit_now() - interval '8 hours'
           and r.institution_id = w.institution_id and r.name = '{Right.BRUGERADMINISTRATOR_ELEVADGANG}'))"""
_STILL = f"""case when w.kind = 'parent' then {IN_CUSTODY} when w.by_right then {_BY_RIGHT}
  else {still_helped("pupil", by="guardian", at="w.institution_id")} end"""


def _claimable(address: str) -> str:
    """Open, by somebody who still may, and from where the school lets it be claimed; the parameter is the address."""
    return f"""{OPEN} and pupil.blocked_at is null and guardian.blocked_at is null and {_STILL}
  and (w.kind = 'parent' or not exists (
    select from access_school s join limits_site_range own using (institution_id)
    where s.institution_id = w.institution_id and s.own_addresses
    having count(*) > 0 and not bool_or(own.range >>= {address}::inet)))"""


_WINDOWS = """credentials_window w join directory_account pupil on pupil.account_id = w.account_id
  join directory_account guardian on guardian.account_id = w.opened_by"""
STATE = f"""case when w.undone_at is not null then 'undone'
       when w.claimed_at is not null then 'claimed' when w.cancelled_at is not null then 'cancelled'
       when {OPEN} then 'open' when {_LASTS} then 'closed' else 'run out' end"""
"""For a statement of another room: how it stands with the window ``w``, as ``WindowState`` has it."""
_COLUMNS = f"""w.window_id, w.account_id, w.kind, w.opened_by, w.opened_at, w.expires_at, w.claimed_at, w.claimed_on,
  w.tries, w.institution_id, case when {OPEN} then w.check_code end as check_code, w.wrong,
  {STATE} as state"""


HAS_OPEN = f"exists (select from credentials_window w where w.account_id = a.account_id and {OPEN})"
"""For a statement of another room: a window is open for the account of ``a`` (directory_account). Whether it can be
claimed is for ``opening``."""


class Opening(StrEnum):
    """Whether a window can be claimed for somebody now, and what that takes besides the name."""

    NONE = "none"
    BY_NAME = "by name"
    WITH_CODE = "with code"


async def opening(connection: Connection, account_id: AccountId, address: Address) -> Opening:
    """Return whether somebody at this address may claim a window for an account now."""
    checked = await connection.fetchval(
        f"select bool_and(w.check_code is not null) from {_WINDOWS} where w.account_id = $1 and {_claimable('$2')}",
        account_id,
        address,
    )
    return Opening.NONE if checked is None else Opening.WITH_CODE if checked else Opening.BY_NAME


def _window(row: Record) -> Window:
    return Window(
        WindowId(row["window_id"]),
        AccountId(row["account_id"]),
        WindowKind(row["kind"]),
        AccountId(row["opened_by"]),
        row["opened_at"],
        row["expires_at"],
        row["claimed_at"],
        row["claimed_on"],
        row["tries"],
        WindowState(row["state"]),
        row["institution_id"],
        row["check_code"],
        row["wrong"],
    )


async def open_window(tx: Transaction, pupil: PupilInReach, *, kind: WindowKind, actor: Actor) -> Window:
    """Open a window for a pupil, or open one's own anew: to press twice is to press once.

    Somebody else's window stays beside it; whichever is claimed, all are. Where the school has decided so, it gets a
    check code, and another each time it is opened.
    """
    row = await tx.fetchrow(
        "insert into credentials_window as w (account_id, kind, opened_by, institution_id, expires_at, by_right,"
        " check_code) values ($1, $2, $3, $4, kit_now() + $5 * interval '1 second', $6,"
        " (select $7 from access_school s where s.institution_id = $4 and s.check_code and $2 = 'teacher'))"
        " on conflict (account_id, opened_by) where claimed_at is null and cancelled_at is null do update set"
        " kind = excluded.kind, institution_id = excluded.institution_id, opened_at = kit_now(),"
        " by_right = excluded.by_right, check_code = excluded.check_code, wrong = 0,"
        f" expires_at = excluded.expires_at, tries = 0 returning {_COLUMNS}",
        pupil.account_id,
        kind.value,
        pupil.reached_by,
        pupil.institution_id,
        WINDOW_SECONDS,
        pupil.by_right,
        check_code(secrets.randbelow),
    )
    assert row is not None  # noqa: S101 - for the type checker: this statement returns one row
    window = _window(row)
    await audit.write(tx, _entry(Event.WINDOW_OPENED, window, actor=actor))
    await tell(tx, window.account_id, Notice.WINDOW_OPENED)
    return window


async def open_windows(tx: Transaction, pupils: Sequence[PupilInReach], *, actor: Actor) -> list[Window] | None:
    """Open windows for pupils as a teacher; None when that would be more than one may have open at a time (R12).

    All or none. The order of the locks is the same for everybody, and one opener's presses come after each other.
    """
    opener = pupils[0].reached_by
    await tx.execute("select pg_advisory_xact_lock(hashtext('windows'), hashtext($1::uuid::text))", opener)
    others = await tx.fetchval(
        f"select count(*) from credentials_window w where w.opened_by = $1 and {OPEN}"
        " and w.account_id <> all($2::uuid[])",
        opener,
        [pupil.account_id for pupil in pupils],
    )
    if others + len(pupils) > MOST_OPEN:
        return None
    ordered = sorted(pupils, key=lambda pupil: pupil.account_id)
    return [await open_window(tx, pupil, kind=WindowKind.TEACHER, actor=actor) for pupil in ordered]


async def cancel_window(tx: Transaction, window_id: WindowId, *, opened_by: AccountId, actor: Actor) -> bool:
    """Close one's own window before anybody claims it; return False when there is nothing to close."""
    row = await tx.fetchrow(
        "update credentials_window w set cancelled_at = kit_now() where w.window_id = $1 and w.opened_by = $2"
        f" and {_LASTS} returning {_COLUMNS}",
        window_id,
        opened_by,
    )
    if row is None:
        return False
    await audit.write(tx, _entry(Event.WINDOW_CANCELLED, _window(row), actor=actor))
    return True


@dataclass(frozen=True, slots=True)
class Claim:
    """Who claims, in which journey, from which browser and address, and the check code that was given, if any."""

    account_id: AccountId
    journey_id: UUID
    browser: str
    address: Address
    check_code: str | None = None


async def claim_window(tx: Transaction, claim: Claim) -> Window | None:
    """Claim what is open for a pupil, all of it, for one journey; None when nothing is. Returns the newest.

    One statement with the database's clock: of any number of claims at once one wins (RW-2), and none after five
    minutes (RW-3, V-52). The code that fits one window opens all. The order of the locks is the same for everybody.
    """
    rows = await tx.fetch(
        "with open as (select w.window_id, w.check_code is null or w.check_code = $5 as fits"
        f" from {_WINDOWS} where w.account_id = $1 and {_claimable('$4')} order by w.window_id for update of w)"
        " update credentials_window w set claimed_at = kit_now(), claimed_in = $2, claimed_on = $3,"
        " before_type = p.type, before_hash = p.hash, before_pepper = p.pepper_version"
        " from open left join credentials_password p on p.account_id = $1"
        " where w.window_id = open.window_id and exists (select from open o where o.fits)"
        f" returning {_COLUMNS}",
        claim.account_id,
        claim.journey_id,
        claim.browser[:160],
        claim.address,
        claim.check_code,
    )
    windows = sorted((_window(row) for row in rows), key=lambda window: window.opened_at)
    for window in windows:
        await audit.write(tx, _entry(Event.WINDOW_CLAIMED, window, actor=Actor.person(claim.account_id)))
    return windows[-1] if windows else None


async def note_late_try(tx: Transaction, account_id: AccountId, *, journey_id: UUID) -> bool:
    """Note that somebody else tried to claim a window that had been claimed, for its opener to see (RW-2)."""
    rows = await tx.fetch(
        "update credentials_window w set tries = least(w.tries + 1, 999) where w.account_id = $1"
        " and w.claimed_at is not null and w.claimed_in <> $2 and w.expires_at > kit_now()"
        f" returning {_COLUMNS}",
        account_id,
        journey_id,
    )
    for row in rows:
        entry = _entry(Event.WINDOW_TRIED, _window(row), actor=Actor("person", "unknown"), outcome="refused")
        await audit.write(tx, entry)
    return bool(rows)


async def latest_windows(
    connection: Connection, opened_by: AccountId, *, pupils: list[AccountId]
) -> dict[AccountId, Window]:
    """Return the latest window that this account opened for each of these pupils in the last ten minutes."""
    rows = await connection.fetch(
        f"select distinct on (w.account_id) {_COLUMNS} from credentials_window w"
        " where w.opened_by = $1 and w.account_id = any($2::uuid[]) and w.opened_at > kit_now() - interval '10 minutes'"
        " order by w.account_id, w.opened_at desc",
        opened_by,
        pupils,
    )
    return {window.account_id: window for window in map(_window, rows)}


async def latest_windows_at(
    connection: Connection, institution_id: InstitutionId, *, pupils: Sequence[AccountId]
) -> dict[AccountId, Window]:
    """Return the latest window that any teacher of an institution opened for each of these pupils, a lesson back."""
    rows = await connection.fetch(
        f"select distinct on (w.account_id) {_COLUMNS} from credentials_window w"
        " where w.account_id = any($2::uuid[]) and w.institution_id = $1 and w.kind = 'teacher'"
        f" and w.opened_at > kit_now() - interval '{WINDOW_SECONDS + UNDO_SECONDS} seconds'"
        " order by w.account_id, w.opened_at desc",
        institution_id,
        list(pupils),
    )
    return {window.account_id: window for window in map(_window, rows)}


async def cancel_windows(tx: Transaction, pupil: PupilInReach, *, actor: Actor) -> bool:
    """Close what teachers of the institution have open for a pupil; False when there is nothing to close.

    A colleague in the same room may: they reach the same pupil.
    """
    rows = await tx.fetch(
        "update credentials_window w set cancelled_at = kit_now() where w.account_id = $1 and w.institution_id = $2"
        f" and w.kind = 'teacher' and {_LASTS} returning {_COLUMNS}",
        pupil.account_id,
        pupil.institution_id,
    )
    for row in rows:
        await audit.write(tx, _entry(Event.WINDOW_CANCELLED, _window(row), actor=actor))
    return bool(rows)


async def forget_what_was_before(connection: Connection) -> None:
    """Empty the old secrets' hashes once nothing can be taken back any more. Nothing is decided here (D4)."""
    await connection.execute(
        "update credentials_window set before_type = null, before_hash = null, before_pepper = null, check_code = null"
        f" where before_hash is not null and claimed_at < kit_now() - interval '{UNDO_SECONDS} seconds'"
        "   or check_code is not null and expires_at < kit_now()"
    )


async def forget_old_windows(connection: Connection) -> int:
    """Delete windows of more than 30 days ago; the log keeps what happened. Nothing is decided here (D4)."""
    await forget_what_was_before(connection)
    status = await connection.execute("delete from credentials_window where opened_at < kit_now() - interval '30 days'")
    return int(status.split()[-1])


def _entry(event: Event, window: Window, *, actor: Actor, outcome: str = "ok") -> Entry:
    return Entry(
        event,
        actor,
        account_id=window.account_id,
        institution_id=window.institution_id,
        about=str(window.window_id),
        outcome=outcome,
        detail={"kind": window.kind.value, "opened_by": str(window.opened_by)},
    )
