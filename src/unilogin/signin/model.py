"""A journey, what was demanded of it, and what came out."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from unilogin.domain.access.model import Right
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
    """Ways in of our own, as the selector posts them in ``selectedIdp``; a provider's is its alias."""

    UNILOGIN = "uni_idp"


class Step(StrEnum):
    """Where a journey stands; the value is the last part of the page's address."""

    METHOD = "method"
    USERNAME = "username"
    SECRET = "secret"  # noqa: S105 - the name of a step
    NOTICE = "notice"
    LEVEL = "level"
    ROLE = "role"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Demands:
    """What the protocol asks of the journey: ``level`` is insisted on, ``wished`` is not."""

    username_hint: str = ""
    level: Level = Level.EN_FAKTOR
    wished: Level = Level.EN_FAKTOR


class Lacking(StrEnum):
    """Somebody is signed in, but less surely than the service asks."""

    INSISTED = "insisted"  # and without more it lets nobody in
    WISHED = "wished"  # and would rather have more


class Way(StrEnum):
    """How somebody who is signed in can make us surer; as the page posts it."""

    MITID = "mitid"
    PASSKEY = "passkey"
    PARENT = "parent"
    TEACHER = "teacher"


@dataclass(frozen=True, slots=True)
class Means:
    """What somebody has to prove more with, as things are now."""

    username: Username
    mitid_offered: bool  # there is a provider of it
    public_law: bool  # all their institutions are public-law bodies, whose people may use it
    cpr_known: bool  # so that MitID can name them
    old_enough: bool  # for a MitID of one's own
    sure_passkey: bool  # one that was added after proving two factors
    child: bool  # a pupil under 18
    guardian: bool  # somebody with custody whom MitID can name
    teacher: bool  # somebody at school who may help them in Elevadgang


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
    lacking: Lacking | None = None
    """Set when somebody is signed in less surely than is asked; gone when that is settled."""
    named_as: Username | None = None
    """What was typed, where that is the name of an account that was merged into the one of ``username``."""

    @property
    def shown_name(self) -> Username | None:
        """The name as its owner typed it."""
        return self.named_as or self.username

    @property
    def wanted_level(self) -> Level:
        """The level that is asked of somebody who is signed in less surely."""
        return self.demands.wished if self.lacking is Lacking.WISHED else self.demands.level


@dataclass(frozen=True, slots=True)
class Result:
    """What a finished journey gives the protocol, once. ``started_at`` is when the protocol sent the browser on it."""

    session_id: SessionId
    account_id: AccountId
    actor_group: ActorGroup
    started_at: datetime


Alias = NewType("Alias", str)
"""What a provider is called in addresses and in the selector's field ``selectedIdp``; never changes."""


class ProviderKind(StrEnum):
    """What people sign in with there."""

    MITID = "mitid"


@dataclass(frozen=True, slots=True)
class Provider:
    """Somebody else who proves who people are."""

    alias: Alias
    kind: ProviderKind
    name_da: str
    name_en: str
    enabled: bool

    def name_in(self, language: str) -> str:
        """Return its name in a language of the interface."""
        return self.name_en if language == "en" else self.name_da


ErrandId = NewType("ErrandId", UUID)


class IdentityKind(StrEnum):
    """As whom somebody proved who they are: as themselves, or for a business (erhvervsidentitet)."""

    PRIVATE = "private"
    BUSINESS = "business"


class Failure(StrEnum):
    """Why somebody came back without an identity."""

    CANCELLED = "cancelled"  # by the person
    UNAVAILABLE = "unavailable"  # the provider does not answer, or not in time
    REFUSED = "refused"  # the provider said no, or said something that is not believed
    LEVEL = "level"  # proved, but not as sure as it must be


@dataclass(frozen=True, slots=True)
class ExternalIdentity:
    """Who a provider says it is. ``cpr_index`` is the look-up value; None when the provider told no CPR number."""

    alias: Alias
    issuer: str
    subject: str
    cpr_index: bytes | None
    level: Level
    kind: IdentityKind
    cvr: str | None
    rights: tuple[Right, ...]
    age: int | None
    authenticated_at: datetime


@dataclass(frozen=True, slots=True)
class Errand:
    """An errand that is under way, as the provider's protocol sees it."""

    errand_id: ErrandId
    journey_id: JourneyId
    alias: Alias
    return_to: str

    @property
    def back(self) -> str:
        """Where the browser goes when the provider has answered."""
        return f"{self.return_to}{'&' if '?' in self.return_to else '?'}errand={self.errand_id}"
