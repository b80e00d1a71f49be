"""Logging out at one service reaches all others of the session, and leaves nothing on a device of many."""

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from playwright.sync_api import Page, expect

from tests.browser.fixtures import OpenPage
from tests.builders.clock import Clock
from tests.builders.people import People, Somebody
from tests.builders.receiver import Received, Receiver, receiver
from tests.builders.running import run
from tests.builders.services import Services
from tests.protocols.oidc.relying_party import RelyingParty
from tests.server import RunningServer, start_server
from tests.visitor import Visitor
from unilogin.kit.secrets import Secrets
from unilogin.protocols.oidc.notices.rules import LEASE_SECONDS


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def pupil(people: People) -> Somebody:
    return people.pupil()


@pytest.fixture
def here() -> Iterator[Receiver]:
    with receiver() as taking:
        yield taking


@pytest.fixture
def there() -> Iterator[Receiver]:
    with receiver() as taking:
        yield taking


def registered(
    server: RunningServer, services: Services, http: httpx.Client, at: Receiver, *, front: bool = False
) -> RelyingParty:
    """A service that lives at an address, wants to be told there, and to be shown when it is to come to the front."""
    callback, signed_out = f"{at.origin}/callback", f"{at.origin}/signed-out"
    made = services.add(
        redirect_uris=[callback],
        post_logout_redirect_uris=[signed_out],
        backchannel_logout_uri=at.url,
        frontchannel_logout_uri=f"{at.origin}/front?kind=1" if front else None,
    )
    return RelyingParty(server, made, http, redirect_uri=callback)


def said(service: RelyingParty, post: Received) -> dict[str, object]:
    """What a service was told, checked as services do."""
    keys = KeySet.import_key_set(service.http.get(service.address("certs")).json())
    return dict(jwt.decode(post.fields["logout_token"], keys, algorithms=["RS256"]).claims)


def leave(service: RelyingParty, browser: Visitor, hint: str, **more: str) -> None:
    """Send a browser to log out, as a service does."""
    fields = {"id_token_hint": hint, **more}
    browser.open(f"{service.address('logout')}?{urlencode(fields)}")


def test_discovery_says_that_services_are_told(server: RunningServer, http: httpx.Client) -> None:
    told = http.get(f"{server.issuer}/.well-known/openid-configuration").json()
    names = ("backchannel_logout", "backchannel_logout_session", "frontchannel_logout", "frontchannel_logout_session")
    assert all(told[f"{name}_supported"] is True for name in names)


def test_logging_out_at_one_service_reaches_every_service_of_the_session(
    server: RunningServer,
    services: Services,
    http: httpx.Client,
    here: Receiver,
    there: Receiver,
    pupil: Somebody,
) -> None:
    one, other = registered(server, services, http, here), registered(server, services, http, there)
    entered = one.sign_in(pupil)
    tokens, elsewhere = one.tokens(entered), other.tokens(other.enter_again(entered.browser))
    leave(one, entered.browser, tokens["id_token"], post_logout_redirect_uri=f"{here.origin}/signed-out", state="s")
    assert entered.browser.left_for == f"{here.origin}/signed-out?state=s"
    for service, taking, id_token in ((one, here, tokens["id_token"]), (other, there, elsewhere["id_token"])):
        told, known = said(service, taking.wait_for()[0]), service.claims(id_token)
        assert (told["iss"], told["aud"], told["sub"], told["sid"]) == (
            server.issuer,
            service.client_id,
            known["sub"],
            known["sid"],
        )
        assert service.refresh(tokens["refresh_token"]).status_code == 400
    assert (len(here.received), len(there.received)) == (1, 1)


def test_answering_yes_to_our_own_question_reaches_them_too(
    server: RunningServer, services: Services, http: httpx.Client, here: Receiver, pupil: Somebody
) -> None:
    service = registered(server, services, http, here)
    browser = service.sign_in(pupil).browser
    browser.open(service.address("logout"))
    assert not here.received
    browser.submit()
    assert browser.heading == "Du er logget ud"
    assert "unilogin_session" not in browser.client.cookies
    here.wait_for()


def test_a_new_password_reaches_them_too(
    server: RunningServer, services: Services, http: httpx.Client, here: Receiver, people: People
) -> None:
    pupil = people.pupil()
    registered(server, services, http, here).sign_in(pupil)
    people.give(pupil, "en helt anden sang")
    here.wait_for()


def test_f_26_a_server_killed_in_the_middle_of_telling_tells_when_it_is_back(
    database: str, secrets_file: Path, secrets: Secrets, http: httpx.Client, here: Receiver
) -> None:
    here.hold = threading.Event()
    people, services = People(database, secrets), Services(database)
    first = start_server(database, secrets_file)
    try:
        service = registered(first, services, http, here)
        entered = service.sign_in(people.pupil())
        leave(service, entered.browser, service.tokens(entered)["id_token"])
        here.wait_for()
    finally:
        first.process.kill()  # as by kill -9, while the service is still thinking
        first.process.wait()
    here.hold.set()
    run(Clock(database).move(LEASE_SECONDS))
    second = start_server(database, secrets_file)
    try:
        posts = here.wait_for(2)
        assert said(RelyingParty(second, service.registered, http), posts[1])["sid"]
    finally:
        second.stop()


@pytest.mark.parametrize("shared", [True, False], ids=["shared device", "own device"])
def test_w_04_a_device_of_many_forgets_everything(
    server: RunningServer, services: Services, http: httpx.Client, here: Receiver, pupil: Somebody, shared: bool
) -> None:
    service = registered(server, services, http, here)
    browser = service.new_browser()
    browser.open(service.attempt().url)
    browser.submit(button=("selectedIdp", "uni_idp"))
    browser.submit({"username": pupil.username} | ({"shared": "1"} if shared else {}))
    browser.submit({"password": str(pupil.secret)})
    browser.move_on()
    browser.open(service.address("logout"))
    browser.submit()
    assert browser.heading == "Du er logget ud"
    assert (browser.page.headers.get("clear-site-data") == '"cache", "cookies", "storage"') is shared
    assert browser.page.headers["cache-control"] == "no-store"
    assert "unilogin_session" not in browser.client.cookies


def test_the_front_channel_is_shown_to_those_who_registered_and_nobody_else(
    server: RunningServer,
    services: Services,
    http: httpx.Client,
    here: Receiver,
    there: Receiver,
    pupil: Somebody,
) -> None:
    one, other = registered(server, services, http, here), registered(server, services, http, there, front=True)
    entered = one.sign_in(pupil)
    hint = one.tokens(entered)["id_token"]
    other.enter_again(entered.browser)
    leave(one, entered.browser, hint, post_logout_redirect_uri=f"{here.origin}/signed-out")
    page = entered.browser
    assert page.left_for is None
    policy = dict(part.strip().partition(" ")[::2] for part in page.page.headers["content-security-policy"].split(";"))
    assert policy["frame-src"] == there.origin
    assert (policy["default-src"], policy["frame-ancestors"]) == ("'none'", "'none'")
    shown = httpx.URL(page.document.xpath("string(//iframe/@src)"))
    assert str(shown).startswith(f"{there.origin}/front?kind=1&")
    assert dict(shown.params) == {"kind": "1", "iss": server.issuer, "sid": one.claims(hint)["sid"]}
    assert page.document.xpath("//a[@data-moves-on]/@href") == [f"{here.origin}/signed-out"]


def test_v_41_another_browsers_logout_shows_nothing_here(
    server: RunningServer, services: Services, http: httpx.Client, here: Receiver, pupil: Somebody
) -> None:
    """An old page of somebody's must not sign the next one out of services that do not look at the session."""
    service = registered(server, services, http, here, front=True)
    hint = service.tokens(service.sign_in(pupil))["id_token"]
    stranger = service.new_browser()
    leave(service, stranger, hint)
    assert stranger.heading == "Du er logget ud"
    assert not stranger.document.xpath("//iframe")
    assert "frame-src" not in stranger.page.headers["content-security-policy"]


def sign_in_with(page: Page, pupil: Somebody, url: str, *, shared: bool) -> None:
    """Go the whole way in a real browser."""
    page.goto(url)
    page.get_by_role("button", name="Unilogin").click()
    page.get_by_label("Brugernavn").fill(pupil.username)
    if shared:
        page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Næste").click()
    page.get_by_label("Adgangskode", exact=True).fill(str(pupil.secret))
    page.get_by_role("button", name="Log ind").click()


def test_in_a_browser_the_front_channel_is_loaded_and_one_comes_back_by_oneself(
    open_page: OpenPage,
    server: RunningServer,
    services: Services,
    http: httpx.Client,
    here: Receiver,
    there: Receiver,
    pupil: Somebody,
) -> None:
    one, other = registered(server, services, http, here, front=True), registered(server, services, http, there)
    page = open_page()
    attempt = one.attempt()
    sign_in_with(page, pupil, attempt.url, shared=False)
    expect(page).to_have_url(re.compile(rf"^{here.origin}/callback"))
    code = httpx.URL(page.url).params["code"]
    hint = http.post(
        one.address("token"),
        auth=(one.client_id, one.secret),
        data={
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": one.redirect_uri,
            "code_verifier": attempt.verifier,
        },
    ).json()["id_token"]
    page.goto(other.attempt().url)
    expect(page).to_have_url(re.compile(rf"^{there.origin}/callback"))
    back = f"{here.origin}/signed-out"
    page.goto(f"{one.address('logout')}?{urlencode({'id_token_hint': hint, 'post_logout_redirect_uri': back})}")
    expect(page).to_have_url(back)
    framed = [visit for visit in here.opened if visit.path == "/front"]
    assert [visit.headers["sec-fetch-dest"] for visit in framed] == ["iframe"]
    assert "referer" not in framed[0].headers
    here.wait_for()
    there.wait_for()


def test_w_04_after_logging_out_the_back_button_shows_nothing(
    open_page: OpenPage, server: RunningServer, services: Services, http: httpx.Client, here: Receiver, pupil: Somebody
) -> None:
    service = registered(server, services, http, here)
    page = open_page(may_be_refused=True)
    sign_in_with(page, pupil, service.attempt().url, shared=True)
    expect(page).to_have_url(re.compile(rf"^{here.origin}/callback"))
    page.goto(service.address("logout"))
    page.get_by_role("button", name="Log ud").click()
    expect(page.get_by_role("heading", name="Du er logget ud")).to_be_visible()
    assert page.context.cookies(server.base_url) == []
    for _ in range(6):
        page.go_back()
        assert pupil.username not in page.content()
        assert pupil.username not in page.url
    page.goto(service.attempt(prompt="none").url)
    expect(page).to_have_url(re.compile("error=login_required"))
