"""Giving an account a password, and saying when it must be changed.

The secret comes from the system or its owner, never from staff (N-13).
"""

from unilogin.domain.audit import actions as audit
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.credentials.hashing import PEPPER_VERSION
from unilogin.domain.credentials.model import DueWhy, PasswordType, StoredPassword
from unilogin.domain.credentials.rules import CHANGE_DAYS, LAST_ONES
from unilogin.domain.directory.model import AccountId
from unilogin.domain.limits.actions import forget_account
from unilogin.domain.notices.actions import tell
from unilogin.domain.notices.model import Notice
from unilogin.domain.sessions.actions import end_all_sessions
from unilogin.kit.db.connection import Transaction

# The account is locked first, by a statement of its own: there may be no password to lock yet. So of several at once
# each sees and keeps the hash that it replaces, and the last one counts.
_HOLD_ACCOUNT = "select from directory_account where account_id = $1 for no key update"
_SET = """
  with before as (
    select type, hash, pepper_version from credentials_password where account_id = $1
  ), kept as (
    insert into credentials_former (account_id, type, hash, pepper_version)
    select $1, type, hash, pepper_version from before where hash <> $3 returning former_id
  )
  insert into credentials_password as p (account_id, type, hash, pepper_version)
  select $1, $2, $3, $4 from (select count(former_id) from kept) as kept_first
  on conflict (account_id) do update set type = excluded.type, hash = excluded.hash,
    pepper_version = excluded.pepper_version, set_at = kit_now(), due_at = null, due_why = null
  where p.hash <> excluded.hash
  returning true
"""
_FORGET_OLDEST = """
  delete from credentials_former where account_id = $1 and former_id not in (
    select former_id from credentials_former where account_id = $1 order by former_id desc limit $2)
"""


async def set_password(
    tx: Transaction,
    account_id: AccountId,
    *,
    password_type: PasswordType,
    phc: str,
    actor: Actor,
    chosen: bool = False,
    notice: Notice | None = None,
) -> bool:
    """Make ``phc`` (from ``Hasher.hash``, computed before the transaction) the account's password; its sessions end.

    The old password is dead when this commits (I-5); its hash is kept, so that it is not chosen again. A deadline for
    changing it is met. Devices that were trusted with it are trusted no more, and what was guessed at it counts no
    more (R4). Of several at once the last counts, and ends the sessions that the others opened. The same ``phc`` again
    changes nothing: False.

    ``chosen``: by its owner, not drawn by us. ``notice``: what the owner is told of it.
    """
    await tx.execute(_HOLD_ACCOUNT, account_id)
    changed = await tx.fetchval(_SET, account_id, password_type.value, phc, PEPPER_VERSION)
    if not changed:
        return False
    await tx.execute(_FORGET_OLDEST, account_id, LAST_ONES - 1)
    await end_all_sessions(tx, account_id, why="new password", actor=actor)
    await forget_account(tx, account_id)
    event = Event.PASSWORD_CHOSEN if chosen else Event.PASSWORD_ASSIGNED
    detail = {"type": password_type.value}
    await audit.write(tx, Entry(event, actor, account_id=account_id, detail=detail))
    if notice is not None:
        await tell(tx, account_id, notice)
    return True


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


async def start_deadline(tx: Transaction, account_id: AccountId, *, why: DueWhy, actor: Actor) -> None:
    """Begin the days in which the password must be changed; does nothing when they have begun."""
    started = await tx.fetchval(
        "update credentials_password set due_at = kit_now() + $2 * interval '1 day', due_why = $3"
        " where account_id = $1 and due_at is null returning true",
        account_id,
        CHANGE_DAYS,
        why.value,
    )
    if started:
        detail = {"why": why.value, "days": CHANGE_DAYS}
        await audit.write(tx, Entry(Event.PASSWORD_DUE, actor, account_id=account_id, detail=detail))
        await tell(tx, account_id, Notice.PASSWORD_CHANGE_DUE)


async def lift_deadline(tx: Transaction, account_id: AccountId) -> None:
    """Take a deadline back whose reason is gone, such as a grade that the school had delivered by mistake."""
    await tx.execute(
        "update credentials_password set due_at = null, due_why = null where account_id = $1 and due_at is not null",
        account_id,
    )


async def force_type(
    tx: Transaction, account_id: AccountId, *, password_type: PasswordType | None, actor: Actor
) -> None:
    """Decide a person's type whatever the grade (tvunget adgangskodepolitik), or, with None, let the grade decide.

    It holds for the next password; one that is easier than the decided type has to be changed within the usual days.
    """
    if password_type is None:
        await tx.execute("delete from credentials_forced_type where account_id = $1", account_id)
    else:
        await tx.execute(
            "insert into credentials_forced_type (account_id, type) values ($1, $2)"
            " on conflict (account_id) do update set type = excluded.type, set_at = kit_now()",
            account_id,
            password_type.value,
        )
    detail = {"type": password_type.value if password_type else "by grade"}
    await audit.write(tx, Entry(Event.PASSWORD_TYPE_FORCED, actor, account_id=account_id, detail=detail))
