"""A browser and the service it wants to enter, as tasks that can be run by the hundred; all they see is written down.

Every request is a connection of its own, as through a load balancer that keeps none. What fails is raised as
``NoAnswerError``; what a person or a service does then is the caller's story.
"""

import base64
import hashlib
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
from lxml import html

from tests.builders.people import Somebody
from tests.builders.services import CALLBACK
from tests.faults.history import Arrival, History, Outcome, Proof, Redemption, SignOut, Told
from unilogin.domain.services.actions import Registered

REALM = "/auth/realms/broker/protocol/openid-connect"
SESSION_COOKIE = "unilogin_session"
MAX_HOPS = 6


class NoAnswerError(Exception):
    """No answer came, or one that says "not now": whether anything happened is not known."""

    def __init__(self, reason: str, response: httpx.Response | None, *, at: float) -> None:
        super().__init__(reason)
        self.response = response
        self.at = at

    @property
    def retry_after(self) -> float:
        """The seconds after which we are asked to come again."""
        return float(self.response.headers.get("retry-after", "0")) if self.response is not None else 0.0

    @property
    def is_kind(self) -> bool:
        """Whether it is the answer we promise: 503, when to come again, and to machines what it means (F-10)."""
        response = self.response
        if response is None or response.status_code != 503 or self.retry_after < 1:
            return False
        if str(response.request.url.path).endswith(("/token", "/userinfo", "/introspect", "/revoke")):
            return bool(response.json()["error"] == "temporarily_unavailable")
        return response.headers["content-type"].startswith("text/html") and b"<h1" in response.content


class LostError(Exception):
    """The journey stands where it cannot go on: begin again at the service."""


def network() -> httpx.AsyncHTTPTransport:
    """One transport for all travellers of a loop: a new connection for every request."""
    limits = httpx.Limits(max_connections=500, max_keepalive_connections=0)
    return httpx.AsyncHTTPTransport(verify=False, limits=limits)


class PastTheBalancer(httpx.AsyncBaseTransport):
    """Takes every request to one node, whatever the address says."""

    def __init__(self, transport: httpx.AsyncBaseTransport, port: int) -> None:
        self._transport = transport
        self.port = port

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        there = httpx.Request(
            request.method,
            request.url.copy_with(port=self.port),
            headers=request.headers,
            stream=request.stream,
            extensions=request.extensions,
        )
        return await self._transport.handle_async_request(there)


@dataclass(eq=False)
class Traveller:
    """One browser in which somebody enters one service."""

    base_url: str  # the public origin, as the browser sees it
    who: Somebody
    service: Registered
    history: History
    transport: httpx.AsyncBaseTransport
    timeout: float = 60.0
    http: httpx.AsyncClient = field(init=False, repr=False)
    page: httpx.Response = field(init=False, repr=False)
    left_for: str | None = None
    verifier: str = ""
    state: str = ""
    slowest: float = 0.0
    unanswered: list[NoAnswerError] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        self.http = httpx.AsyncClient(
            base_url=self.base_url, transport=self.transport, timeout=self.timeout, headers={"connection": "close"}
        )

    # the browser ------------------------------------------------------------------------------------------------------

    @property
    def session(self) -> str | None:
        """The session cookie of this browser."""
        return self.http.cookies.get(SESSION_COOKIE)

    def is_back(self) -> bool:
        """Whether the browser has left us, back to the service."""
        return self.left_for is not None

    @property
    def document(self) -> html.HtmlElement:
        return html.fromstring(self.page.content)

    async def ask(
        self, method: str, url: str, data: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Send one request; raises NoAnswerError when it is not known whether it was done."""
        began = time.monotonic()
        try:
            response = await self.http.request(method, url, data=data, headers=dict(headers or {}))
        except httpx.TransportError as error:
            raise self._no_answer(f"{method} {urlsplit(url).path}: {type(error).__name__}") from error
        finally:
            self.slowest = max(self.slowest, time.monotonic() - began)
        if response.status_code >= 500:
            if SESSION_COOKIE in response.headers.get("set-cookie", ""):
                self.history.seen.append(f"I-12: an answer {response.status_code} carries a session cookie")
            raise self._no_answer(f"{method} {urlsplit(url).path}: {response.status_code}", response)
        return response

    def _no_answer(self, reason: str, response: httpx.Response | None = None) -> NoAnswerError:
        error = NoAnswerError(reason, response, at=time.monotonic())
        self.unanswered.append(error)
        return error

    async def open(self, url: str) -> httpx.Response:
        """Open an address, and follow redirects on our own host."""
        return await self._settle(await self.ask("GET", url))

    async def post(self, url: str, fields: Mapping[str, str]) -> httpx.Response:
        """Post fields as a browser does from a page of ours."""
        headers = {"Origin": self.base_url, "Sec-Fetch-Site": "same-origin"}
        return await self._settle(await self.ask("POST", url, fields, headers))

    async def _settle(self, response: httpx.Response) -> httpx.Response:
        self.left_for = None
        for _ in range(MAX_HOPS):
            if not response.is_redirect:
                break
            target = str(response.next_request.url) if response.next_request else ""
            if not target.startswith(self.base_url):
                self.left_for = target
                break
            response = await self.ask("GET", target)
        self.page = response
        return response

    def form(self, fields: Mapping[str, str], *, button: tuple[str, str] | None = None) -> tuple[str, dict[str, str]]:
        """The page's form, filled in: where it goes and what it carries; raises LostError on a page without one."""
        if self.page.status_code != 200 or not self.document.forms:
            raise LostError(f"{self.page.url.path}: {self.page.status_code}")
        form = self.document.forms[0]
        values = {str(name): str(value or "") for name, value in form.form_values()}
        return str(form.action), values | dict(fields) | (dict([button]) if button else {})

    def go_to(self, port: int) -> None:
        """Speak to another node from now on, as the same browser."""
        assert isinstance(self.transport, PastTheBalancer)
        self.transport.port = port

    # the journey ------------------------------------------------------------------------------------------------------

    def address(self) -> str:
        """A new authorization request of the service."""
        self.verifier, self.state = secrets.token_urlsafe(48), secrets.token_urlsafe(12)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()
        parameters = {
            "client_id": self.service.client_id,
            "response_type": "code",
            "redirect_uri": CALLBACK,
            "scope": "openid",
            "state": self.state,
            "nonce": self.state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{REALM}/auth?{urlencode(parameters)}"

    async def come_to_the_secret(self) -> None:
        """From the service through selector and username to the page of the secret."""
        await self.open(self.address())
        if not self.is_back():
            await self.post(*self.form({}, button=("selectedIdp", "uni_idp")))
            await self.post(*self.form({"username": self.who.username}))

    async def prove(self, secret: str | None = None) -> Outcome:
        """Post the secret; a wrong one when it is given."""
        action, fields = self.form({"password": secret or str(self.who.secret)})
        return await self.prove_with(action, fields)

    async def prove_with(self, action: str, fields: Mapping[str, str]) -> Outcome:
        """Post the form of the secret, perhaps once more; raises NoAnswerError."""
        before, given = self.session, fields["password"]
        right = given == self.who.secret
        try:
            await self.post(action, fields)
        except NoAnswerError:
            self.history.proofs.append(Proof(self.who.username, given, right, Outcome.UNKNOWN, None))
            raise
        outcome = Outcome.DONE if self.session not in (None, before) else Outcome.REFUSED
        if self.page.status_code in (403, 410):  # the journey is over, the secret was not looked at
            raise LostError(f"{self.page.url.path}: {self.page.status_code}")
        session = self.session if outcome is Outcome.DONE else None
        self.history.proofs.append(Proof(self.who.username, given, right, outcome, session))
        return outcome

    @property
    def moves_on_to(self) -> str:
        """Where the page that ends a journey moves on to; raises LostError on any other."""
        refresh = self.document.xpath("//meta[@http-equiv='refresh']/@content")
        if not refresh:
            raise LostError(f"{self.page.url.path} does not move on")
        return str(refresh[0]).partition("url=")[2]

    async def arrive(self, url: str | None = None) -> str:
        """Move on to the service; return the code it is given."""
        if not self.is_back():
            await self.open(url or self.moves_on_to)
        answer = dict(parse_qsl(urlsplit(self.left_for or "").query))
        if "code" not in answer or self.session is None:
            raise LostError(f"came back without a code: {answer.get('error', self.page.url.path)}")
        if answer.get("state") != self.state:
            self.history.seen.append("I-4: an answer with the state of another request")
        self.history.arrivals.append(Arrival(self.who.username, self.session, answer["code"]))
        return answer["code"]

    async def sign_in(self) -> str:
        """From the service and back to it with a code."""
        await self.come_to_the_secret()
        if not self.is_back() and await self.prove() is not Outcome.DONE:
            raise LostError("the right secret was refused")
        return await self.arrive()

    # the service ------------------------------------------------------------------------------------------------------

    async def as_service(self, endpoint: str, fields: Mapping[str, str]) -> httpx.Response:
        """Call an endpoint as the service."""
        said = {"client_id": self.service.client_id, "client_secret": self.service.client_secret or ""}
        return await self.ask("POST", f"{REALM}/{endpoint}", said | dict(fields))

    async def redeem(self, code: str) -> Redemption:
        """Exchange the code; raises NoAnswerError."""
        fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
        return await self._tokens("code", code, fields | {"code_verifier": self.verifier})

    async def refresh(self, token: str) -> Redemption:
        """Exchange a refresh token; raises NoAnswerError."""
        return await self._tokens("refresh", token, {"grant_type": "refresh_token", "refresh_token": token})

    async def _tokens(self, kind: str, shown: str, fields: Mapping[str, str]) -> Redemption:
        name = self.who.username
        try:
            response = await self.as_service("token", fields)
        except NoAnswerError:
            self.history.redemptions.append(Redemption(name, shown, kind, Outcome.UNKNOWN))
            raise
        redemption = Redemption(name, shown, kind, Outcome.REFUSED)
        if response.status_code == 200:
            answer = response.json()
            tokens = (answer["access_token"], answer["refresh_token"], answer["id_token"])
            redemption = Redemption(name, shown, kind, Outcome.DONE, *tokens)
        elif response.json().get("error") != "invalid_grant":
            self.history.seen.append(f"the token endpoint answered {response.status_code} {response.text[:200]}")
        self.history.redemptions.append(redemption)
        return redemption

    async def userinfo(self, access: str) -> bool:
        """Ask who it is; False when the token is refused."""
        response = await self.ask("GET", f"{REALM}/userinfo", headers={"Authorization": f"Bearer {access}"})
        if response.status_code == 200:
            answer = response.json()
            self.history.told.append(Told(self.who.username, access, answer["sub"], answer["uniid"]))
        return response.status_code == 200

    async def sign_out(self, id_token: str) -> None:
        """Sign out at the service's wish; when we ask whether to, the person says yes."""
        session = self.session or ""
        outcome = Outcome.UNKNOWN
        try:
            response = await self.open(f"{REALM}/logout?{urlencode({'id_token_hint': id_token})}")
            if response.status_code == 200 and self.document.forms:
                response = await self.post(*self.form({}))
            outcome = Outcome.DONE if response.status_code == 200 else Outcome.REFUSED
        finally:
            self.history.sign_outs.append(SignOut(session, outcome))

    async def enter(self) -> Redemption:
        """The whole job: sign in, exchange the code, be told who it is."""
        redemption = await self.redeem(await self.sign_in())
        await self.userinfo(redemption.access)
        return redemption
