"""What Regneriget knows: its settings, and what it was told about whoever is signed in."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Settings:
    """How the service is registered at Unilogin."""

    issuer: str
    client_id: str
    client_secret: str
    public_url: str

    @property
    def redirect_uri(self) -> str:
        return f"{self.public_url}/callback"

    @property
    def post_logout_redirect_uri(self) -> str:
        return f"{self.public_url}/signed-out"

    @property
    def issuer_origin(self) -> str:
        parts = urlsplit(self.issuer)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def host_name(self) -> str:
        return urlsplit(self.public_url).hostname or "localhost"

    @property
    def https(self) -> bool:
        return self.public_url.startswith("https://")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The tokens of one sign-in and the claims of its id token, checked."""

    claims: Mapping[str, object]
    about: Mapping[str, object]
    id_token: str
    access_token: str
    refresh_token: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What Unilogin answered to a further question; `question` is userinfo, introspection or refresh."""

    question: str
    body: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Visit:
    """One browser that is signed in."""

    signed_in: SignedIn
    answer: Answer | None = None
