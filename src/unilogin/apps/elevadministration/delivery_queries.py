"""Reading what one delivery means to whoever looks at it: whom its findings are about, and what became of it since."""

from collections.abc import Iterable, Mapping

from unilogin.apps.elevadministration.queries import MADE_GOOD
from unilogin.domain.directory.model import AccountId
from unilogin.domain.directory.queries import DISPLAY_NAME
from unilogin.kit.db.connection import Connection
from unilogin.roster.model import DeliveryId

_NAMES = f"""
  select m.local_person_id, {DISPLAY_NAME} as name
  from roster_delivery d
    join directory_membership m on m.institution_id = d.institution_id and m.source = d.source
    join directory_person p using (person_id)
  where d.delivery_id = $1 and m.local_person_id = any($2::text[]) and m.ended_at is null
"""


async def names_of(
    connection: Connection, delivery_id: DeliveryId, local_person_ids: Iterable[str | None]
) -> Mapping[str, str]:
    """Return LocalPersonId → what the school's person of that number is called here; a finding itself names nobody."""
    asked = sorted({one for one in local_person_ids if one})
    rows = await connection.fetch(_NAMES, delivery_id, asked) if asked else []
    return {row["local_person_id"]: row["name"] for row in rows}


_LEAVES = """
  select exists (
    select from roster_change c join directory_membership m using (membership_id)
      join directory_account a using (person_id)
    where c.delivery_id = $1 and c.kind = 'left' and a.account_id = $2
      and not exists (
        select from directory_membership o
        where o.person_id = m.person_id and o.institution_id = m.institution_id and o.ended_at is null
          and o.membership_id <> m.membership_id and o.actor_group in ('Medarbejder', 'Ekstern')))
"""


async def is_among_the_leaving(connection: Connection, delivery_id: DeliveryId, *, reader: AccountId) -> bool:
    """Tell whether a delivery would let its reader go, who could then not even take it back."""
    return bool(await connection.fetchval(_LEAVES, delivery_id, reader))


_MADE_GOOD = f"select {MADE_GOOD} from roster_delivery d where d.delivery_id = $1"


async def is_made_good(connection: Connection, delivery_id: DeliveryId) -> bool:
    """Tell whether a later delivery of the same system was loaded."""
    return bool(await connection.fetchval(_MADE_GOOD, delivery_id))
