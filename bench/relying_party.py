"""The other end of the wire: browsers that are signed in, and the services they enter. Its own CPU is not counted."""

import asyncio
import base64
import hashlib
import secrets
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit

import httpx

AT_ONCE = 4
"""So many requests are under way at a time."""

Piece = TypeVar("Piece")


class UnexpectedAnswerError(Exception):
    """A server did not do the work that is measured."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service as it is registered on both sides."""

    client_id: str
    client_secret: str
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where a provider takes what."""

    authorization: str
    token: str
    userinfo: str


@dataclass(slots=True)
class Visit:
    """One way of one browser into one service, and what came of it."""

    browser: httpx.AsyncClient
    service: Service
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    code: str = ""
    access_token: str = ""
    refresh_token: str = ""


def authorization_url(endpoints: Endpoints, visit: Visit, **more: str) -> str:
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
    return str(httpx.URL(endpoints.authorization, params=query))


def code_in(answer: httpx.Response, visit: Visit) -> str:
    """Return the code that an answer sends to the service."""
    location: str = answer.headers.get("location", "")
    codes = parse_qs(urlsplit(location).query).get("code", [])
    if not location.startswith(visit.service.redirect_uri) or len(codes) != 1:
        raise UnexpectedAnswerError(f"no code: {answer.status_code} {location} {answer.text[:300]}")
    return codes[0]


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """What all services do, over keep-alive connections of their own to the provider."""

    endpoints: Endpoints
    back_channel: httpx.AsyncClient

    async def authorize(self, visit: Visit) -> None:
        """Send the browser to the provider, which knows it, and take the code it comes back with."""
        visit.code = code_in(await visit.browser.get(authorization_url(self.endpoints, visit)), visit)

    async def redeem(self, visit: Visit) -> None:
        """Turn the code into tokens."""
        form = {
            "grant_type": "authorization_code",
            "code": visit.code,
            "redirect_uri": visit.service.redirect_uri,
            "code_verifier": visit.verifier,
        }
        await self._take_tokens(visit, form)

    async def refresh(self, visit: Visit) -> None:
        """Turn the refresh token into new tokens."""
        await self._take_tokens(visit, {"grant_type": "refresh_token", "refresh_token": visit.refresh_token})

    async def ask_who(self, visit: Visit) -> None:
        """Ask who it is that came."""
        bearer = {"authorization": f"Bearer {visit.access_token}"}
        answer = await self.back_channel.get(self.endpoints.userinfo, headers=bearer)
        if "sub" not in _json(answer):
            raise UnexpectedAnswerError(f"userinfo: {answer.text[:300]}")

    async def _take_tokens(self, visit: Visit, form: dict[str, str]) -> None:
        credentials = (visit.service.client_id, visit.service.client_secret)
        answer = _json(await self.back_channel.post(self.endpoints.token, data=form, auth=credentials))
        visit.access_token, visit.refresh_token = answer["access_token"], answer["refresh_token"]
        if "id_token" not in answer:
            raise UnexpectedAnswerError("no id token")


def _json(answer: httpx.Response) -> dict[str, str]:
    if answer.status_code != 200:
        raise UnexpectedAnswerError(f"{answer.request.url}: {answer.status_code} {answer.text[:300]}")
    found: dict[str, str] = answer.json()
    return found


async def for_each(pieces: Iterable[Piece], work: Callable[[Piece], Awaitable[object]]) -> None:
    """Do the work for every piece, ``AT_ONCE`` at a time."""
    queue = iter(pieces)

    async def drain() -> None:
        for piece in queue:
            await work(piece)

    await asyncio.gather(*(drain() for _ in range(AT_ONCE)))


def visits(browsers: Sequence[httpx.AsyncClient], services: Sequence[Service]) -> list[Visit]:
    """Return a visit of every browser to every service, one service after the other."""
    return [Visit(browser, service) for service in services for browser in browsers]
