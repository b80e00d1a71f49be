"""What somebody is shown of themselves, or of a child of theirs."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from unilogin.domain.credentials.model import PasswordType
from unilogin.domain.directory.model import ActorGroup, InstitutionNumber
from unilogin.domain.services.model import Service


class Reader(StrEnum):
    """For whom a page is written."""

    YOUNG = "young"
    """Signs in with pictures: few words, and large ones."""
    PUPIL = "pupil"
    ADULT = "adult"


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody belongs: an institution, as what, in which class and groups."""

    number: InstitutionNumber
    institution: str
    actor_group: ActorGroup
    roles: tuple[str, ...]
    class_name: str | None
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Secret:
    """The kind of password that somebody has, and since when; never the password."""

    type: PasswordType
    set_at: datetime


@dataclass(frozen=True, slots=True)
class Use:
    """A service, whether the person may enter it now, and when it was first and last told about them."""

    service: Service
    may_enter: bool
    first_at: datetime | None
    last_at: datetime | None

    @property
    def attributes(self) -> tuple[str, ...]:
        """What the service is told beyond the pseudonym, in a fixed order."""
        return tuple(sorted(attribute.value for attribute in self.service.attributes))


@dataclass(frozen=True, slots=True)
class Happening:
    """A row of the audit log that its subject may read: what and when; who did it only by kind (N-112)."""

    sequence: int
    at: datetime
    action: str
    outcome: str
    by: str
    """``self``, or what kind of somebody else: a person, an operator, a source system, a service, the system."""
    service: str | None
    service_en: str | None
    word: str | None
    """A word of the event's own, such as who opened a window or why a session ended; see ``history``."""
    place: str | None = None
    """The institution at which it happened, where it happened at one."""
