"""Going back to the old system: one word where nobody but pupils comes back, two where adults do (B-A05)."""

from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor
from unilogin.domain.directory.model import AccountId, InstitutionId
from unilogin.kit.db.connection import Connection, Transaction
from unilogin.roster.model import DeliveryId
from unilogin.roster.switching.model import SwitchId
from unilogin.roster.switching.ordering import SEEN, STILL_WANTED, note, word_of
from unilogin.roster.undo_words import adults_let_in_again


async def adults_who_come_back(connection: Connection, switch_id: SwitchId) -> int:
    """Return how many adults would have access again, or more of it, if a switch that was run were taken back."""
    row = await connection.fetchrow(
        "select delivery_id, retired_by from roster_switch where switch_id = $1 and undone_at is null", switch_id
    )
    return await adults_let_in_again(connection, [DeliveryId(one) for one in row or () if one is not None])


async def order_undo(tx: Transaction, switch_id: SwitchId, *, by: AccountId, actor: Actor) -> bool:
    """Have a switch that was run taken back, soon; by a second person's word where adults come back.

    False when there is nothing to take back, or somebody wants it already.
    """
    needs_two = await adults_who_come_back(tx, switch_id) > 0
    where = await tx.fetchval(
        "update roster_switch set wanted = 'undo', wanted_hash = file_hash, wanted_by = $2, due_at = kit_now(),"
        " agreed_by = null, agreed_at = case when not $3 then kit_now() end, answer = null, tries = 0"
        " where switch_id = $1 and run_at is not null and undone_at is null"
        " and (wanted is distinct from 'undo' or answer is not null) returning institution_id",
        switch_id,
        by,
        needs_two,
    )
    if where is not None:
        await note(tx, Event.SWITCH_WANTED, InstitutionId(where), switch_id, actor=actor, word="takes back")
    return where is not None


async def agree_to_undo(tx: Transaction, switch_id: SwitchId, *, seen: str, actor: Actor) -> bool:
    """Agree to what another one wants; False when nobody does, or something is otherwise than was seen."""
    where = await tx.fetchval(
        "update roster_switch w set agreed_by = $2, agreed_at = kit_now(), due_at = kit_now()"
        " where switch_id = $1 and wanted = 'undo' and wanted_hash = file_hash and agreed_at is null"
        " and wanted_by::text <> $2 and run_at is not null and undone_at is null"
        f" and {STILL_WANTED} and {SEEN} = $3 returning institution_id",
        switch_id,
        word_of(actor),
        seen,
    )
    if where is not None:
        await note(tx, Event.SWITCH_WANTED, InstitutionId(where), switch_id, actor=actor, word="agrees to take back")
    return where is not None
