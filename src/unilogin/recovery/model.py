"""Leave to set a new secret, what it was given for, and what somebody who proved who they are may read."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType
from uuid import UUID

from unilogin.domain.access.model import Place
from unilogin.domain.credentials.model import PasswordType
from unilogin.domain.directory.model import AccountId, Username
from unilogin.domain.services.model import Level

PermitId = NewType("PermitId", UUID)

PERMIT_SECONDS = 15 * 60
"""How long leave lasts: a seven-year-old learns four pictures, somebody fetches a pencil."""

MOST_TRIES = 20
"""How many secrets of one's own may be thought of in a journey: each costs hashes, and tells of the last ones."""

READER_SECONDS = 10 * 60
"""How long the usernames may be read after MitID."""


class Proof(StrEnum):
    """What leave was given for."""

    MITID = "mitid"  # one's own
    PASSWORD = "password"  # the present one, typed a moment ago  # noqa: S105 - the name of a proof
    PARENT = "parent"  # a parent's MitID on this device
    PARENT_WINDOW = "parent window"
    TEACHER_WINDOW = "teacher window"

    @property
    def by_parent(self) -> bool:
        """Whether it is worth no more than the custody behind it."""
        return self in (Proof.PARENT, Proof.PARENT_WINDOW)


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to set a new secret for one account in one journey of one browser (V-39), read at each request.

    ``type`` is the kind of secret this person gets. ``assigned`` is the sealed one that was given and is the account's,
    until it was used once.
    """

    permit_id: PermitId
    account_id: AccountId
    username: Username
    proof: Proof
    level: Level
    helper_id: AccountId | None
    type: PasswordType
    assigned: bytes | None = field(repr=False)
    passkeys: int = 0
    """How many passkeys the account has: a new secret leaves them alone, and the page says so."""

    @property
    def own(self) -> bool:
        """Whether its owner proved it alone."""
        return self.proof in (Proof.MITID, Proof.PASSWORD)


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who proved with MitID in this journey who they are."""

    account_id: AccountId
    level: Level


@dataclass(frozen=True, slots=True)
class OwnName:
    """What somebody is shown of their own account; ``may_sign_in``: whether a password of it opens anything."""

    account_id: AccountId
    name: str
    username: Username
    places: tuple[Place, ...]
    may_sign_in: bool
