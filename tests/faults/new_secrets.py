"""Giving somebody a new password over a wire that may break, written down in the history."""

from dataclasses import replace

from tests.builders.people import Somebody
from tests.faults.ground import OPERATOR, Ground
from tests.faults.history import NewSecret, Outcome
from unilogin.domain.credentials.actions import set_password
from unilogin.domain.credentials.hashing import Hasher
from unilogin.domain.credentials.model import PasswordType
from unilogin.domain.credentials.rules import normal_secret
from unilogin.kit.db.connection import connect


async def give(ground: Ground, person: Somebody, new: str, *, dsn: str | None = None) -> Somebody:
    """Give somebody a new password, as an administrator would, over a wire when one is named."""
    hasher = Hasher(ground.secrets["password_pepper"], slots=1)
    phc = await hasher.hash(normal_secret(new) or b"")
    hasher.close()
    outcome = Outcome.UNKNOWN
    try:
        await _set(person, phc, dsn=dsn or ground.cluster.dsn)
        outcome = Outcome.DONE
    finally:
        ground.history.new_secrets.append(NewSecret(person.username, str(person.secret), new, outcome))
    return replace(person, secret=new)


async def _set(person: Somebody, phc: str, *, dsn: str) -> None:
    connection = await connect(dsn)
    try:
        async with connection.transaction():
            await set_password(
                connection, person.account_id, password_type=PasswordType.PASSWORD, phc=phc, actor=OPERATOR
            )
    finally:
        connection.terminate()
