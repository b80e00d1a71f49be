"""Questions that deliveries ask, such as a grade that jumps (B-R25): open until somebody says that it is right."""

from dataclasses import dataclass

from unilogin.domain.audit.actions import write
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.directory.model import InstitutionId
from unilogin.kit.db.connection import Connection, Transaction
from unilogin.roster.messages import ASKED
from unilogin.roster.model import DeliveryId, Finding
from unilogin.roster.queries import FINDING, finding_of

ASKED_DAYS = 90
"""Whoever has not answered by then has other evidence of what grade their pupils are in."""

OPEN_QUESTION = f"""
  (f.code = any ('{{{",".join(ASKED)}}}') and f.answered_at is null and d.status = 'applied'
   and d.received_at > kit_now() - {ASKED_DAYS} * interval '1 day'
   and case when f.local_person_id is null
       then (select true from directory_group g join directory_group_member gm using (group_key)
             join directory_membership m using (membership_id)
             where g.institution_id = d.institution_id and g.source = d.source and g.group_id = f.group_id
               and m.ended_at is null and m.level = f.fields ->> 'after' limit 1)
       else (select true from directory_membership m
             where m.institution_id = d.institution_id and m.source = d.source
               and m.local_person_id = f.local_person_id and m.ended_at is null
               and m.level = f.fields ->> 'after' limit 1) end)
"""
"""Whether finding ``f`` of delivery ``d`` still asks: nobody has answered, and the system says the same as then.
Looked up one by one, by the limits: an "exists" may read everybody."""


@dataclass(frozen=True, slots=True)
class Question:
    """Something a delivery asks, by its number among what was found in it."""

    number: int
    finding: Finding


async def open_questions(connection: Connection, delivery_id: DeliveryId) -> list[Question]:
    """Return what a delivery still asks."""
    rows = await connection.fetch(
        f"select f.number, {FINDING} from roster_finding f join roster_delivery d using (delivery_id)"
        f" where f.delivery_id = $1 and {OPEN_QUESTION} order by f.number",
        delivery_id,
    )
    return [Question(row["number"], finding_of(row)) for row in rows]


_ANSWER = f"""
  update roster_finding f set answered_at = kit_now(), answered_by = $4
  from roster_delivery d
  where d.delivery_id = $1 and d.institution_id = $2 and f.delivery_id = d.delivery_id
    and ($3::integer is null or f.number = $3) and {OPEN_QUESTION}
  returning 1
"""


async def say_right(
    tx: Transaction, where: InstitutionId, delivery_id: DeliveryId, *, number: int | None, actor: Actor
) -> int:
    """Say that what a delivery asks is right, one question or all of them; return how many were open."""
    answered = len(await tx.fetch(_ANSWER, delivery_id, where, number, f"{actor.kind} {actor.id}"))
    if answered:
        detail = {"decision": "right", "questions": answered}
        await write(
            tx, Entry(Event.DELIVERY_DECIDED, actor, institution_id=where, about=str(delivery_id), detail=detail)
        )
    return answered
