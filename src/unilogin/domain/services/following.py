"""Pseudonyms follow somebody from one account to another, and services are told where two of theirs become one.

A sector that knew only the losing account goes on knowing the person by the same subject. One that knew both has two
subjects for one person: it is told which one holds, in its own names alone (K-17).
"""

from uuid import UUID

from unilogin.domain.directory.following import Follow
from unilogin.domain.directory.model import AccountId
from unilogin.domain.services.model import Attribute
from unilogin.kit.db.connection import Transaction

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


async def withdraw_identifier_changes(tx: Transaction, correction_id: UUID) -> None:
    """Tell nobody more of a correction that was taken back."""
    await tx.execute(
        "update services_identifier_change set withdrawn_at = kit_now() where correction_id = $1", correction_id
    )


async def subjects_at(tx: Transaction, account_id: AccountId, *, client_ids: list[str]) -> list[str]:
    """Return the subjects by which the services of these clients know an account."""
    rows = await tx.fetch(
        "select p.subject::text as key from services_pairwise p join services_service s using (sector)"
        " join services_client c using (service_id) where p.account_id = $1 and c.client_id = any ($2::text[])",
        account_id,
        client_ids,
    )
    return [row["key"] for row in rows]


CHANGES_AT_ONCE = 500

TAKE_CHANGES = f"""update services_identifier_change t set announced_at = kit_now() where t.change_id in (
    select n.change_id from services_identifier_change n
    where n.announced_at is null order by n.happened_at limit {CHANGES_AT_ONCE} for update skip locked)"""
"""For a statement of another room: takes changes, each once, to tell the clients that want to know.

``taken as ({TAKE_CHANGES} returning t.change_id, t.service_id)``: what the statement makes of them commits with it.
"""
