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
    FRESH_SECONDS,
    MOST_PASSKEYS,
    MOST_QUESTIONS,
    level_of_passkey,
)
from unilogin.domain.directory.model import AccountId
from unilogin.domain.services.model import Level
from unilogin.domain.sessions.actions import end_session
from unilogin.domain.sessions.model import SessionId
from unilogin.domain.sessions.queries import LIVE
from unilogin.kit.db.connection import Connection, Transaction
from unilogin.kit.ids import Digest, digest, new_token

METHOD = "passkey"
"""How a session says that a passkey opened it."""


async def ask_authenticator(connection: Connection, bond: Bond, *, seconds: int) -> str | None:
    """Note a question and return its challenge (base64url); None when too many were asked within an hour."""
    challenge = new_token()
    asked = await connection.fetchval(
        "insert into credentials_ceremony (challenge_hash, purpose, about, browser_hash, expires_at)"
        " select $1, $2, $3, $4, kit_now() + $5 * interval '1 second'"
        " where (select count(*) from credentials_ceremony c"
        "        where c.about = $3 and c.asked_at > kit_now() - interval '1 hour') < $6 returning true",
        digest(challenge),
        bond.purpose.value,
        bond.about,
        bond.browser,
        seconds,
        MOST_QUESTIONS,
    )
    return challenge if asked else None


async def take_question(connection: Connection, bond: Bond, *, challenge: str) -> bool:
    """Take the question of an answer, once; False when it was never asked like this, or answered, or is too old."""
    return bool(
        await connection.fetchval(
            "update credentials_ceremony set used_at = kit_now() where challenge_hash = $1 and purpose = $2"
            " and about = $3 and browser_hash = $4 and used_at is null and expires_at > kit_now() returning true",
            digest(challenge),
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
    browser: Digest,
) -> PasskeyId | NotAdded:
    """Keep a new passkey of somebody who signed in within the last ten minutes, at the level of that session."""
    await tx.execute("select pg_advisory_xact_lock(hashtext('passkeys'), hashtext($1))", str(account_id))
    session_level = await tx.fetchval(
        f"select s.level from sessions_session s where s.session_id = $1 and s.account_id = $2 and {LIVE}"
        " and s.auth_time > kit_now() - $3 * interval '1 second' for share",
        session_id,
        account_id,
        FRESH_SECONDS,
    )
    if session_level is None:
        return NotAdded.NOT_FRESH
    if await _held(tx, account_id) >= MOST_PASSKEYS:
        return NotAdded.TOO_MANY
    level = level_of_passkey(Level(session_level))
    passkey_id = await tx.fetchval(
        "insert into credentials_passkey (credential_id, account_id, public_key, sign_count, name, level, transports,"
        " backup_eligible, backed_up, made_in) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
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
    return PasskeyId(passkey_id)


async def _held(tx: Transaction, account_id: AccountId) -> int:
    return int(await tx.fetchval("select count(*)::int from credentials_passkey where account_id = $1", account_id))


async def use_passkey(tx: Transaction, passkey: StoredPasskey, use: VerifiedUse) -> bool:
    """Write down that a passkey was used, and keep it to the end of the transaction.

    False when it was removed meanwhile, or when its counter does not rise: somebody else may have a copy of it.
    """
    return bool(
        await tx.fetchval(
            "update credentials_passkey set sign_count = $2, backed_up = $3, last_used_at = kit_now()"
            " where passkey_id = $1 and (sign_count < $2 or (sign_count = 0 and $2 = 0)) returning true",
            passkey.passkey_id,
            use.sign_count,
            use.backed_up,
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
