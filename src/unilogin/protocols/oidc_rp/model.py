"""A provider as it is spoken to, what it says of itself, and one errand under way."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from unilogin.domain.access.model import Right
from unilogin.domain.services.model import Level
from unilogin.signin.model import Alias, Errand

CALLBACK_SECONDS = 15 * 60
"""How long a provider may take to send the browser back."""


@dataclass(frozen=True, slots=True)
class Preset:
    """Which claim of a kind of provider means what. Where several names stand, the first that is there counts.

    ``levels`` holds every value of the level's claim that is good enough; whatever is not in it is not.
    """

    name: str
    title: str
    scopes: str
    acr_values: str
    cpr: tuple[str, ...]
    subject: tuple[str, ...]
    level: tuple[str, ...]
    levels: Mapping[str, Level]
    age: tuple[str, ...] = ()
    cvr: tuple[str, ...] = ()
    business: Mapping[str, str] | None = None
    """Claim → value that mark a business identity beside a CVR number."""
    rights: tuple[str, ...] = ()
    rights_are_oiobpp: bool = False
    """The rights come as a base64 list of the OIO Basic Privilege Profile."""
    userinfo: bool = False
    """Some of it is told at the userinfo endpoint only."""
    auth_time: bool = True
    """The id token must say when the person proved who they are."""
    cancelled: frozenset[str] = frozenset()
    """Values of ``error_description`` that mean: the person changed their mind."""

    @property
    def claims(self) -> tuple[str, ...]:
        """Every claim that is read."""
        return (*self.cpr, *self.subject, *self.level, *self.age, *self.cvr, *self.rights, *(self.business or ()))


@dataclass(frozen=True, slots=True)
class Registered:
    """A provider as the operator registered it. The secret is opened only to be sent."""

    alias: Alias
    issuer: str
    client_id: str
    secret_sealed: bytes
    preset: str
    scopes: str
    acr_values: str
    rights: Mapping[str, Right]

    @property
    def discovery_url(self) -> str:
        """Where it says of itself how it is spoken to (OpenID Connect Discovery §4)."""
        return f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"

    def __repr__(self) -> str:
        return f"Registered({self.alias})"


@dataclass(frozen=True, slots=True)
class Registration:
    """What an operator says of a provider."""

    alias: Alias
    issuer: str
    client_id: str
    client_secret: str
    preset: str
    scopes: str
    acr_values: str
    rights: Mapping[str, Right]

    def __repr__(self) -> str:
        return f"Registration({self.alias})"


@dataclass(frozen=True, slots=True)
class Names:
    """What people call a provider."""

    da: str
    en: str


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a provider says of itself, checked."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    names_itself: bool
    """It promises ``iss`` in every authorization response (RFC 9207)."""
    takes_basic: bool


@dataclass(frozen=True, slots=True)
class Flow:
    """An authorization request of ours that was answered a moment ago, in the browser that it was made for.

    ``now`` is the database's time when the answer was claimed.
    """

    state: str
    errand: Errand
    provider: Registered
    started_at: datetime
    now: datetime


@dataclass(frozen=True, slots=True)
class Expected:
    """What the id token of a flow must say."""

    issuer: str
    client_id: str
    nonce: str
    started_at: datetime
    now: datetime
    auth_time: bool
