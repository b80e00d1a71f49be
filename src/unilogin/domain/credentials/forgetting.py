"""Forgetting the secrets of people who left long ago: whoever comes back gets a new one, as a newcomer does."""

from collections.abc import Sequence

from unilogin.domain.directory.model import AccountId
from unilogin.kit.db.connection import Transaction


async def forget_secrets(tx: Transaction, accounts: Sequence[AccountId]) -> None:
    """Delete their passwords and pictures, the former ones, the kind that was decided for them, and their passkeys."""
    await tx.execute("delete from credentials_former where account_id = any ($1::uuid[])", accounts)
    await tx.execute("delete from credentials_password where account_id = any ($1::uuid[])", accounts)
    await tx.execute("delete from credentials_forced_type where account_id = any ($1::uuid[])", accounts)
    await tx.execute("delete from credentials_passkey where account_id = any ($1::uuid[])", accounts)
