"""Reading what is kept of passwords."""

from unilogin.domain.credentials.model import PasswordType, StoredPassword
from unilogin.domain.directory.model import AccountId
from unilogin.kit.db.connection import Connection


async def stored_password(connection: Connection, account_id: AccountId) -> StoredPassword | None:
    """Return the account's password as stored, or None when it has none yet."""
    row = await connection.fetchrow(
        "select type, hash, pepper_version from credentials_password where account_id = $1", account_id
    )
    return StoredPassword(account_id, PasswordType(row["type"]), row["hash"], row["pepper_version"]) if row else None
