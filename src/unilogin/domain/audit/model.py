"""Who acts, the row that is written about it, and the links that seal the rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from unilogin.domain.audit.events import Event

ActorKind = Literal["person", "operator", "source", "service", "system"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does it: a person (account id), an operator at the command line, a source system, a client, or the system."""

    kind: ActorKind
    id: str

    @classmethod
    def person(cls, account_id: UUID) -> "Actor":
        """Return the actor for somebody signed in."""
        return cls("person", str(account_id))


SYSTEM = Actor("system", "unilogin")


@dataclass(frozen=True, slots=True)
class Entry:
    """One row to be: never with a secret, a CPR number or a name in ``detail`` (K-30)."""

    event: Event
    actor: Actor
    account_id: UUID | None = None
    institution_id: UUID | None = None
    about: str | None = None
    outcome: str = "ok"
    request_id: str | None = None
    detail: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Written:
    """One row as it stands in the log. ``detail`` is the text PostgreSQL gives for it, so that it hashes the same."""

    sequence: int
    at: datetime
    action: str
    outcome: str
    actor_kind: str
    actor_id: str
    account_id: UUID | None
    institution_id: UUID | None
    about: str | None
    request_id: str | None
    detail: str


@dataclass(frozen=True, slots=True)
class Claim:
    """What a link says about its rows: the numbers above ``after`` up to ``upto`` whose time is in ``month`` (UTC)."""

    number: int
    made_at: datetime
    month: date
    after: int
    upto: int
    events: int
    rows_hash: bytes
    previous: bytes


@dataclass(frozen=True, slots=True)
class Link:
    """A claim and what seals it. ``rows`` holds number and hash of each row; None once the month is dropped."""

    claim: Claim
    rows: bytes | None
    hash: bytes
    mac: bytes


@dataclass(frozen=True, slots=True)
class Anchor:
    """A month that was dropped on purpose, and what its links said."""

    month: date
    dropped_at: datetime
    actor: Actor
    links: int
    events: int
    hash: bytes
    mac: bytes
