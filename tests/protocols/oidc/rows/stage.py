"""What a row of the table plays on: clients of every kind, somebody signed in, and the database behind it all."""

import json
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from tests.builders.people import People, Somebody
from tests.protocols.oidc.database import Database
from tests.protocols.oidc.relying_party import Entered, RelyingParty
from tests.server import RunningServer
from tests.visitor import Visitor
from unilogin.kit.ids import digest

WEB = "https://rp.dk/callback?app=1"
NATIVE = "http://127.0.0.1/callback"
NATIVE_6 = "http://[::1]:7/callback"
NATIVE_URI = "http://127.0.0.1:4000/callback"
PAGE_ORIGIN = "https://pages.rp.dk"


@dataclass(frozen=True, slots=True)
class Stage:
    """The stage is shared by all rows: a row leaves it as it was."""

    clients: dict[str, RelyingParty]
    people: People
    pupil: Somebody
    browser: Visitor
    http: httpx.Client
    database: Database

    @property
    def service(self) -> RelyingParty:
        return self.clients["service"]

    @property
    def other(self) -> RelyingParty:
        return self.clients["other"]

    @property
    def native(self) -> RelyingParty:
        return self.clients["native app"]

    @property
    def issuer(self) -> str:
        return self.service.server.issuer

    def entered(self, client: RelyingParty | None = None, **changed: str | None) -> Entered:
        """Send the pupil who is signed in to a service once more: a fresh code."""
        client = client or self.service
        return client.enter_again(self.browser, attempt=client.attempt(**changed))

    def tokens(self, client: RelyingParty | None = None) -> dict[str, str]:
        """Tokens of the pupil who is signed in."""
        client = client or self.service
        return client.tokens(self.entered(client))

    def expire_code(self, code: str) -> None:
        self.database.execute("update oidc_grant set code_expires_at = kit_now() where grant_id = $1", digest(code))

    def expire_token(self, token: str) -> None:
        self.database.execute("update oidc_token set expires_at = kit_now() where token_hash = $1", digest(token))


def logged(server: RunningServer) -> list[str]:
    """The events in a server's log, in order."""
    lines = server.log.read_text(errors="replace").splitlines()
    return [str(json.loads(line).get("event")) for line in lines if line.startswith("{")]


@dataclass(frozen=True, slots=True)
class Row:
    """One bad input and the answer it must get; ``play`` says in the words of the table what came of it."""

    id: str
    what: str
    expected: str
    play: Callable[[Stage], str]


def told(response: httpx.Response) -> str:
    """Say what a machine endpoint answered, checking what RFC 6749 §5.2 and RFC 6750 §3 promise."""
    status = response.status_code
    if status in (401, 405):
        assert response.headers.get("allow" if status == 405 else "www-authenticate")
    if response.headers.get("content-type") != "application/json":
        return str(status)
    assert response.headers["cache-control"] == "no-store"
    body = response.json()
    if "error" in body:
        assert "access_token" not in body
        assert set(body) == {"error", "error_description"}
    return f"{status} {body['error']}" if "error" in body else str(status)
