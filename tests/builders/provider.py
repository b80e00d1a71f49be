"""An OpenID provider that tells the truth, until a test tells it how to lie."""

import base64
import hashlib
import itertools
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote_plus, urlencode, urlsplit

from tests.builders.people import People, Somebody
from tests.builders.running import connect, run
from unilogin.domain.access.model import Right
from unilogin.domain.audit.model import Actor
from unilogin.domain.directory.cpr import read_cpr
from unilogin.kit.ids import new_token
from unilogin.kit.jose import SigningKey
from unilogin.kit.secrets import Secrets
from unilogin.protocols.oidc_rp import actions
from unilogin.protocols.oidc_rp.model import Names, Registration
from unilogin.protocols.oidc_rp.presets import PRESETS
from unilogin.signin.model import Alias, ProviderKind
from unilogin.signin.providers import switch_provider

SUBSTANTIAL = "https://data.gov.dk/concept/core/nsis/loa/Substantial"
OPERATOR = Actor("operator", "tests")
PATIENCE_SECONDS = 30

DISCOVERY, TOKEN, JWKS, USERINFO = "/.well-known/openid-configuration", "/token", "/jwks", "/userinfo"

Claims = dict[str, Any]
_KEY = SigningKey.generate("RS256")
_numbers = itertools.count(1)
_serials = itertools.count(1)


def new_cpr() -> str:
    """A CPR number that nobody can have: 60 is added to the day."""
    number = next(_serials)
    return f"{61 + number % 28}{1 + number // 28 % 12:02}{number // 336 % 100:02}{4000 + number % 5000:04}"


@dataclass(frozen=True)
class Behaviour:
    """How one address answers in place of the truth."""

    status: int = 200
    body: bytes = b"{}"
    content_type: str = "application/json"
    delay: float = 0.0
    drip: bool = False
    endless: int = 0
    """So many bytes of nothing in place of the body."""
    location: str = ""
    hang_up: bool = False


@dataclass(frozen=True)
class _Grant:
    redirect_uri: str
    challenge: str
    id_token: str
    userinfo: Claims
    access_token: str


@dataclass(eq=False)
class StubProvider:
    """A provider on a port of its own."""

    port: int = 0
    client_id: str = "unilogin-at-the-stub"
    client_secret: str = "a secret: with/odd+signs"
    key: SigningKey = _KEY
    behaves: dict[str, Behaviour] = field(default_factory=dict)
    """Path → how it answers now."""
    metadata: Claims = field(default_factory=dict)
    """What the metadata says in place of the truth; None takes a member away."""
    jwks: Claims | None = None
    """The key set in place of the true one."""
    token_says: Claims = field(default_factory=dict)
    moved_seconds: float = 0.0
    """How far its clock goes with a database whose time a test has moved."""
    asked: list[str] = field(default_factory=list)
    """The paths that were asked for, in order."""
    _grants: dict[str, _Grant] = field(default_factory=dict)

    @property
    def issuer(self) -> str:
        return f"http://localhost:{self.port}"

    def approve(
        self,
        url: str,
        claims: Mapping[str, Any],
        *,
        lie: Callable[[Claims], Claims] = lambda claims: claims,
        sign: Callable[[Claims], str] | None = None,
        userinfo: Mapping[str, Any] | None = None,
    ) -> str:
        """Let somebody with these claims approve at an authorization address; return where the browser is sent.

        ``lie`` changes the id token's claims before they are signed, ``sign`` makes the token in another way.
        """
        asked = dict(parse_qsl(urlsplit(url).query))
        now = int(time.time() + self.moved_seconds)
        honest = {
            "iss": self.issuer,
            "aud": self.client_id,
            "sub": "subject-of-somebody",
            "iat": now,
            "exp": now + 300,
            "auth_time": now,
            "nonce": asked["nonce"],
            "acr": SUBSTANTIAL,
            **claims,
        }
        signed = (sign or self.key.sign)(lie(dict(honest)))
        told = {"sub": honest["sub"], **(userinfo or {})}
        code, access = new_token(), new_token()
        self._grants[code] = _Grant(asked["redirect_uri"], asked["code_challenge"], signed, told, access)
        return self.answer(url, {"code": code, "iss": self.issuer})

    def answer(self, url: str, fields: Mapping[str, str]) -> str:
        """Return where the browser is sent with these fields and the state of an authorization address."""
        asked = dict(parse_qsl(urlsplit(url).query))
        return f"{asked['redirect_uri']}?{urlencode({'state': asked['state'], **fields})}"

    def about_itself(self) -> Claims:
        told: Claims = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}{TOKEN}",
            "jwks_uri": f"{self.issuer}{JWKS}",
            "userinfo_endpoint": f"{self.issuer}{USERINFO}",
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            **self.metadata,
        }
        return {name: value for name, value in told.items() if value is not None}

    def redeem(self, headers: Mapping[str, str], fields: Mapping[str, str]) -> tuple[int, Claims]:
        """Answer at the token endpoint as strictly as a good provider does."""
        pair = base64.b64encode(f"{quote_plus(self.client_id)}:{quote_plus(self.client_secret)}".encode()).decode()
        in_body = fields.get("client_id") == self.client_id and fields.get("client_secret") == self.client_secret
        if headers.get("authorization") != f"Basic {pair}" and not in_body:
            return 401, {"error": "invalid_client"}
        grant = self._grants.pop(fields.get("code", ""), None)
        verifier = hashlib.sha256(fields.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(verifier).rstrip(b"=").decode()
        if grant is None or grant.redirect_uri != fields.get("redirect_uri") or grant.challenge != challenge:
            return 400, {"error": "invalid_grant"}
        self._grants[grant.access_token] = grant
        told = {"id_token": grant.id_token, "access_token": grant.access_token, "token_type": "Bearer"}
        return 200, {**told, **self.token_says}

    def tell(self, headers: Mapping[str, str]) -> tuple[int, Claims]:
        """Answer at the userinfo endpoint."""
        grant = self._grants.get(headers.get("authorization", "").removeprefix("Bearer "))
        return (200, grant.userinfo) if grant else (401, {})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    stub: StubProvider

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name the base class gives it
        pass

    def do_GET(self) -> None:
        self._answer({})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        self._answer(dict(parse_qsl(body.decode())))

    def _answer(self, fields: Mapping[str, str]) -> None:
        path = urlsplit(self.path).path
        self.stub.asked.append(path)
        with suppress(BrokenPipeError, ConnectionResetError):
            if (behaviour := self.stub.behaves.get(path)) is not None:
                self._misbehave(behaviour)
            else:
                self._tell(*self._truth(path, fields))

    def _truth(self, path: str, fields: Mapping[str, str]) -> tuple[int, Claims]:
        headers = {name.lower(): value for name, value in self.headers.items()}
        match path:
            case "/.well-known/openid-configuration":
                return 200, self.stub.about_itself()
            case "/jwks":
                return 200, self.stub.jwks or {"keys": [self.stub.key.public_jwk()]}
            case "/token":
                return self.stub.redeem(headers, fields)
            case "/userinfo":
                return self.stub.tell(headers)
        return 404, {}

    def _tell(self, status: int, told: Claims) -> None:
        self._head(status, "application/json", len(body := json.dumps(told).encode()))
        self.wfile.write(body)

    def _head(self, status: int, content_type: str, length: int, location: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(length))
        if location:
            self.send_header("Location", location)
        self.end_headers()

    def _misbehave(self, behaviour: Behaviour) -> None:
        if behaviour.hang_up:
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        time.sleep(behaviour.delay)  # the behaviour under test, not a wait for luck
        length = behaviour.endless or len(behaviour.body)
        self._head(behaviour.status, behaviour.content_type, length, behaviour.location)
        if behaviour.endless:
            for _ in range(behaviour.endless // 65536):
                self.wfile.write(b" " * 65536)
        elif behaviour.drip:
            for number in range(PATIENCE_SECONDS * 10):
                self.wfile.write(behaviour.body[number : number + 1])
                self.wfile.flush()
                time.sleep(0.1)  # the behaviour under test
        else:
            self.wfile.write(behaviour.body)


@contextmanager
def stub_provider() -> Iterator[StubProvider]:
    """Run a provider while the block runs."""
    stub = StubProvider()
    handler = type("_HandlerOfOne", (_Handler,), {"stub": stub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    stub.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()


@dataclass(frozen=True, slots=True)
class Providers:
    """Registers providers in one database, as an operator does."""

    dsn: str
    secrets: Secrets

    def add(
        self,
        stub: StubProvider,
        *,
        preset: str = "plain",
        alias: str | None = None,
        issuer: str | None = None,
        rights: Mapping[str, Right] | None = None,
        client_secret: str | None = None,
    ) -> Alias:
        """Register a provider and offer it; return its alias."""
        given = Alias(alias or f"stub-{next(_numbers)}")
        registration = Registration(
            alias=given,
            issuer=issuer or stub.issuer,
            client_id=stub.client_id,
            client_secret=client_secret or stub.client_secret,
            preset=preset,
            scopes=PRESETS[preset].scopes,
            acr_values=PRESETS[preset].acr_values,
            rights=rights or {right.value: right for right in Right},
        )
        run(self._add(registration))
        return given

    async def _add(self, registration: Registration) -> None:
        connection = await connect(self.dsn)
        try:
            async with connection.transaction():
                await actions.add(
                    connection,
                    registration,
                    names=Names("MitID", "MitID"),
                    kind=ProviderKind.MITID,
                    secrets=self.secrets,
                    actor=OPERATOR,
                )
        finally:
            await connection.close()

    def switch(self, alias: Alias, *, on: bool) -> None:
        """Enable or disable a provider."""
        run(self._switch(alias, on=on))

    async def _switch(self, alias: Alias, *, on: bool) -> None:
        connection = await connect(self.dsn)
        try:
            async with connection.transaction():
                await switch_provider(connection, alias, on=on, actor=OPERATOR)
        finally:
            await connection.close()


def give_cpr(people: People, somebody: Somebody, cpr: str | None = None) -> str:
    """Give somebody a CPR number; return it."""
    number = read_cpr(cpr or new_cpr())
    run(_give_cpr(people, somebody, number))
    return number


async def _give_cpr(people: People, somebody: Somebody, cpr: str) -> None:
    vault = people.secrets.cpr_vault()
    connection = await connect(people.dsn)
    try:
        await connection.execute(
            "update directory_person set cpr_sealed = $2, cpr_index = $3 where person_id = $1",
            somebody.person_id,
            vault.seal(cpr, somebody.person_id),
            vault.index(cpr),
        )
    finally:
        await connection.close()


def asked_of(url: str) -> dict[str, str]:
    """Return the parameters of an authorization address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
