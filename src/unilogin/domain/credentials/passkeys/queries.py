"""Reading passkeys."""

from unilogin.domain.credentials.passkeys.model import Passkey, PasskeyId, StoredPasskey
from unilogin.domain.directory.model import AccountId
from unilogin.domain.services.model import Level
from unilogin.kit.db.connection import Connection
from unilogin.kit.ids import Digest


async def passkeys_of(connection: Connection, account_id: AccountId, *, browser: Digest | None) -> list[Passkey]:
    """Return an account's passkeys, the oldest first; ``browser`` is the one that asks."""
    rows = await connection.fetch(
        "select passkey_id, name, level, backed_up, browser_hash is not distinct from $2 as here, created_at,"
        " last_used_at from credentials_passkey where account_id = $1 order by created_at, passkey_id",
        account_id,
        browser or b"",  # which nobody has
    )
    return [
        Passkey(
            PasskeyId(row["passkey_id"]),
            row["name"],
            Level(row["level"]),
            row["backed_up"],
            row["here"],
            row["created_at"],
            row["last_used_at"],
        )
        for row in rows
    ]


async def count_passkeys(connection: Connection, account_id: AccountId) -> int:
    """Return how many passkeys an account has: a page about a new password tells that they go on working."""
    return int(
        await connection.fetchval("select count(*)::int from credentials_passkey where account_id = $1", account_id)
    )


async def credential_ids_of(connection: Connection, account_id: AccountId) -> list[bytes]:
    """Return the ids of an account's passkeys, so that no authenticator makes a second one."""
    rows = await connection.fetch("select credential_id from credentials_passkey where account_id = $1", account_id)
    return [row["credential_id"] for row in rows]


async def stored_passkey(connection: Connection, credential_id: bytes) -> StoredPasskey | None:
    """Return the passkey of a credential id, or None."""
    row = await connection.fetchrow(
        "select k.passkey_id, k.account_id, coalesce(k.made_for, k.account_id) as made_for, k.public_key,"
        " k.level, k.backup_eligible,"
        " exists (select from access_right r where r.account_id = k.account_id and r.revoked_at is null) as holds_right"
        " from credentials_passkey k where k.credential_id = $1",
        credential_id,
    )
    if row is None:
        return None
    return StoredPasskey(
        PasskeyId(row["passkey_id"]),
        AccountId(row["account_id"]),
        row["public_key"],
        Level(row["level"]),
        row["backup_eligible"],
        row["holds_right"],
        AccountId(row["made_for"]),
    )
