"""A session, and how long one lives."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from unilogin.domain.access.model import Right
from unilogin.domain.directory.model import AccountId, ActorGroup, InstitutionId
from unilogin.domain.services.model import Level

SessionId = NewType("SessionId", UUID)
"""Travels as ``sid`` in tokens; opens nothing. The cookie's token is another value."""


class Device(StrEnum):
    """Whose device the browser runs on, as the person says; a shared one is the safe answer."""

    SHARED = "shared"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class UsedDevice:
    """Where somebody signs in: whose device, and what its browser calls itself."""

    device: Device
    browser: str


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long a session lives without being used, and at most; both in seconds."""

    idle_seconds: int
    absolute_seconds: int


@dataclass(frozen=True, slots=True)
class Session:
    """A session that is alive at this moment by the database's clock."""

    session_id: SessionId
    account_id: AccountId
    method: str
    level: Level
    auth_time: datetime


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A new session with the token for its cookie, which is not kept anywhere else."""

    session_id: SessionId
    token: str


@dataclass(frozen=True, slots=True)
class SessionRight:
    """A right at an institution that holds as long as one session: the identity that signed in brought it along."""

    institution_id: InstitutionId
    right: Right


@dataclass(frozen=True, slots=True)
class EndedSession:
    """A session that was ended a moment ago."""

    session_id: SessionId
    account_id: AccountId
    device: Device


@dataclass(frozen=True, slots=True)
class OwnSession:
    """A line of somebody's list of signed-in devices."""

    session_id: SessionId
    method: str
    device: Device
    browser: str
    auth_time: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Visit:
    """A service the session was used for, and the group the person acted in there."""

    service_name: str
    actor_group: ActorGroup
