"""Regneriget, started as its own process, against a provider that is not ours either."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.demo.fake_issuer import CLIENT_ID, SECRET, FakeIssuer, running_issuer
from unilogin.demo.relying_party.claim_texts import MEANINGS
from unilogin.demo.relying_party.claims import SECTIONS, in_order
from unilogin.demo.relying_party.texts import TEXTS

MODULE = "unilogin.demo.relying_party"


@pytest.fixture(scope="module")
def issuer() -> Iterator[FakeIssuer]:
    with running_issuer() as fake:
        yield fake


@contextmanager
def running_service(issuer: str) -> Iterator[str]:
    """Start Regneriget on a free port and wait until it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", MODULE, "--port", str(port), "--issuer", issuer, "--client-id", CLIENT_ID]
    service = subprocess.Popen(command, env={**os.environ, "REGNERIGET_CLIENT_SECRET": SECRET})
    try:
        # The transport tries again, with growing pauses, until the port is open.
        with httpx.Client(transport=httpx.HTTPTransport(retries=8), timeout=60) as client:
            client.get(f"http://localhost:{port}/").raise_for_status()
        yield f"http://localhost:{port}"
    finally:
        service.send_signal(signal.SIGTERM)
        assert service.wait(timeout=120) == 0


@pytest.fixture(scope="module")
def address(issuer: FakeIssuer) -> Iterator[str]:
    with running_service(issuer.issuer) as found:
        yield found


@pytest.fixture
def browser(address: str, issuer: FakeIssuer) -> Iterator[httpx.Client]:
    issuer.behave()
    with httpx.Client(base_url=address, follow_redirects=True, headers={"Accept-Language": "da"}) as client:
        yield client


def test_a_visitor_signs_in_and_sees_every_claim_explained(browser: httpx.Client, issuer: FakeIssuer) -> None:
    page = browser.get("/login")
    assert page.url.path == "/me"
    html = unescape(page.text)
    for shown in ("1000013b36", "[999001]", "EnFaktor", '{"æble": true}', "Regneriget ved, at du er elev"):
        assert shown in html
    for claim in ("sub", "uniid", "aktoer_gruppe", "nonce", "acr"):
        assert MEANINGS[claim][0] in html
    assert "Regneriget kender ikke dette felt." in html


@pytest.mark.parametrize(
    ("door", "enough"),
    [("VoksenVerificeret", ["VoksenVerificeret", "ToFaktor"]), ("ToFaktor", ["ToFaktor"])],
)
def test_a_locked_door_insists_on_a_level(
    browser: httpx.Client, issuer: FakeIssuer, door: str, enough: list[str]
) -> None:
    page = browser.get("/login")
    assert f"/login?level={door}" in page.text
    browser.get(f"/login?level={door}")
    assert json.loads(issuer.asked[-1]["claims"]) == {"id_token": {"acr": {"essential": True, "values": enough}}}
    browser.get("/login?level=urn:somebody:else")
    assert "claims" not in issuer.asked[-1]


def test_who_cannot_open_a_door_is_still_inside(browser: httpx.Client, issuer: FakeIssuer) -> None:
    browser.get("/login")
    issuer.refuse_with = {"error": "unmet_authentication_requirements"}
    page = browser.get("/login?level=ToFaktor")
    assert "Døren er stadig låst" in page.text
    assert 'href="/me"' in page.text
    assert browser.get("/me").status_code == 200


def test_it_asks_for_a_code_with_state_nonce_and_pkce(browser: httpx.Client, issuer: FakeIssuer) -> None:
    browser.get("/login")
    asked = issuer.asked[-1]
    assert (asked["response_type"], asked["scope"], asked["code_challenge_method"]) == ("code", "openid", "S256")
    assert min(len(asked["state"]), len(asked["nonce"])) >= 16
    assert asked["ui_locales"] == "da"
    assert "prompt" not in asked


def test_signing_in_as_somebody_else_asks_for_a_new_login(browser: httpx.Client, issuer: FakeIssuer) -> None:
    browser.get("/login?prompt=login")
    assert issuer.asked[-1]["prompt"] == "login"


@pytest.mark.parametrize(
    ("question", "shown"),
    [("userinfo", '"uniid": "1000013b36"'), ("introspection", '"active": true'), ("refresh", "Nye tokener")],
)
def test_further_questions_are_answered_on_the_same_page(browser: httpx.Client, question: str, shown: str) -> None:
    browser.get("/login")
    page = browser.post(f"/me/{question}")
    assert page.url.path == "/me"
    assert shown in unescape(page.text)


@pytest.mark.parametrize("question", ["userinfo", "refresh"])
def test_a_refused_question_is_explained_and_the_visitor_stays_inside(
    browser: httpx.Client, issuer: FakeIssuer, question: str
) -> None:
    browser.get("/login")
    issuer.token_expired = True
    page = browser.post(f"/me/{question}")
    assert page.url.path == "/me"
    assert "Unilogin sagde nej" in page.text


def test_signing_out_ends_both_and_comes_back(browser: httpx.Client, issuer: FakeIssuer) -> None:
    browser.get("/login")
    page = browser.post("/logout")
    assert page.url.path == "/signed-out"
    assert "Du er logget ud" in page.text
    assert {"id_token_hint", "post_logout_redirect_uri", "client_id", "state"} <= set(issuer.asked[-1])
    assert browser.get("/me").url.path == "/"


@pytest.mark.parametrize(
    "lies",
    [
        {"nonce": "another-sign-in-altogether"},
        {"aud": "https://somebody-else.example/", "azp": "https://somebody-else.example/"},
        {"iss": "https://evil.example"},
        {"exp": 1_000_000_000},
        {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
    ],
    ids=lambda lies: next(iter(lies)),
)
def test_an_id_token_that_lies_lets_nobody_in(
    browser: httpx.Client, issuer: FakeIssuer, lies: dict[str, object]
) -> None:
    issuer.lies = lies
    page = browser.get("/login")
    assert page.status_code == 502
    assert "Svaret kunne ikke godkendes" in page.text
    assert browser.get("/me").url.path == "/"


def test_userinfo_of_another_person_is_not_shown(browser: httpx.Client, issuer: FakeIssuer) -> None:
    browser.get("/login")
    issuer.lies = {"sub": "somebody else"}
    page = browser.post("/me/userinfo")
    assert page.status_code == 502
    assert "somebody else" not in page.text


def test_an_answer_from_another_issuer_is_refused(browser: httpx.Client, issuer: FakeIssuer) -> None:
    """Mix-up attack, RFC 9207."""
    issuer.answer_iss = "https://evil.example"
    assert browser.get("/login").status_code == 502


def test_an_answer_nobody_asked_for_is_refused_and_its_words_are_not_shown(browser: httpx.Client) -> None:
    page = browser.get("/callback?error=access_denied&error_description=Ring+til+os&state=unheard-of-state")
    assert page.status_code == 400
    assert "Vi nåede at glemme dig" in page.text
    assert "Ring til os" not in page.text


def test_a_refusal_is_told_kindly_with_the_incident_for_the_developer(
    browser: httpx.Client, issuer: FakeIssuer
) -> None:
    issuer.refuse_with = {"error": "access_denied", "error_description": "<b>no licence</b> (incident 7K3F-Q9XA)"}
    page = browser.get("/login")
    assert page.status_code == 400
    assert "Du blev ikke logget ind" in page.text
    assert "<b>" not in page.text
    assert "unilogin services explain 7K3F-Q9XA" in page.text


def test_another_sites_form_presses_no_button(browser: httpx.Client) -> None:
    browser.get("/login")
    for path in ("/logout", "/me/refresh"):
        browser.post(path, headers={"Origin": "https://evil.example"})
    assert browser.get("/me").url.path == "/me"


def test_a_new_sign_in_gives_the_browser_a_new_visit(browser: httpx.Client) -> None:
    """Session fixation: what the browser held before it signed in is worth nothing after."""
    browser.get("/login")
    before = browser.cookies["regneriget"]
    browser.get("/login")
    stale = httpx.Client(base_url=browser.base_url, cookies={"regneriget": before})
    assert stale.get("/me").headers["location"] == "/"
    stale.close()


def test_pages_load_nothing_from_elsewhere_and_are_not_kept(browser: httpx.Client, issuer: FakeIssuer) -> None:
    page = browser.get("/")
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; img-src 'self';")
    assert f"form-action 'self' {issuer.origin}" in policy
    assert page.headers["cache-control"] == "no-store"
    assert "<script" not in page.text
    assert "style=" not in page.text


def test_the_language_can_be_chosen_and_is_passed_on(browser: httpx.Client, issuer: FakeIssuer) -> None:
    assert 'lang="en"' in browser.get("/?lang=en").text
    assert "This is what Regneriget was told" in browser.get("/login").text
    assert issuer.asked[-1]["ui_locales"] == "en"


def test_an_unknown_host_name_is_refused(browser: httpx.Client) -> None:
    """DNS rebinding."""
    assert browser.get("/", headers={"Host": "evil.example"}).status_code == 400


def test_an_unknown_page_is_a_kind_404(browser: httpx.Client) -> None:
    page = browser.get("/nowhere")
    assert page.status_code == 404
    assert "Den side findes ikke" in page.text


def test_it_does_not_start_without_the_secret() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "REGNERIGET_CLIENT_SECRET"}
    command = [sys.executable, "-m", MODULE, "--issuer", "http://localhost:1", "--client-id", "x"]
    started = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30)
    assert started.returncode == 1
    assert "REGNERIGET_CLIENT_SECRET" in started.stderr


def test_an_issuer_that_does_not_answer_is_explained() -> None:
    with running_service("http://127.0.0.1:1/auth/realms/broker") as address:
        page = httpx.get(f"{address}/login", headers={"Accept-Language": "da"})
    assert page.status_code == 502
    assert "Unilogin svarer ikke lige nu" in page.text


def test_it_uses_nothing_of_the_providers_code() -> None:
    folder = Path(sys.modules["unilogin.demo.relying_party.texts"].__file__ or "").parent
    lines = [line for path in folder.glob("*.py") for line in path.read_text("utf-8").splitlines()]
    ours = [line for line in lines if line.strip().startswith(("from unilogin", "import unilogin"))]
    assert all(line.strip().startswith(f"from {MODULE}.") for line in ours)


def test_every_sentence_exists_in_both_languages() -> None:
    assert TEXTS["da"].keys() == TEXTS["en"].keys()
    assert {name for names in SECTIONS.values() for name in names} == set(MEANINGS)


def test_claims_are_shown_once_each_with_unknown_ones_last() -> None:
    claims = {"ny": 1, "exp": 1_790_000_000, "sub": "s", "loa": "2"}
    sections = in_order(claims)
    assert [(section.code, [row.name for row in section.rows]) for section in sections] == [
        ("who", ["sub"]),
        ("sure", ["loa"]),
        ("proof", ["exp"]),
        ("other", ["ny"]),
    ]
    assert sections[2].rows[0].moment == "2026-09-21 14:13:20 UTC"


def test_the_authorization_address_holds_no_secret(browser: httpx.Client) -> None:
    sent = browser.get("/login", follow_redirects=False).headers["location"]
    assert "client_secret" not in parse_qs(urlsplit(sent).query)
    assert "code_verifier" not in sent
