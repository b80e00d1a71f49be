"""Two people take a delivery back that took access from adults: one alone could bring back somebody who was dismissed.

Pupils within the brake are one person's: whoever undoes a wrong file in the morning does not wait for a colleague.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from unilogin.domain.access.words import recorded_counts
from unilogin.domain.audit.actions import write
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.directory.model import AccountId, InstitutionId
from unilogin.domain.directory.queries import DISPLAY_NAME
from unilogin.kit.db.connection import Connection, Transaction
from unilogin.roster.model import DeliveryId

COUNTS_DAYS: Final = 7
"""A word counts so long, and no longer than whoever gave it may decide here."""

# Staff who left, or lost roles or classes; and contact persons who lost a child's custody. What a delivery makes is not
# in the journal, and who came back since is refused by the undo itself.
_LET_IN_AGAIN = """
  with staff as (
    select m.person_id,
           m.ended_at is not null and not exists (
             select from directory_membership o
             where o.person_id = m.person_id and o.institution_id = m.institution_id and o.ended_at is null
               and o.actor_group = j.before ->> 'actor_group' and j.before -> 'roles' <@ to_jsonb(o.roles))
             as left_school,
           j.before ->> 'actor_group' <> m.actor_group
             or not j.before -> 'roles' <@ to_jsonb(m.roles) as lost_role
    from directory_journal j join directory_membership m on m.membership_id = j.row_id
    where j.delivery_id = any ($1::uuid[]) and j.kind = 'membership'
      and j.before ->> 'actor_group' in ('Medarbejder', 'Ekstern') and j.before ->> 'ended_at' is null
  ), classes as (
    select m.person_id
    from directory_journal j join directory_membership m on m.membership_id = j.row_id
    cross join jsonb_array_elements(j.before) e
    where j.delivery_id = any ($1::uuid[]) and j.kind = 'groups' and m.actor_group in ('Medarbejder', 'Ekstern')
      and not exists (select from directory_group_member gm where gm.membership_id = m.membership_id
                        and gm.group_key = (e ->> 'group_key')::uuid)
  ), custody as (
    select (e ->> 'contact_person_id')::uuid as person_id
    from directory_journal j cross join jsonb_array_elements(j.before) e
    where j.delivery_id = any ($1::uuid[]) and j.kind = 'contacts' and (e ->> 'child_custody')::boolean
      and not exists (select from directory_contact c where c.membership_id = j.row_id and c.child_custody
                        and c.contact_person_id = (e ->> 'contact_person_id')::uuid)
  )
  select count(*)::int from (
    select person_id from staff where left_school or lost_role
    union select person_id from classes union select person_id from custody) adults
"""


async def adults_let_in_again(connection: Connection, deliveries: Sequence[DeliveryId]) -> int:
    """Return how many adults would have access again, or more of it, if these were taken back."""
    return int(await connection.fetchval(_LET_IN_AGAIN, list(deliveries)))


_COUNTS = f"""w.said_at > kit_now() - {COUNTS_DAYS} * interval '1 day'
    and {recorded_counts("w", at="d.institution_id", since="said_at")}"""

_WORD = f"""
  with said as (
    insert into roster_undo_word (delivery_id, actor_kind, actor_id) values ($1, $2, $3)
    on conflict (delivery_id, actor_kind, actor_id) do update set said_at = kit_now()
    returning actor_id
  )
  select 1 + count(*) from roster_undo_word w join roster_delivery d using (delivery_id), said
  where w.delivery_id = $1 and (w.actor_kind, w.actor_id) <> ($2, $3) and {_COUNTS}
"""


async def say_undo(tx: Transaction, delivery_id: DeliveryId, *, actor: Actor) -> bool:
    """Say that a delivery must be taken back; False while another person has to say it, too (B-A05)."""
    where = await tx.fetchval(
        "select institution_id from roster_delivery where delivery_id = $1 for update", delivery_id
    )
    people = int(await tx.fetchval(_WORD, delivery_id, actor.kind, actor.id))
    await _note(tx, where, delivery_id, actor=actor, word="undo")
    return people > 1


async def take_words_back(tx: Transaction, delivery_id: DeliveryId, *, actor: Actor) -> bool:
    """Do not take it back after all: anybody's word is enough. False when nobody had said so, or it is under way.

    Whoever gave the second word holds the row until it is ordered: who waited for that comes too late.
    """
    where = await tx.fetchval(
        "select institution_id from roster_delivery where delivery_id = $1 for update", delivery_id
    )
    status = await tx.execute(
        "delete from roster_undo_word where delivery_id = $1"
        " and not exists (select from roster_task t where t.delivery_id = $1 and t.done_at is null)",
        delivery_id,
    )
    if status == "DELETE 0":
        return False
    await _note(tx, where, delivery_id, actor=actor, word="no undo")
    return True


async def _note(tx: Transaction, where: UUID, delivery_id: DeliveryId, *, actor: Actor, word: str) -> None:
    detail = {"decision": word}
    entry = Entry(Event.DELIVERY_DECIDED, actor, institution_id=where, about=str(delivery_id), detail=detail)
    await write(tx, entry)


_WHO = f"""
  select {DISPLAY_NAME} as name, w.actor_kind = 'person' and w.actor_id = $2::text as is_reader
  from roster_undo_word w join roster_delivery d using (delivery_id)
    left join directory_account a on a.account_id = case when w.actor_kind = 'person' then w.actor_id::uuid end
    left join directory_person p using (person_id)
  where w.delivery_id = $1 and {_COUNTS} order by w.said_at
"""


async def who_wants_undo(
    connection: Connection, delivery_id: DeliveryId, *, reader: AccountId
) -> list[tuple[str | None, bool]]:
    """Return who has said that it must be taken back, by the name others may see, and whether that is the reader."""
    return [(row["name"], row["is_reader"]) for row in await connection.fetch(_WHO, delivery_id, str(reader))]


async def undos_that_wait(
    connection: Connection, institutions: Sequence[InstitutionId]
) -> list[tuple[InstitutionId, DeliveryId]]:
    """Return the deliveries that somebody wants taken back, and that wait for a second person's word."""
    rows = await connection.fetch(
        "select distinct d.institution_id, d.delivery_id"
        " from roster_undo_word w join roster_delivery d using (delivery_id)"
        f" where d.institution_id = any ($1::uuid[]) and d.status = 'applied' and {_COUNTS}"
        " and not exists (select from roster_task t where t.delivery_id = d.delivery_id and t.done_at is null)",
        list(institutions),
    )
    return [(InstitutionId(row["institution_id"]), DeliveryId(row["delivery_id"])) for row in rows]
