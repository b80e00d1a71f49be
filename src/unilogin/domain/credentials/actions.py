"""Giving an account a password. The secret comes from the system or its owner, never from staff (N-13)."""

from unilogin.domain.audit import actions as audit
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.credentials.hashing import PEPPER_VERSION
from unilogin.domain.credentials.model import PasswordType, StoredPassword
from unilogin.domain.directory.model import AccountId
from unilogin.domain.limits.actions import forget_account
from unilogin.domain.sessions.actions import end_all_sessions
from unilogin.kit.db.connection import Transaction


async def set_password(
    tx: Transaction, account_id: AccountId, *, password_type: PasswordType, phc: str, actor: Actor
) -> None:
    """Make ``phc`` (from ``Hasher.hash``, computed before the transaction) the account's password; its sessions end.

    The old password is dead when this commits (I-5). Devices that were trusted with it are trusted no more, and what
    was guessed at it counts no more (R4).
    """
    await tx.execute(
        "insert into credentials_password (account_id, type, hash, pepper_version) values ($1, $2, $3, $4)"
        " on conflict (account_id) do update set type = excluded.type, hash = excluded.hash,"
        " pepper_version = excluded.pepper_version, set_at = kit_now()",
        account_id,
        password_type.value,
        phc,
        PEPPER_VERSION,
    )
    await end_all_sessions(tx, account_id, why="new password", actor=actor)
    await forget_account(tx, account_id)
    detail = {"type": password_type.value}
    await audit.write(tx, Entry(Event.PASSWORD_ASSIGNED, actor, account_id=account_id, detail=detail))


async def hold_password(tx: Transaction, stored: StoredPassword) -> bool:
    """Tell whether this is still the account's password, and keep it so to the end of the transaction.

    A secret is compared outside a transaction and may have to wait for it. If another one is set in that time, the old
    one is dead when that is acknowledged (I-5), however right it was when it was typed; if it is set a moment later, it
    waits for this transaction and then ends the session that this one opens.
    """
    return bool(
        await tx.fetchval(
            "select true from credentials_password where account_id = $1 and hash = $2 for no key update",
            stored.account_id,
            stored.hash,
        )
    )


async def rehash_password(tx: Transaction, *, stored: StoredPassword, phc: str, actor: Actor) -> None:
    """Store the same secret under today's parameters, after it was proved, unless it was changed meanwhile (K-21)."""
    changed = await tx.fetchval(
        "update credentials_password set hash = $3, pepper_version = $4 where account_id = $1 and hash = $2"
        " returning true",
        stored.account_id,
        stored.hash,
        phc,
        PEPPER_VERSION,
    )
    if changed and stored.account_id:
        await audit.write(tx, Entry(Event.PASSWORD_REHASHED, actor, account_id=stored.account_id))
