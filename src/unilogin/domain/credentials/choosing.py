"""Making a new secret, ready to be set: looked at, compared with the last ones and hashed, with no connection held."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from unilogin.domain.credentials import policy as policies
from unilogin.domain.credentials.hashing import Hasher
from unilogin.domain.credentials.model import PasswordPolicy, PasswordType
from unilogin.domain.credentials.queries import last_typed, person_words
from unilogin.domain.credentials.rules import TYPES, normal_secret
from unilogin.domain.credentials.words import assigned
from unilogin.domain.directory.model import AccountId
from unilogin.kit.db.connection import Pool, acquire


@dataclass(frozen=True, slots=True)
class Fresh:
    """A secret that may be set now: ``actions.set_password(tx, …, password_type=type, phc=phc, chosen=chosen)``."""

    type: PasswordType
    secret: str = field(repr=False)
    phc: str = field(repr=False)
    chosen: bool


@dataclass(frozen=True, slots=True)
class Unfit:
    """A chosen secret that may not be set: codes of what is wrong with it, the most telling first."""

    remarks: Sequence[str]


async def draw_one(hasher: Hasher, *, password_type: PasswordType, policy: PasswordPolicy) -> Fresh:
    """Draw a secret of a type."""
    secret = assigned(password_type, secrets.randbelow, policy=policy)
    return Fresh(password_type, secret, await hasher.hash(normal_secret(secret) or b""), chosen=False)


async def examine(
    pool: Pool,
    hasher: Hasher,
    account_id: AccountId,
    *,
    typed: str,
    password_type: PasswordType,
    policy: PasswordPolicy,
) -> Fresh | Unfit:
    """Look at a secret that its owner has thought of; whoever calls has made sure that it is the owner.

    What can be seen at a glance is refused before anything is hashed.

    Raises:
        HashBusyError: too many at once; nothing was decided.

    """
    async with acquire(pool) as connection:
        known = await person_words(connection, account_id)
        last = await last_typed(connection, account_id)
    remarks = policies.judge(typed, password_type=password_type, person_words=known, policy=policy)
    raw = normal_secret(typed)
    if remarks or raw is None or not TYPES[password_type].may_choose:
        return Unfit(remarks or ["credentials.judge.not_allowed"])
    if await hasher.is_one_of(raw, last):
        return Unfit(["credentials.judge.used_before"])
    return Fresh(password_type, typed, await hasher.hash(raw), chosen=True)
