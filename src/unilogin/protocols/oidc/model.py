"""What the provider hands out, and about whom."""

from dataclasses import dataclass
from datetime import datetime
from typing import NewType

from unilogin.domain.directory.model import ActorGroup, Standing
from unilogin.domain.services.model import ClientId, Level, Licences, Service
from unilogin.domain.sessions.model import Session

GrantId = NewType("GrantId", bytes)
"""The SHA-256 of a grant's code: all that came from one authorization is found, and revoked, by it."""

SCOPE = "openid"
"""The one scope there is: what a service is told stands in its registration, not in its request (N-38)."""

CODE_SECONDS = 60  # N-32
ACCESS_SECONDS = 300
REFRESH_SECONDS = 1799  # each new one; never longer than the session (docs/danish-service.md 1.3)
ID_TOKEN_SECONDS = 300
POSTED_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody with a live session at a service's door, read in one statement with the database's time.

    ``subject`` is None at the first meeting with the service's sector.
    """

    session: Session
    standing: Standing
    subject: str | None
    visited_as: ActorGroup | None
    licences: Licences
    now: datetime


@dataclass(frozen=True, slots=True)
class Holder:
    """About whom a live code or token speaks, to which service, and on which session it hangs: as things are now."""

    grant_id: GrantId
    client_id: ClientId
    service: Service
    subject: str
    actor_group: ActorGroup
    scope: str
    insisted_level: Level
    """Without which the person would not have entered: the grant means nothing on a session that is less sure."""
    session: Session
    standing: Standing
    licences: Licences


@dataclass(frozen=True, slots=True)
class FoundAccessToken:
    """An access token that is good now; ``web_origins`` are its client's, for CORS."""

    holder: Holder
    web_origins: tuple[str, ...]
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Issued:
    """New tokens, in clear for the last time; times are the database's. ``nonce`` is the request's, if it had one."""

    holder: Holder
    nonce: str | None
    access_token: str
    refresh_token: str
    at: datetime
    access_expires_at: datetime
    refresh_expires_at: datetime
