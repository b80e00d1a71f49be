"""Giving somebody a new username, in every room that knows the former one: counts go along, and they are told."""

from unilogin.domain.audit.model import Actor
from unilogin.domain.directory.model import AccountId, InstitutionId, Username
from unilogin.domain.directory.renaming import change_username
from unilogin.domain.limits.actions import move_counts
from unilogin.domain.limits.fingerprints import Fingerprints
from unilogin.domain.notices.actions import tell
from unilogin.domain.notices.model import Notice
from unilogin.kit.db.connection import Transaction
from unilogin.kit.secrets import Secrets


async def give_new_username(
    tx: Transaction,
    account_id: AccountId,
    *,
    secrets: Secrets,
    actor: Actor,
    institution_id: InstitutionId | None = None,
) -> Username | None:
    """Give somebody protected a username that comes of the alias; None where none is offered, or no longer.

    Secrets, passkeys, sessions, windows, what services know them by and what was guessed wrong stay: a new name is no
    new chance to guess.
    """
    renamed = await change_username(tx, account_id, actor=actor, institution_id=institution_id)
    if renamed is None:
        return None
    fingerprints = Fingerprints(secrets["throttle"])
    await move_counts(tx, fingerprints.account(renamed.former), to=fingerprints.account(renamed.username))
    await tell(tx, account_id, Notice.USERNAME_CHANGED)
    return renamed.username
