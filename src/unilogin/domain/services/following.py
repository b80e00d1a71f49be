"""Pseudonyms follow somebody from one account to another, and services are told where two of theirs become one.

A sector that knew only the losing account goes on knowing the person by the same subject. One that knew both has two
subjects for one person: it is told which one holds, in its own names alone (K-17).
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from unilogin.domain.directory.following import Follow
from unilogin.domain.directory.model import AccountId
from unilogin.domain.services.model import Attribute
from unilogin.kit.db.connection import Connection, Transaction

FOLLOWING = (
    Follow(
        "subjects",
        "select p.subject::text as key from services_pairwise p where p.account_id = $1 and not exists ("
        " select from services_pairwise o where o.account_id = $2 and o.sector = p.sector) order by 1",
        "update services_pairwise set account_id = $2 where account_id = $1 and subject = any ($3::text[]::uuid[])",
    ),
)

_NOTE = f"""
  insert into services_identifier_change (service_id, correction_id, format, old_value, new_value)
  select s.service_id, $1::uuid, 'iss_sub', was.subject::text, k.subject::text
  from services_pairwise was join services_pairwise k on k.account_id = $3 and k.sector = was.sector
  join services_service s on s.sector = was.sector
  where was.account_id = $2 and s.app is null
  union all
  select s.service_id, $1::uuid, 'opaque', o.uniid, k.uniid
  from services_pairwise was join services_service s using (sector)
  join directory_account o on o.account_id = $2 join directory_account k on k.account_id = $3
  where was.account_id = $2 and s.app is null and '{Attribute.UNIID}' = any (s.attributes)
"""


async def note_identifier_changes(tx: Transaction, correction_id: UUID, *, other: AccountId, kept: AccountId) -> None:
    """Note what each service knew the other account by, and what it will be told from now on.

    Before the subjects follow. The uniid counts where a service is told it: many keep people's work under it.
    """
    await tx.execute(_NOTE, correction_id, other, kept)


_NOTE_NEW_UNIID = f"""
  insert into services_identifier_change (service_id, correction_id, format, old_value, new_value)
  select s.service_id, $1::uuid, 'opaque', o.uniid, k.uniid
  from services_pairwise p join services_service s using (sector)
  join directory_account o on o.account_id = $2 join directory_account k on k.account_id = $3
  where p.account_id = $2 and p.subject = any ($4::text[]::uuid[]) and s.app is null
    and '{Attribute.UNIID}' = any (s.attributes)
"""


async def note_new_uniid(
    tx: Transaction, correction_id: UUID, *, other: AccountId, kept: AccountId, subjects: list[str]
) -> None:
    """Note for services whose subject goes to an account of its own that the uniid with it is another one.

    Before the subjects follow. The subject itself stays, and nobody needs to be told of it.
    """
    await tx.execute(_NOTE_NEW_UNIID, correction_id, other, kept, subjects)


_WITHDRAW = """
  with withdrawn as (
    update services_identifier_change set withdrawn_at = kit_now()
    where correction_id = $1 and withdrawn_at is null and takes_back is null
    returning change_id, service_id, format, old_value, new_value, announced_at
  )
  insert into services_identifier_change (service_id, correction_id, format, old_value, new_value, takes_back)
  select service_id, $1, format, new_value, old_value, change_id from withdrawn
  where $2 and announced_at is not null
"""


async def withdraw_identifier_changes(tx: Transaction, correction_id: UUID, *, take_back: bool) -> None:
    """Tell nobody more of a correction, and with ``take_back`` the reverse to whoever may have been told of it.

    Who that is stands with those who tell; what nobody has begun to tell has no reverse.
    """
    await tx.execute(_WITHDRAW, correction_id, take_back)


KEPT_DAYS = 400
"""As long as a correction can be taken back, and somewhat longer."""


async def forget_old_changes(tx: Transaction) -> int:
    """Delete what services were told long ago; return how many."""
    status = await tx.execute(
        f"delete from services_identifier_change where happened_at < kit_now() - interval '{KEPT_DAYS} days'"
    )
    return int(status.split()[-1])


async def subjects_at(tx: Transaction, account_id: AccountId, *, client_ids: list[str]) -> list[str]:
    """Return the subjects by which the services of these clients know an account."""
    rows = await tx.fetch(
        "select p.subject::text as key from services_pairwise p join services_service s using (sector)"
        " join services_client c using (service_id) where p.account_id = $1 and c.client_id = any ($2::text[])",
        account_id,
        client_ids,
    )
    return [row["key"] for row in rows]


@dataclass(frozen=True, slots=True)
class Known:
    """A service that knows an account. No page shows ``subject``: it is between the service and us."""

    service_id: UUID
    subject: UUID
    name: str
    since: datetime
    gets_uniid: bool
    is_told: bool
    """Whether it gets the uniid, and asked to be told when it is another one."""


_KNOWN = f"""
  select s.service_id, p.subject, s.name, p.created_at, '{Attribute.UNIID}' = any (s.attributes) as gets_uniid,
         '{Attribute.UNIID}' = any (s.attributes)
           and exists (select from services_client c where c.service_id = s.service_id and c.events_wanted) as is_told
  from services_pairwise p join services_service s using (sector)
  where p.account_id = $1 and s.app is null order by s.name, s.service_id
"""


async def services_that_know(connection: Connection, account_id: AccountId) -> list[Known]:
    """Return the services that know an account, by name."""
    return [Known(*row.values()) for row in await connection.fetch(_KNOWN, account_id)]


async def services_that_know_both(
    connection: Connection, one: AccountId, other: AccountId
) -> tuple[tuple[str, bool], ...]:
    """Return the services that know two accounts, by name, and whether any client of theirs asked to be told."""
    rows = await connection.fetch(
        "select s.name, coalesce(bool_or(c.events_wanted), false) as wanted from services_service s"
        " left join services_client c using (service_id) where s.app is null"
        " and exists (select from services_pairwise p where p.account_id = $1 and p.sector = s.sector)"
        " and exists (select from services_pairwise p where p.account_id = $2 and p.sector = s.sector)"
        " group by s.service_id, s.name order by s.name",
        one,
        other,
    )
    return tuple((row["name"], row["wanted"]) for row in rows)


CHANGES_AT_ONCE = 500

TAKE_CHANGES = f"""update services_identifier_change t set announced_at = kit_now() where t.change_id in (
    select n.change_id from services_identifier_change n
    where n.announced_at is null order by n.happened_at, n.change_id limit {CHANGES_AT_ONCE} for update skip locked)"""
"""For a statement of another room: takes changes, each once, to tell the clients that want to know.

``taken as ({TAKE_CHANGES} returning t.change_id, t.service_id)``: what the statement makes of them commits with it.
"""
