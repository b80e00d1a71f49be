"""Regneriget is told from machine to machine that somebody has logged out, and believes nobody but Unilogin."""

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from playwright.sync_api import expect

from tests.browser.fixtures import OpenPage
from tests.demo.conftest import RunningDemo
from tests.demo.fake_issuer import CLIENT_ID, FakeIssuer, running_issuer
from tests.demo.test_relying_party import running_service

SUBJECT = "0e5c1f4a-0000-4000-8000-00000000d001"
SESSION = "6f2d1c1e-0000-4000-8000-000000000001"
EVENT = "http://schemas.openid.net/event/backchannel-logout"
ADDRESS = "/logged-out-elsewhere"


@pytest.fixture(scope="module")
def issuer() -> Iterator[FakeIssuer]:
    with running_issuer() as fake:
        yield fake


@pytest.fixture(scope="module")
def address(issuer: FakeIssuer) -> Iterator[str]:
    with running_service(issuer.issuer) as found:
        yield found


@pytest.fixture
def visitor(address: str, issuer: FakeIssuer) -> Iterator[httpx.Client]:
    """A browser whose person is signed in."""
    issuer.behave()
    issuer.lies = {"sid": SESSION}
    with httpx.Client(base_url=address, follow_redirects=True) as client:
        client.get("/login")
        assert is_inside(client)
        yield client


def is_inside(visitor: httpx.Client) -> bool:
    return visitor.get("/me").url.path == "/me"


def token(
    issuer: FakeIssuer, *, typ: str | None = "logout+jwt", key: Any = None, alg: str = "RS256", **changed: object
) -> str:
    """A logout token; claims can be changed, or left out with None."""
    now = int(time.time())
    good: dict[str, object] = {
        "iss": issuer.issuer,
        "sub": SUBJECT,
        "aud": CLIENT_ID,
        "iat": now,
        "exp": now + 120,
        "jti": f"{time.perf_counter()}",
        "sid": SESSION,
        "events": {EVENT: {}},
    }
    claims = {name: value for name, value in (good | changed).items() if value is not None}
    header = {"alg": alg, "kid": "one"} | ({"typ": typ} if typ else {})
    return jwt.encode(header, claims, key or issuer.key, algorithms=[alg])


def tell(address: str, text: str) -> int:
    return httpx.post(f"{address}{ADDRESS}", data={"logout_token": text}).status_code


def test_a_session_that_ended_is_forgotten(visitor: httpx.Client, address: str, issuer: FakeIssuer) -> None:
    assert tell(address, token(issuer)) == 200
    assert not is_inside(visitor)


def test_without_a_session_all_visits_of_the_person_are_forgotten(
    visitor: httpx.Client, address: str, issuer: FakeIssuer
) -> None:
    assert tell(address, token(issuer, sid=None)) == 200
    assert not is_inside(visitor)


def test_another_session_of_the_same_person_stays(visitor: httpx.Client, address: str, issuer: FakeIssuer) -> None:
    assert tell(address, token(issuer, sid="another")) == 200
    assert is_inside(visitor)


def test_a_person_who_is_not_here_is_no_failure(address: str, issuer: FakeIssuer) -> None:
    assert tell(address, token(issuer, sid="nobody", sub="nobody")) == 200


REFUSED: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://evil.example"},
    "another audience": {"aud": "somebody-else"},
    "several audiences without us": {"aud": ["a", "b"]},
    "no audience": {"aud": None},
    "expired": {"exp": 1_000_000_000},
    "no end": {"exp": None},
    "from the future": {"iat": 4_000_000_000},
    "no time": {"iat": None},
    "no id": {"jti": None},
    "no event": {"events": None},
    "another event": {"events": {"http://schemas.openid.net/event/other": {}}},
    "an event that is a list": {"events": [EVENT]},
    "a nonce": {"nonce": "x"},
    "neither session nor person": {"sid": None, "sub": None},
    "a session that is a number": {"sid": 7},
    "an id token": {"typ": "JWT"},
    "no kind": {"typ": None},
    "another key": {"key": RSAKey.generate_key(2048, {"kid": "one"})},
    "a secret for a key": {"key": OctKey.import_key("a-secret-of-the-test-and-long-enough"), "alg": "HS256"},
}


@pytest.mark.parametrize("wrong", REFUSED.values(), ids=REFUSED.keys())
def test_a_token_that_is_not_unilogins_word_to_us_signs_nobody_out(
    visitor: httpx.Client, address: str, issuer: FakeIssuer, wrong: dict[str, Any]
) -> None:
    assert tell(address, token(issuer, **wrong)) == 400
    assert is_inside(visitor)


def test_neither_does_one_without_a_signature_or_what_is_no_token(
    visitor: httpx.Client, address: str, issuer: FakeIssuer
) -> None:
    _, claims, _ = token(issuer).split(".")
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "logout+jwt"}).encode()).decode().rstrip("=")
    for text in (f"{header}.{claims}.", "", "x", "a.b.c", "." * 50, "é" * 100):
        assert tell(address, text) == 400
    assert httpx.post(f"{address}{ADDRESS}", content=b"x" * 20_000).status_code == 413
    assert is_inside(visitor)


def test_a_token_is_heard_once(visitor: httpx.Client, address: str, issuer: FakeIssuer) -> None:
    said = token(issuer)
    assert tell(address, said) == 200
    visitor.get("/login")
    assert tell(address, said) == 400
    assert is_inside(visitor)


def test_a_new_key_of_unilogins_is_found_again(visitor: httpx.Client, address: str, issuer: FakeIssuer) -> None:
    old = issuer.key
    issuer.key = RSAKey.generate_key(2048, {"kid": "two", "use": "sig", "alg": "RS256"})
    claims = jwt.decode(token(issuer, key=old), old).claims
    said = jwt.encode({"alg": "RS256", "kid": "two", "typ": "logout+jwt"}, claims, issuer.key)
    assert tell(address, said) == 200
    assert not is_inside(visitor)
    issuer.key = old


def test_in_the_demo_leaving_unilogin_is_leaving_regneriget(demo: RunningDemo, open_page: OpenPage) -> None:
    pupil = demo.person(class_name="8.C")
    page = open_page(f"{demo.home}/login")
    page.get_by_role("button", name="Unilogin").click()
    page.get_by_label("Brugernavn").fill(pupil["username"])
    page.get_by_role("button", name="Næste").click()
    page.get_by_label("Adgangskode", exact=True).fill(pupil["secret"]["value"])
    page.get_by_role("button", name="Log ind").click()
    expect(page).to_have_url(f"{demo.home}/me")
    elsewhere = page.context.new_page()
    elsewhere.goto(f"{demo.told['issuer']}/protocol/openid-connect/logout")
    elsewhere.get_by_role("button", name="Log ud").click()
    expect(elsewhere.get_by_role("heading", name="Du er logget ud")).to_be_visible()
    until = time.monotonic() + 120
    while page.url != f"{demo.home}/" and time.monotonic() < until:
        page.goto(f"{demo.home}/me")  # until Regneriget has been told
    expect(page).to_have_url(f"{demo.home}/")
