"""Rights of people who left long ago end, and old loans of classes are forgotten."""

from collections.abc import Sequence

from unilogin.domain.audit.actions import INSERT as AUDIT_INSERT
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import SYSTEM
from unilogin.domain.directory.model import AccountId
from unilogin.kit.db.connection import Transaction

KEPT_DAYS = 180

_END_RIGHTS = f"""
  with ended as (
    update access_right set revoked_at = kit_now() where account_id = any ($1::uuid[]) and revoked_at is null
    returning account_id, institution_id, name
  )
  {AUDIT_INSERT}
  select '{Event.RIGHT_REVOKED.value}', $2, $3, account_id, institution_id, name, 'ok', null, '{{}}' from ended
"""


async def end_rights_and_loans(tx: Transaction, accounts: Sequence[AccountId]) -> None:
    """Let nobody come back after years with rights that were given to them long ago."""
    await tx.execute(_END_RIGHTS, accounts, SYSTEM.kind, SYSTEM.id)
    await tx.execute("delete from access_loan where account_id = any ($1::uuid[])", accounts)
    await tx.execute("delete from access_return where account_id = any ($1::uuid[])", accounts)


async def forget_old_loans(tx: Transaction) -> int:
    """Delete loans of classes that ended long ago, and words about who is let in again; return how many loans.

    The log keeps who lent what to whom, and who said what.
    """
    await tx.execute(f"delete from access_return where wanted_at < kit_now() - interval '{KEPT_DAYS} days'")
    status = await tx.execute(f"delete from access_loan where until_at < kit_now() - interval '{KEPT_DAYS} days'")
    return int(status.split()[-1])
