"""What is told to whom, and how far that has come."""

from dataclasses import dataclass
from datetime import datetime

from unilogin.domain.services.model import ClientId
from unilogin.domain.sessions.model import SessionId


@dataclass(frozen=True, slots=True)
class Notice:
    """One client to be told of the end of one session, in the hands of one courier until its lease is over.

    ``attempts`` counts the one that is made now; ``claimed_at`` is the database's time.
    """

    session_id: SessionId
    client_id: ClientId
    subject: str
    url: str
    attempts: int
    claimed_at: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """How one client fares: what it was told in the last days, what waits, what was given up."""

    client_id: ClientId
    told: int
    waiting: int
    given_up: int
    waiting_since: datetime | None
    next_try_at: datetime | None
    last_answer: str | None
