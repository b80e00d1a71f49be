"""Protected people (navne- og adressebeskyttelse) as an institution's administrator sees them: by alias alone.

Whether somebody is protected is for the source to say, never for us. An alias that the source did not give can be
given here; one that the source gives takes its place with the next delivery.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from asyncpg import Record

from unilogin.domain.audit import actions as audit
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.directory.model import ActorGroup, InstitutionId, PersonId, Username
from unilogin.domain.directory.rules import is_new_username_offered
from unilogin.kit.db.connection import Connection, Transaction
from unilogin.kit.db.patterns import holding

NEUTRAL_ALIAS = ("Beskyttet", "Person")
"""Shown for somebody whose protection came without an alias, until one comes."""

HAS_NEUTRAL_ALIAS = (
    f"(p.protected and p.alias_first_name = '{NEUTRAL_ALIAS[0]}' and p.alias_family_name = '{NEUTRAL_ALIAS[1]}')"
)
"""The person of ``p`` (directory_person) still waits for an alias."""

NAMED = "a.username, p.protected, p.first_name, p.family_name, p.alias_first_name, p.alias_family_name"
"""What the rule about new usernames asks for, of ``a`` (directory_account) and ``p`` (directory_person)."""


@dataclass(frozen=True, slots=True)
class ProtectedPerson:
    """Somebody protected, by the alias: where they belong and which system said so."""

    person_id: PersonId
    alias: str
    is_neutral: bool
    actor_group: ActorGroup
    group: str | None
    source: str
    local_person_id: str | None  # of a pupil's contact: None, they have none
    tells_name: bool  # the username may come of the name that is hidden: another one is offered


_PROTECTED = f"""
  with here as (
    select m.membership_id, m.person_id, m.actor_group, m.source, m.local_person_id from directory_membership m
    where m.institution_id = $1 and m.ended_at is null
  ), found as (
    select person_id, actor_group, membership_id, source, local_person_id from here
    union all
    select c.contact_person_id, 'Kontaktperson', h.membership_id, h.source, null
    from here h join directory_contact c using (membership_id)
  )
  select distinct on (alias, p.person_id, f.actor_group)
         p.person_id, p.alias_first_name || ' ' || p.alias_family_name as alias, {HAS_NEUTRAL_ALIAS} as is_neutral,
         f.actor_group, f.source, f.local_person_id,
         (select g.name from directory_group_member gm join directory_group g using (group_key)
          where gm.membership_id = f.membership_id and gm.main limit 1) as group_name,
         {NAMED}, a.merged_into is null as goes_on
  from found f join directory_person p using (person_id) join directory_account a using (person_id)
  where p.protected and ($2 = '' or p.alias_first_name || ' ' || p.alias_family_name ilike $3 escape '\\')
  order by alias, p.person_id, f.actor_group, f.local_person_id
"""


async def protected_people(
    connection: Connection, institution_id: InstitutionId, *, term: str
) -> Sequence[ProtectedPerson]:
    """Return the protected people of an institution by alias: pupils, staff, externals and pupils' contacts."""
    rows = await connection.fetch(_PROTECTED, institution_id, term, holding(term))
    return [
        ProtectedPerson(
            PersonId(row["person_id"]),
            row["alias"],
            row["is_neutral"],
            ActorGroup(row["actor_group"]),
            row["group_name"],
            row["source"],
            row["local_person_id"],
            row["goes_on"] and is_renaming_offered(row),
        )
        for row in rows
    ]


def is_renaming_offered(row: Record) -> bool:
    """Tell whether the somebody of a row with the columns of ``NAMED`` is offered a new username."""
    return is_new_username_offered(
        Username(row["username"]),
        protected=row["protected"],
        name=(row["first_name"], row["family_name"]),
        alias=(row["alias_first_name"] or "", row["alias_family_name"] or ""),
    )


_GIVE = f"""
  update directory_person p set alias_first_name = $2, alias_family_name = $3, changed_at = kit_now()
  from directory_account a
  where p.person_id = $1 and {HAS_NEUTRAL_ALIAS} and a.person_id = p.person_id
  returning a.account_id
"""


async def give_alias(
    tx: Transaction,
    person_id: PersonId,
    *,
    first_name: str,
    family_name: str,
    institution_id: InstitutionId,
    actor: Actor,
) -> bool:
    """Give a protected person without an alias one; False when they are not protected, or have one already."""
    account_id = await tx.fetchval(_GIVE, person_id, first_name, family_name)
    if account_id is None:
        return False
    entry = Entry(
        Event.PERSON_CHANGED, actor, account_id=account_id, institution_id=institution_id, detail={"alias": True}
    )
    await audit.write(tx, entry)
    return True
