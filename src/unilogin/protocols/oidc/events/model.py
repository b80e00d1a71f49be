"""One change to be told to one client."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from unilogin.domain.services.model import ClientId


@dataclass(frozen=True, slots=True)
class Event:
    """An identifier of one service's that changed. ``claimed_at``: by the database; ``url``: where it is pushed.

    ``takes_back``: the event that this one takes back, as the same client was told it.
    """

    event_id: UUID
    client_id: ClientId
    format: str
    old_value: str
    new_value: str
    happened_at: datetime
    claimed_at: datetime
    attempts: int = 0
    url: str = ""
    takes_back: UUID | None = None


@dataclass(frozen=True, slots=True)
class Poll:
    """What a client asks for, and what it says of what it was given before (RFC 8936 §2.2)."""

    most: int
    acknowledged: tuple[UUID, ...]
    refused: tuple[tuple[UUID, str], ...]


@dataclass(frozen=True, slots=True)
class Fares:
    """How one client fares: what it was told, what waits, what is no longer pushed."""

    client_id: ClientId
    told: int
    waiting: int
    given_up: int
    last_answer: str | None
