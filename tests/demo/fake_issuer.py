"""A little OpenID provider that says yes to everybody, and lies when a test asks it to."""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID, SECRET = "regneriget", "a-secret-of-the-test"
REALM = "/auth/realms/broker"
CONNECT = f"{REALM}/protocol/openid-connect"


@dataclass
class FakeIssuer:
    """What it was asked, and how it is to misbehave: `lies` replaces claims of the id token."""

    origin: str
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"}))
    lies: dict[str, object] = field(default_factory=dict)
    refuse_with: dict[str, str] = field(default_factory=dict)
    answer_iss: str | None = None
    token_expired: bool = False
    asked: list[dict[str, str]] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    nonce: str = ""

    @property
    def issuer(self) -> str:
        return self.origin + REALM

    def behave(self) -> None:
        self.lies, self.refuse_with, self.answer_iss, self.token_expired = {}, {}, None, False
        self.asked.clear()

    def discovery(self) -> dict[str, object]:
        ends = {
            "authorization_endpoint": "auth",
            "token_endpoint": "token",
            "userinfo_endpoint": "userinfo",
            "introspection_endpoint": "token/introspect",
            "end_session_endpoint": "logout",
            "jwks_uri": "certs",
        }
        return {
            "issuer": self.issuer,
            "authorization_response_iss_parameter_supported": True,
            "id_token_signing_alg_values_supported": ["RS256"],
            **{name: f"{self.origin}{CONNECT}/{path}" for name, path in ends.items()},
        }

    def authorize(self, query: dict[str, str]) -> str:
        self.asked.append(query)
        code = f"code-{len(self.asked)}"
        self.codes[code] = query
        answer = self.refuse_with or {"code": code}
        iss = self.answer_iss or self.issuer
        return f"{query['redirect_uri']}?{urlencode({**answer, 'state': query['state'], 'iss': iss})}"

    def tokens(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, object]]:
        # Authlib does not form-encode the two halves (RFC 6749 §2.3.1), so neither holds a sign that would need it.
        if base64.b64decode(authorization.removeprefix("Basic ")).decode() != f"{CLIENT_ID}:{SECRET}":
            return 401, {"error": "invalid_client"}
        if form["grant_type"] == "authorization_code":
            asked = self.codes.pop(form["code"])
            digest = hashlib.sha256(form["code_verifier"].encode()).digest()
            assert asked["code_challenge"] == base64.urlsafe_b64encode(digest).decode().rstrip("=")
            self.nonce = asked["nonce"]
        elif self.token_expired:
            return 400, {"error": "invalid_grant", "error_description": "refresh token expired"}
        return 200, {
            "access_token": f"access-{form['grant_type']}",
            "refresh_token": "refresh",
            "id_token": self.id_token(),
            "token_type": "Bearer",
            "expires_in": 300,
            "refresh_expires_in": 1800,
            "scope": "openid",
        }

    def id_token(self) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": "0e5c1f4a-0000-4000-8000-00000000d001",
            "aud": CLIENT_ID,
            "azp": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "auth_time": now - 9,
            "nonce": self.nonce,
            "uniid": "1000013b36",
            "aktoer_gruppe": "Elev",
            "unilogin_loa": "EnFaktor",
            "loa": "2",
            "acr": "https://data.gov.dk/concept/core/nsis/loa/Low",
            "institution_ids": "[999001]",
            "spec_ver": "OIDC.3.0-UNILOGIN",
            "noget_nyt": {"æble": True},
            **self.lies,
        }
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.key)

    def userinfo(self) -> tuple[int, dict[str, object]]:
        if self.token_expired:
            return 401, {"error": "invalid_token"}
        return 200, {"sub": "0e5c1f4a-0000-4000-8000-00000000d001", "uniid": "1000013b36", **self.lies}


class _Server(ThreadingHTTPServer):
    fake: FakeIssuer


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        url, fake = urlsplit(self.path), self.server.fake
        query = dict(parse_qsl(url.query))
        if url.path == f"{CONNECT}/auth":
            self.move_on(fake.authorize(query))
        elif url.path == f"{CONNECT}/logout":
            fake.asked.append(query)
            self.move_on(f"{query['post_logout_redirect_uri']}?state={query['state']}")
        elif url.path == f"{CONNECT}/userinfo":
            self.answer(*fake.userinfo())
        elif url.path == f"{CONNECT}/certs":
            self.answer(200, {"keys": [fake.key.as_dict(private=False)]})
        else:
            self.answer(200, fake.discovery())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.path.endswith("/introspect"):
            self.answer(200, {"active": True, "uniid": "1000013b36", "client_id": CLIENT_ID})
        else:
            self.answer(*self.server.fake.tokens(dict(parse_qsl(body)), self.headers["Authorization"]))

    def answer(self, status: int, body: dict[str, object]) -> None:
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Bearer error="invalid_token"')
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def move_on(self, address: str) -> None:
        self.send_response(302)
        self.send_header("Location", address)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        pass


@contextmanager
def running_issuer() -> Iterator[FakeIssuer]:
    """Serve on a free port for as long as the block lasts."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        fake = server.fake = FakeIssuer(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield fake
        finally:
            server.shutdown()
            thread.join()
