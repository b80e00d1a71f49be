"""Granting and revoking rights at an institution."""

from unilogin.domain.access.model import Right
from unilogin.domain.audit import actions as audit
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.directory.model import AccountId, InstitutionId
from unilogin.kit.db.connection import Transaction


async def grant_right(
    tx: Transaction, right: Right, *, account_id: AccountId, institution_id: InstitutionId, actor: Actor
) -> bool:
    """Give the right; return False when it was held already."""
    granted = await tx.fetchval(
        "insert into access_right (account_id, institution_id, name, granted_by) values ($1, $2, $3, $4)"
        " on conflict (account_id, institution_id, name) where revoked_at is null do nothing returning true",
        account_id,
        institution_id,
        right.value,
        actor.id,
    )
    if granted:
        await audit.write(
            tx, _entry(Event.RIGHT_GRANTED, right, account_id=account_id, institution_id=institution_id, actor=actor)
        )
    return bool(granted)


async def revoke_right(
    tx: Transaction, right: Right, *, account_id: AccountId, institution_id: InstitutionId, actor: Actor
) -> bool:
    """Take the right away; return False when it was not held."""
    revoked = await tx.fetchval(
        "update access_right set revoked_at = kit_now()"
        " where account_id = $1 and institution_id = $2 and name = $3 and revoked_at is null returning true",
        account_id,
        institution_id,
        right.value,
    )
    if revoked:
        await audit.write(
            tx, _entry(Event.RIGHT_REVOKED, right, account_id=account_id, institution_id=institution_id, actor=actor)
        )
    return bool(revoked)


def _entry(event: Event, right: Right, *, account_id: AccountId, institution_id: InstitutionId, actor: Actor) -> Entry:
    return Entry(event, actor, account_id=account_id, institution_id=institution_id, about=right.value)
