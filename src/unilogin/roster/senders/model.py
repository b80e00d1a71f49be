"""A system that delivers for schools, and what it proves itself with."""

from dataclasses import dataclass
from datetime import datetime
from typing import NewType
from uuid import UUID

from unilogin.domain.audit.model import Actor
from unilogin.domain.directory.model import InstitutionId

SenderId = NewType("SenderId", UUID)
TokenId = NewType("TokenId", UUID)


@dataclass(frozen=True, slots=True)
class Sender:
    """Who proved a moment ago to be this system. ``system_id`` is what it is called in messages (UdbydersystemId)."""

    sender_id: SenderId
    system_id: str

    @property
    def actor(self) -> Actor:
        """Return who the audit log says delivered."""
        return Actor("source", self.system_id)


@dataclass(frozen=True, slots=True)
class Proof:
    """What a sender came with: the certificate of its message, or its token. An operator comes with neither."""

    fingerprint: bytes | None = None
    token_id: TokenId | None = None


@dataclass(frozen=True, slots=True)
class SignedBy:
    """A sender whose certificate signed a message, and what is known of the certificate."""

    sender: Sender
    fingerprint: bytes
    ends: datetime | None
    """When, if that is soon."""
    chain: tuple[bytes, ...]
    """In DER, the certificate first; empty where nobody said who may have issued it."""


@dataclass(frozen=True, slots=True)
class TokenBearer:
    """A sender that came with a token, and what the token is good for."""

    sender: Sender
    token_id: TokenId
    only: frozenset[InstitutionId] | None
    """None: every institution it has an agreement with."""
    ends: datetime | None
    """When it expires, if that is soon."""


@dataclass(frozen=True, slots=True)
class Registered:
    """A sender as an operator sees it."""

    sender_id: SenderId
    system_id: str
    name: str
    stopped_at: datetime | None
    institutions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KnownCertificate:
    """A certificate as it is registered."""

    fingerprint: str
    subject: str
    valid_from: datetime
    valid_until: datetime
    chained: bool


@dataclass(frozen=True, slots=True)
class Ending:
    """Something that a sender proves itself with, and that ends soon or has ended with nothing after it."""

    system_id: str
    what: str  # certificate, token
    until: datetime


@dataclass(frozen=True, slots=True)
class KnownToken:
    """A token as it is registered; nobody can say what it was."""

    token_id: TokenId
    created_at: datetime
    expires_at: datetime
    institutions: tuple[str, ...] | None
