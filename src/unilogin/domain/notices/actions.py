"""Noting that somebody should be told, and what became of it."""

from collections.abc import Mapping
from types import MappingProxyType

from unilogin.domain.directory.model import AccountId
from unilogin.domain.notices.model import Notice
from unilogin.domain.notices.rules import checked_detail, gathered_for, quiet_for
from unilogin.kit.db.connection import Transaction

_NOTHING: Mapping[str, str] = MappingProxyType({})

# The index of what is open decides between any number at once: one is written, the others are added to it.
_TELL = """
  insert into notices_notice as n (account_id, kind, detail, due_at)
  select $1, $2, $3, greatest(kit_now(), max(b.due_at) + $4::interval)
  from notices_notice b where b.account_id = $1 and b.kind = $2
  having coalesce(max(b.last_at) <= kit_now() - $5::interval, true)
  on conflict (account_id, kind) where settled_at is null
  do update set times = n.times + 1, last_at = kit_now(), detail = excluded.detail
"""


async def tell(tx: Transaction, account_id: AccountId, notice: Notice, *, detail: Mapping[str, str] = _NOTHING) -> None:
    """Note that something happened to this account, in the transaction in which it happens (N-10).

    Whoever should know gets a letter soon after the commit: the owner, or for a pupil under 13 the parents with
    custody. The same again within an hour is told in one letter. ``detail`` is for the account's own page: words of
    ours, never a name, a username, a secret or a number.
    """
    words = checked_detail(detail)
    await tx.execute(_TELL, account_id, notice.value, words, gathered_for(notice), quiet_for(notice))
