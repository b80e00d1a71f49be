"""Telling those who administer an institution that something needs them, and who was told of which delivery."""

from dataclasses import dataclass
from datetime import datetime

from unilogin.domain.access.model import Right
from unilogin.domain.access.queries import holders_of
from unilogin.domain.directory.model import InstitutionId
from unilogin.domain.directory.queries import DISPLAY_NAME
from unilogin.domain.notices.actions import tell
from unilogin.domain.notices.model import Notice
from unilogin.domain.notices.rules import masked_address
from unilogin.kit.db.connection import Connection, Transaction
from unilogin.roster.model import DeliveryId

TOLD_DAYS = 180
"""As long as notices are kept."""


async def tell_administrators(
    tx: Transaction, institution_id: InstitutionId, notice: Notice, *, of: DeliveryId | None = None
) -> None:
    """Let everybody who administers an institution know, by a notice and by mail where it reaches."""
    for account_id in await holders_of(tx, Right.BRUGERADMINISTRATOR, [institution_id]):
        notice_id = await tell(tx, account_id, notice)
        if of is not None:
            await tx.execute(
                "insert into roster_told (delivery_id, account_id, notice_id) values ($1, $2, $3)"
                " on conflict do nothing",
                of,
                account_id,
                notice_id,
            )


@dataclass(frozen=True, slots=True)
class Told:
    """Somebody who was told of a delivery. ``address`` is masked; ``state`` says how the letter fares."""

    name: str
    told_at: datetime
    address: str | None
    state: str
    """sent, waiting, not_sent, no_address: they see it when they sign in."""
    sent_at: datetime | None


_TOLD = f"""
  select {DISPLAY_NAME} as name, p.protected, t.told_at, p.email, l.sent_at,
         case when l.sent_at is not null then 'sent' when l.given_up_at is not null then 'not_sent'
              when p.email is null then 'no_address' when l.notice_id is not null or n.settled_at is null then 'waiting'
              else 'not_sent' end as state
  from roster_told t join directory_account a using (account_id) join directory_person p using (person_id)
  left join notices_notice n on n.notice_id = t.notice_id
  left join notices_letter l on l.notice_id = t.notice_id and l.person_id = p.person_id
  where t.delivery_id = $1 order by name, t.account_id limit 100
"""


async def told_of(connection: Connection, delivery_id: DeliveryId) -> list[Told]:
    """Return who was told that a delivery needs somebody, and what became of the letters."""
    rows = await connection.fetch(_TOLD, delivery_id)
    return [
        Told(
            row["name"],
            row["told_at"],
            masked_address(row["email"], protected=row["protected"]) if row["email"] else None,
            row["state"],
            row["sent_at"],
        )
        for row in rows
    ]


async def forget_told(tx: Transaction) -> None:
    """Forget whom we wrote to long ago."""
    await tx.execute("delete from roster_told where told_at <= kit_now() - $1 * interval '1 day'", TOLD_DAYS)
