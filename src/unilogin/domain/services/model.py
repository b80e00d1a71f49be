"""Services and their clients."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType
from uuid import UUID

from unilogin.domain.directory.model import ActorGroup

ServiceId = NewType("ServiceId", UUID)
ClientId = NewType("ClientId", str)

Licences = frozenset[tuple[str, str]]
"""Licences of a person's institutions for one service: institution number, and actor group or "" for all of them."""


class Level(StrEnum):
    """Unilogin's levels of assurance (sikringsniveauer), lowest first; docs/danish-service.md 3."""

    EN_FAKTOR = "EnFaktor"
    VOKSEN_VERIFICERET = "VoksenVerificeret"
    TO_FAKTOR = "ToFaktor"

    @property
    def rank(self) -> int:
        """The order of the levels."""
        return list(Level).index(self)


class Attribute(StrEnum):
    """What a service can be registered to receive beyond its own pseudonym."""

    UNIID = "uniid"
    AKTOER_GRUPPE = "aktoer_gruppe"
    INSTITUTION_IDS = "institution_ids"
    HAS_LICENSE = "has_license"


STANDARD_ATTRIBUTES = (Attribute.UNIID, Attribute.AKTOER_GRUPPE)
"""What every service gets (docs/danish-service.md 1.4); a lightweight one (1.6) is registered without them."""


@dataclass(frozen=True, slots=True)
class Service:
    """A learning service: the unit of licence, attribute release and pairwise subjects."""

    service_id: ServiceId
    name: str
    name_en: str | None
    provider: str
    home_url: str
    sector: str
    attributes: frozenset[Attribute]
    actor_groups: frozenset[ActorGroup]
    minimum_level: Level
    licence_required: bool
    missing_licence_url: str | None
    own: bool = False
    """One of our own apps: no learning service, and it takes the whole person, whatever their role."""

    def accepts(self, group: ActorGroup) -> bool:
        """Tell whether people may enter as a member of this group."""
        return not self.actor_groups or group in self.actor_groups

    def name_in(self, language: str) -> str:
        """Return the service's name in a language of the interface."""
        return self.name_en if language == "en" and self.name_en else self.name


@dataclass(frozen=True, slots=True)
class Client:
    """An OpenID Connect client of a service (RFC 6749 §2)."""

    client_id: ClientId
    service: Service
    confidential: bool
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...]
    web_origins: tuple[str, ...]
    pkce_required: bool
    secret_hashes: tuple[bytes, ...]
    backchannel_logout_uri: str | None = None
    frontchannel_logout_uri: str | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    """What was wrong with a request, told to the service's developer by its id."""

    incident_id: str
    client_id: str | None
    code: str
    detail: dict[str, object]
