"""Asking an authenticator, and keeping, using, naming and removing passkeys."""

from unilogin.domain.audit import actions as audit
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.credentials.passkeys.model import (
    Bond,
    NewPasskey,
    NotAdded,
    PasskeyId,
    StoredPasskey,
    VerifiedUse,
)
from unilogin.domain.credentials.passkeys.rules import (
    ADD_SECONDS,
    FRESH_SECONDS,
    MOST_PASSKEYS,
    MOST_QUESTIONS,
    SIGN_IN_SECONDS,
    level_of_passkey,
)
from unilogin.domain.directory.model import AccountId
from unilogin.domain.notices.actions import tell
from unilogin.domain.notices.model import Notice
from unilogin.domain.services.model import Level
from unilogin.domain.sessions.actions import end_session
from unilogin.domain.sessions.model import SessionId
from unilogin.domain.sessions.queries import LIVE
from unilogin.kit.db.connection import Connection, Transaction
from unilogin.kit.ids import Digest, digest, new_token

METHOD = "passkey"
"""How a session says that a passkey opened it."""


_QUESTION = """insert into credentials_ceremony (challenge_hash, purpose, about, browser_hash, expires_at)
  select $1, $2, $3, $4, kit_now() + $5 * interval '1 second'
  where (select count(*) from credentials_ceremony c
         where c.about = $3 and c.asked_at > kit_now() - interval '1 hour') < $6"""

_ASK_TO_ADD = f"""
  with fresh as (
    select s.account_id from sessions_session s where s.session_id = $3 and s.account_id = $7 and {LIVE}
      and s.auth_time > kit_now() - $8 * interval '1 second'
  ), held as (
    select count(*) >= $9 as enough from credentials_passkey where account_id = $7
  ), asked as (
    {_QUESTION} and exists (select from fresh) and not (select enough from held) returning true
  )
  select exists (select from fresh) as fresh, (select enough from held) as enough, exists (select from asked) as asked
"""


async def ask_to_sign_in(connection: Connection, bond: Bond) -> str | None:
    """Note a question of a journey and return its challenge (base64url); None when too many were asked."""
    challenge = new_token()
    asked = await connection.fetchval(f"{_QUESTION} returning true", *_question(challenge, bond, SIGN_IN_SECONDS))
    return challenge if asked else None


async def ask_to_add(connection: Connection, bond: Bond, *, account_id: AccountId) -> str | NotAdded:
    """Note a question of a session whose owner has just signed in, and return its challenge (V-31)."""
    challenge = new_token()
    row = await connection.fetchrow(
        _ASK_TO_ADD, *_question(challenge, bond, ADD_SECONDS), account_id, FRESH_SECONDS, MOST_PASSKEYS
    )
    assert row is not None  # noqa: S101 - for the type checker: this statement returns one row
    if row["asked"]:
        return challenge
    if not row["fresh"]:
        return NotAdded.NOT_FRESH
    return NotAdded.TOO_MANY if row["enough"] else NotAdded.TOO_OFTEN


def _question(challenge: str, bond: Bond, seconds: int) -> tuple[object, ...]:
    return (digest(challenge), bond.purpose.value, bond.about, bond.browser, seconds, MOST_QUESTIONS)


_MINE = "purpose = $1 and about = $2 and browser_hash = $3 and used_at is null and expires_at > kit_now()"


async def take_question(connection: Connection, bond: Bond, *, challenge: str) -> bool:
    """Take the question of an answer, once; False when it was never asked like this, or answered, or is too old."""
    return bool(
        await connection.fetchval(
            f"update credentials_ceremony set used_at = kit_now() where challenge_hash = $4 and {_MINE} returning true",
            bond.purpose.value,
            bond.about,
            bond.browser,
            digest(challenge),
        )
    )


async def spend_a_question(connection: Connection, bond: Bond) -> bool:
    """Take any open question for an answer that fits none; False when none is open: then nothing was asked.

    So every try costs a question, a journey has only so many, and the log cannot be filled with nonsense.
    """
    return bool(
        await connection.fetchval(
            "update credentials_ceremony set used_at = kit_now() where challenge_hash = (select challenge_hash"
            f" from credentials_ceremony where {_MINE} order by asked_at limit 1 for update skip locked)"
            " returning true",
            bond.purpose.value,
            bond.about,
            bond.browser,
        )
    )


async def add_passkey(
    tx: Transaction,
    new: NewPasskey,
    *,
    account_id: AccountId,
    session_id: SessionId,
    name: str,
    browser: Digest | None,
) -> PasskeyId | NotAdded:
    """Keep a new passkey of somebody who had just signed in when it was asked for, at the level of that session."""
    await tx.execute("select pg_advisory_xact_lock(hashtext('passkeys'), hashtext($1))", str(account_id))
    session_level = await tx.fetchval(
        f"select s.level from sessions_session s where s.session_id = $1 and s.account_id = $2 and {LIVE}"
        " and s.auth_time > kit_now() - $3 * interval '1 second' for share",
        session_id,
        account_id,
        FRESH_SECONDS + ADD_SECONDS,
    )
    if session_level is None:
        return NotAdded.NOT_FRESH
    if await _held(tx, account_id) >= MOST_PASSKEYS:
        return NotAdded.TOO_MANY
    level = level_of_passkey(Level(session_level))
    passkey_id = await tx.fetchval(
        "insert into credentials_passkey (credential_id, account_id, public_key, sign_count, name, level, transports,"
        " backup_eligible, backed_up, browser_hash) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
        " on conflict (credential_id) do nothing returning passkey_id",
        new.credential_id,
        account_id,
        new.public_key,
        new.sign_count,
        name,
        level.value,
        list(new.transports),
        new.backup_eligible,
        new.backed_up,
        browser,
    )
    if passkey_id is None:
        return NotAdded.KNOWN
    detail: dict[str, object] = {"level": level.value, "synced": new.backup_eligible}
    await audit.write(tx, _entry(Event.PASSKEY_ADDED, account_id, PasskeyId(passkey_id), detail=detail))
    await tell(tx, account_id, Notice.PASSKEY_ADDED)
    return PasskeyId(passkey_id)


async def _held(connection: Connection, account_id: AccountId) -> int:
    return int(
        await connection.fetchval("select count(*)::int from credentials_passkey where account_id = $1", account_id)
    )


async def use_passkey(tx: Transaction, passkey: StoredPasskey, use: VerifiedUse, *, browser: bytes | None) -> bool:
    """Write down that a passkey was used (beside this browser, if any), and keep it to the end of the transaction.

    False when it was removed meanwhile, or when its counter does not rise: somebody else may have a copy of it.
    """
    return bool(
        await tx.fetchval(
            "update credentials_passkey set sign_count = $2, backed_up = $3, browser_hash = $4,"
            " last_used_at = kit_now()"
            " where passkey_id = $1 and (sign_count < $2 or (sign_count = 0 and $2 = 0)) returning true",
            passkey.passkey_id,
            use.sign_count,
            use.backed_up,
            browser,
        )
    )


async def rename_passkey(tx: Transaction, passkey_id: PasskeyId, *, account_id: AccountId, name: str) -> bool:
    """Call one of one's own passkeys something else; False when there is no such one."""
    renamed = await tx.fetchval(
        "update credentials_passkey set name = $3 where passkey_id = $1 and account_id = $2 returning true",
        passkey_id,
        account_id,
        name,
    )
    if renamed:
        await audit.write(tx, _entry(Event.PASSKEY_RENAMED, account_id, passkey_id))
    return bool(renamed)


async def remove_passkey(
    tx: Transaction, passkey_id: PasskeyId, *, account_id: AccountId, session_id: SessionId
) -> str | None:
    """Remove one of one's own passkeys and return its name; None when there is no such one.

    It opens nothing from now on, and what passkeys have opened is closed: whoever found the device is out. The session
    that does this stays.
    """
    name: str | None = await tx.fetchval(
        "delete from credentials_passkey where passkey_id = $1 and account_id = $2 returning name",
        passkey_id,
        account_id,
    )
    if name is None:
        return None
    rows = await tx.fetch(
        "select session_id from sessions_session where account_id = $1 and method = $2 and session_id <> $3"
        " and ended_at is null",
        account_id,
        METHOD,
        session_id,
    )
    for row in rows:
        actor = Actor.person(account_id)
        await end_session(tx, SessionId(row["session_id"]), why="passkey removed", actor=actor)
    await audit.write(tx, _entry(Event.PASSKEY_REMOVED, account_id, passkey_id))
    await tell(tx, account_id, Notice.PASSKEY_REMOVED)
    return name


def _entry(
    event: Event, account_id: AccountId, passkey_id: PasskeyId, *, detail: dict[str, object] | None = None
) -> Entry:
    actor = Actor.person(account_id)
    return Entry(event, actor, account_id=account_id, about=str(passkey_id), detail=detail or {})


async def forget_old_questions(connection: Connection) -> int:
    """Delete questions that nobody may answer any more; return how many. Nothing is decided here (D4)."""
    status = await connection.execute(
        "delete from credentials_ceremony where expires_at < kit_now() - interval '1 hour'"
    )
    return int(status.split()[-1])
