"""A new username for somebody protected whose own tells of the name that is hidden (docs/adr/0019-new-usernames.md).

The account stays the same one. The former name opens it for thirty days more, stands nowhere, and is nobody's
afterwards and for ever. The rule: ``rules.py``.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from asyncpg import Record

from unilogin.domain.audit import actions as audit
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.directory.model import AccountId, InstitutionId, PersonId, Username
from unilogin.domain.directory.newcomers import give_username
from unilogin.domain.directory.protection import HAS_NEUTRAL_ALIAS, NAMED, is_renaming_offered
from unilogin.kit.db.connection import Connection, Transaction

FORMER_NAME_LEADS = timedelta(days=30)
"""As long as a child may type the old name out of habit; no longer, for others may know it, too."""


@dataclass(frozen=True, slots=True)
class NameOffer:
    """The username somebody has, whether they are offered another, and how long a former one still opens."""

    account_id: AccountId
    alias: str | None
    username: Username
    offered: bool
    former_leads_until: datetime | None


@dataclass(frozen=True, slots=True)
class Renamed:
    """A username and the one it took the place of. The former one is for keys alone: it is shown to nobody."""

    username: Username
    former: Username


_OFFER = f"""
  select a.account_id, {NAMED}, {HAS_NEUTRAL_ALIAS} as is_neutral, a.merged_into is null as goes_on,
         (select max(f.leads_until) from directory_former_username f
          where f.account_id = a.account_id and f.leads_until > kit_now()) as leads_until
  from directory_account a join directory_person p using (person_id)
"""


async def name_offer(connection: Connection, account_id: AccountId) -> NameOffer | None:
    """Return somebody's username and whether they are offered another; None for an account that gave way to another."""
    return _offer(await connection.fetchrow(f"{_OFFER} where a.account_id = $1", account_id))


async def name_offer_of_person(connection: Connection, person_id: PersonId) -> NameOffer | None:
    """Return the same of a person."""
    return _offer(await connection.fetchrow(f"{_OFFER} where a.person_id = $1", person_id))


def _offer(row: Record | None) -> NameOffer | None:
    if row is None or not row["goes_on"]:
        return None
    return NameOffer(
        AccountId(row["account_id"]),
        f"{row['alias_first_name']} {row['alias_family_name']}" if row["protected"] else None,
        Username(row["username"]),
        is_renaming_offered(row),
        row["leads_until"],
    )


# Decided here and now: whoever was renamed, merged or is protected no more since it was asked is not touched.
_RENAME = """
  with renamed as (
    update directory_account a set username = $3
    from directory_person p
    where a.account_id = $1 and a.username = $2 and a.merged_into is null
      and p.person_id = a.person_id and p.protected
    returning a.account_id
  )
  insert into directory_former_username (username, account_id, leads_until)
  select $2, account_id, kit_now() + $4::interval from renamed
  returning true
"""


async def change_username(
    tx: Transaction, account_id: AccountId, *, actor: Actor, institution_id: InstitutionId | None
) -> Renamed | None:
    """Give somebody a new username if they are offered one; None if they are not, or have it already.

    Of two who ask at once, the second waits for the first and is told None.
    """
    row = await tx.fetchrow(f"{_OFFER} where a.account_id = $1 for update of a", account_id)
    offer = _offer(row)
    if row is None or offer is None or not offer.offered:
        return None
    # Without an alias the letters are drawn: they tell nothing, not even that somebody is protected.
    called = ("", "") if row["is_neutral"] else (row["alias_first_name"], row["alias_family_name"])
    username = await give_username(tx, called)
    await tx.execute("select set_config('unilogin.renaming', 'on', true)")
    done = await tx.fetchval(_RENAME, account_id, offer.username, username, FORMER_NAME_LEADS)
    await tx.execute("select set_config('unilogin.renaming', 'off', true)")
    if not done:
        return None
    await audit.write(tx, Entry(Event.USERNAME_CHANGED, actor, account_id=account_id, institution_id=institution_id))
    return Renamed(username, offer.username)


async def forget_former_names(tx: Transaction) -> None:
    """Forget whose the former names were that lead nowhere any more. That they were given once stays."""
    await tx.execute("delete from directory_former_username where leads_until <= kit_now()")
