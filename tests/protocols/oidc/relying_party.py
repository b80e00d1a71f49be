"""A service as a stranger would write it: builds requests by hand, so that each part can be made wrong on purpose."""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.builders.people import Somebody
from tests.builders.services import CALLBACK
from tests.server import RunningServer
from tests.visitor import Visitor
from unilogin.domain.services.actions import Registered

Parameters = dict[str, str]


def s256(verifier: str) -> str:
    """The PKCE challenge of a verifier."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sign-in a service has begun: what it sent, and what it keeps to itself."""

    parameters: Parameters
    verifier: str
    url: str


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """A registered client of a service, and the server it speaks to."""

    server: RunningServer
    registered: Registered
    http: httpx.Client
    redirect_uri: str = CALLBACK

    @property
    def client_id(self) -> str:
        return self.registered.client_id

    @property
    def secret(self) -> str:
        assert self.registered.client_secret is not None
        return self.registered.client_secret

    def address(self, endpoint: str) -> str:
        """The address of an endpoint."""
        return f"{self.server.issuer}/protocol/openid-connect/{endpoint}"

    def attempt(self, **changed: str | None) -> Attempt:
        """Begin a sign-in with a good request; parameters can be changed, or left out with None."""
        verifier = secrets.token_urlsafe(48)
        good: dict[str, str | None] = {
            "client_id": self.client_id,
            "response_type": "code",
            "redirect_uri": self.redirect_uri,
            "scope": "openid",
            "state": secrets.token_urlsafe(16),
            "nonce": secrets.token_urlsafe(16),
            "code_challenge": s256(verifier),
            "code_challenge_method": "S256",
        }
        parameters = {name: value for name, value in (good | changed).items() if value is not None}
        return Attempt(parameters, verifier, f"{self.address('auth')}?{urlencode(parameters)}")

    def new_browser(self) -> Visitor:
        """A browser that was never here before."""
        return Visitor(self.server.base_url)

    def sign_in(
        self, somebody: Somebody, *, browser: Visitor | None = None, attempt: Attempt | None = None
    ) -> "Entered":
        """Send a person through selector, username and secret, back to the service."""
        browser, attempt = browser or self.new_browser(), attempt or self.attempt()
        browser.open(attempt.url)
        type_in(browser, somebody)
        return Entered(attempt, browser, answer_of(browser))

    def enter_again(self, browser: Visitor, *, attempt: Attempt | None = None) -> "Entered":
        """Send somebody who is signed in already: single sign-on."""
        attempt = attempt or self.attempt()
        browser.open(attempt.url)
        return Entered(attempt, browser, answer_of(browser))

    def post(self, endpoint: str, fields: Parameters, *, basic: bool = True) -> httpx.Response:
        """Call an endpoint as this client."""
        if self.registered.client_secret is None:
            return self.http.post(self.address(endpoint), data={"client_id": self.client_id} | fields)
        if basic:
            return self.http.post(self.address(endpoint), data=fields, auth=(self.client_id, self.secret))
        secret = {"client_id": self.client_id, "client_secret": self.secret}
        return self.http.post(self.address(endpoint), data=secret | fields)

    def redeem(self, entered: "Entered", **changed: str | None) -> httpx.Response:
        """Exchange the code; fields can be changed, or left out with None."""
        good: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": entered.code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": entered.attempt.verifier,
        }
        return self.post("token", {name: value for name, value in (good | changed).items() if value is not None})

    def tokens(self, entered: "Entered") -> dict[str, str]:
        """Exchange the code and insist that it works."""
        response = self.redeem(entered)
        assert response.status_code == 200, response.text
        tokens: dict[str, str] = response.json()
        return tokens

    def refresh(self, token: str, **more: str) -> httpx.Response:
        return self.post("token", {"grant_type": "refresh_token", "refresh_token": token} | more)

    def userinfo(self, token: str) -> httpx.Response:
        return self.http.get(self.address("userinfo"), headers={"Authorization": f"Bearer {token}"})

    def introspect(self, token: str) -> dict[str, object]:
        answer: dict[str, object] = self.post("token/introspect", {"token": token}).json()
        return answer

    def claims(self, id_token: str) -> dict[str, object]:
        """The claims of an id token whose signature holds."""
        keys = KeySet.import_key_set(self.http.get(self.address("certs")).json())
        return dict(jwt.decode(id_token, keys, algorithms=["RS256"]).claims)


@dataclass(frozen=True, slots=True)
class Entered:
    """A sign-in that came back to the service."""

    attempt: Attempt
    browser: Visitor
    answer: Parameters

    @property
    def code(self) -> str:
        return self.answer["code"]


def type_in(browser: Visitor, somebody: Somebody) -> None:
    """From the selector to the service, by password."""
    assert browser.page.status_code == 200, browser.page.text
    browser.submit(button=("selectedIdp", "uni_idp"))
    browser.submit({"username": somebody.username})
    browser.submit({"password": str(somebody.secret)})
    if browser.moves_on:
        browser.move_on()


def answer_of(browser: Visitor) -> Parameters:
    """What the browser was sent to the service with, in the query or in a form; empty when it is still here."""
    if browser.left_for is not None:
        return dict(parse_qsl(urlsplit(browser.left_for).query, keep_blank_values=True))
    forms = [form for form in browser.document.forms if form.get("data-auto-submit") is not None]
    return {str(name): str(value or "") for form in forms for name, value in form.form_values()}
