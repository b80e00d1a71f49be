"""The other end of the wire: the services that people enter with their browsers."""

import base64
import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode, urlsplit

from bench.wire import Answer, Browser, UnexpectedAnswerError, Wire


@dataclass(frozen=True, slots=True)
class Service:
    """A service as it is registered on both sides."""

    client_id: str
    client_secret: str
    redirect_uri: str

    @property
    def basic(self) -> str:
        """The value of its Authorization header."""
        return "Basic " + base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where a provider takes what."""

    authorization: str
    token: str
    userinfo: str


@dataclass(slots=True)
class Visit:
    """One way of one browser into one service, and what came of it."""

    browser: Browser
    service: Service
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    code: str = ""
    access_token: str = ""
    refresh_token: str = ""


def visits(browsers: Sequence[Browser], services: Sequence[Service]) -> list[list[Visit]]:
    """Return, for every browser, its visits to all services: a browser makes one after the other."""
    return [[Visit(browser, service) for service in services] for browser in browsers]


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """What all services do with one provider."""

    endpoints: Endpoints
    wire: Wire

    def authorization_url(self, visit: Visit, **more: str) -> str:
        """Return the address that a service sends its user's browser to."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(visit.verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code",
            "client_id": visit.service.client_id,
            "redirect_uri": visit.service.redirect_uri,
            "scope": "openid",
            "state": secrets.token_urlsafe(16),
            "nonce": secrets.token_urlsafe(16),
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **more,
        }
        return f"{self.endpoints.authorization}?{urlencode(query)}"

    def authorize(self, visit: Visit) -> None:
        """Send the browser to the provider, which knows it, and take the code it comes back with."""
        self.take_code(visit, visit.browser.get(self.authorization_url(visit)))

    def take_code(self, visit: Visit, answer: Answer) -> None:
        """Take the code that an answer sends to the service."""
        codes = parse_qs(urlsplit(answer.location).query).get("code", [])
        if not answer.location.startswith(visit.service.redirect_uri) or len(codes) != 1:
            raise answer.unexpected()
        visit.code = codes[0]

    def redeem(self, visit: Visit) -> None:
        """Turn the code into tokens."""
        form = {
            "grant_type": "authorization_code",
            "code": visit.code,
            "redirect_uri": visit.service.redirect_uri,
            "code_verifier": visit.verifier,
        }
        self._take_tokens(visit, form)

    def refresh(self, visit: Visit) -> None:
        """Turn the refresh token into new tokens."""
        self._take_tokens(visit, {"grant_type": "refresh_token", "refresh_token": visit.refresh_token})

    def ask_who(self, visit: Visit) -> None:
        """Ask who it is that came."""
        bearer = {"authorization": f"Bearer {visit.access_token}"}
        found = _object(self.wire.send("GET", self.endpoints.userinfo, bearer))
        if "sub" not in found:
            raise UnexpectedAnswerError(f"userinfo without a subject: {found}")

    def _take_tokens(self, visit: Visit, form: dict[str, str]) -> None:
        headers = {"authorization": visit.service.basic, "content-type": "application/x-www-form-urlencoded"}
        found = _object(self.wire.send("POST", self.endpoints.token, headers, urlencode(form).encode()))
        if not found.get("id_token"):
            raise UnexpectedAnswerError(f"tokens without an id token: {found}")
        visit.access_token, visit.refresh_token = found["access_token"], found["refresh_token"]


def _object(answer: Answer) -> dict[str, str]:
    if answer.status != 200:
        raise answer.unexpected()
    found: dict[str, str] = json.loads(answer.body)
    return found
