"""Everything that follows somebody from one account to another, of every room that has any of it.

A table that names an account or a person is either here or in ``STAYS``, with the reason; a test sees to that.
"""

from typing import Final

from unilogin.domain.access.following import FOLLOWING as ACCESS
from unilogin.domain.credentials.following import FOLLOWING as CREDENTIALS
from unilogin.domain.directory.following import FOLLOWING as DIRECTORY
from unilogin.domain.directory.following import Follow, carry, found
from unilogin.domain.identity.model import Side
from unilogin.domain.services.following import FOLLOWING as SERVICES
from unilogin.kit.db.connection import Transaction

FOLLOWING: Final[tuple[Follow, ...]] = (*DIRECTORY, *SERVICES, *ACCESS, *CREDENTIALS)

STAYS: Final = {
    "sessions_session": "ends: the browser signs in anew",
    "sessions_vouch": "says who vouched, then",
    "sessions_vouch_request": "says who answered, then",
    "credentials_window": "lasts five minutes",
    "credentials_window.opened_by": "says who opened it, then",
    "recovery_permit": "lasts minutes",
    "recovery_reader": "lasts minutes",
    "access_loan.lent_by": "says who lent it, then",
    "access_return": "says who wants whom let in again, then: an account that leads to another one is asked for anew",
    "signin_watched": "lasts a lesson",
    "directory_former_username": "leads where the account does that gave it up",
    "identity_correction": "is the record itself",
    "identity_proposal": "says who proposed what about whom, then",
}


def ends_of(follow: Follow, start: Side, end: Side) -> tuple[object, object]:
    """Return the two ids that a kind of row is told apart by."""
    if follow.of_person:
        return start.person_id, end.person_id
    return start.account_id, end.account_id


async def move_all(tx: Transaction, start: Side, end: Side) -> dict[str, list[str]]:
    """Let everything follow from one account to the other; return the keys of what did."""
    moved = {}
    for follow in FOLLOWING:
        ends = ends_of(follow, start, end)
        if keys := await found(tx, follow, ends=ends):
            await carry(tx, follow, ends=ends, keys=keys)
            moved[follow.what] = keys
    return moved


async def move_these(tx: Transaction, start: Side, end: Side, moved: dict[str, list[str]]) -> None:
    """Let these rows, and no others, go from one account to the other; the last kind first."""
    for follow in reversed(FOLLOWING):
        await carry(tx, follow, ends=ends_of(follow, start, end), keys=moved.get(follow.what, []))
