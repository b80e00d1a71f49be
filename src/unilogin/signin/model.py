"""A journey, what was demanded of it, and what came out."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType
from uuid import UUID

from unilogin.domain.credentials.model import ChangeDue
from unilogin.domain.directory.model import AccountId, ActorGroup, Username
from unilogin.domain.services.model import Level, Service
from unilogin.domain.sessions.model import Device, SessionId

JourneyId = NewType("JourneyId", UUID)

JOURNEY_SECONDS = 30 * 60
"""How long a journey may take. Children are slow and lessons are interrupted."""

RESTART_SECONDS = 24 * 3600
"""How long after its start a stale journey can still begin again at the right service."""


class Method(StrEnum):
    """Ways in, as the selector posts them in ``selectedIdp``."""

    UNILOGIN = "uni_idp"
    MITID = "nemlogin3"


class Step(StrEnum):
    """Where a journey stands; the value is the last part of the page's address."""

    METHOD = "method"
    USERNAME = "username"
    SECRET = "secret"  # noqa: S105 - the name of a step
    NOTICE = "notice"
    ROLE = "role"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Demands:
    """What the protocol asks of the journey."""

    username_hint: str = ""
    level: Level = Level.EN_FAKTOR


@dataclass(frozen=True, slots=True)
class Journey:
    """A journey of this browser, read at the start of each request."""

    journey_id: JourneyId
    service: Service
    return_to: str
    demands: Demands
    method: Method | None
    username: Username | None
    device: Device
    session_id: SessionId | None
    actor_group: ActorGroup | None
    expired: bool
    finished: bool
    change_due: ChangeDue | None = None
    """Set by a proof with a password that must be changed, and by nothing else; gone when that is settled."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a finished journey gives the protocol, once."""

    session_id: SessionId
    account_id: AccountId
    actor_group: ActorGroup
