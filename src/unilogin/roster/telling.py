"""Telling those who administer an institution that something needs them, and who was told of which delivery."""

from dataclasses import dataclass
from datetime import datetime

from unilogin.domain.access.model import Right
from unilogin.domain.access.queries import holders_of
from unilogin.domain.directory.model import InstitutionId
from unilogin.domain.directory.queries import DISPLAY_NAME
from unilogin.domain.notices.actions import tell
from unilogin.domain.notices.model import Notice
from unilogin.domain.notices.rules import NO_SERVER, masked_address
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


SAME_AGAIN_HOURS = 24
"""The same cause is told once in so long, however often a system tries."""

STILL_SO_DAYS = 7
"""And once in so long where nothing of the system has come through since."""

# What cannot be read names no source: then anything that came through counts.
_TOLD_ALREADY = """
  select exists (
    select from roster_delivery r
    join roster_delivery d on d.institution_id = r.institution_id and d.source = r.source and d.refusal = r.refusal
      and d.received_at > kit_now() - $3 * interval '1 day'
    join roster_told t on t.delivery_id = d.delivery_id
    where r.delivery_id = $1
      and (t.told_at > kit_now() - $2 * interval '1 hour'
           or not exists (select from roster_delivery o
                          where o.institution_id = r.institution_id and (o.source = r.source or r.source = '')
                            and o.status <> 'refused' and o.received_at > d.received_at)))
"""


async def tell_refused(tx: Transaction, institution_id: InstitutionId, delivery_id: DeliveryId) -> None:
    """Let administrators know that a delivery was refused; not anew what they were told of the same cause."""
    if not await tx.fetchval(_TOLD_ALREADY, delivery_id, SAME_AGAIN_HOURS, STILL_SO_DAYS):
        await tell_administrators(tx, institution_id, Notice.DELIVERY_REFUSED, of=delivery_id)


@dataclass(frozen=True, slots=True)
class Told:
    """Somebody who was told of a delivery. ``address`` is masked; ``state`` says how the letter fares."""

    name: str
    told_at: datetime
    address: str | None
    state: str
    """sent, waiting, not_sent, no_server (nothing is sent from here), no_address: they see it when they sign in."""
    sent_at: datetime | None


_TOLD = f"""
  select {DISPLAY_NAME} as name, p.protected, t.told_at, p.email, l.sent_at,
         case when l.sent_at is not null then 'sent' when l.last_answer = '{NO_SERVER}' then '{NO_SERVER}'
              when l.given_up_at is not null then 'not_sent'
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
