"""Signing in with a real browser by people who have two tabs, go back, wait, double-click, or switch things off.

And whatever a name may hold, it is shown as it is and does nothing: the policy has nothing to report.
"""

import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import msgspec
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.fixtures import OpenPage
from tests.browser.odd_texts import ATTACKS, ATTACKS_TOGETHER, EMPTY, INVISIBLE, LONG, REAL, TALL
from tests.builders.people import People, Somebody
from tests.builders.receiver import Receiver, receiver
from tests.builders.running import run
from tests.builders.services import OPERATOR, Services
from tests.postgres import TestServer
from tests.protocols.oidc.relying_party import RelyingParty
from tests.server import RunningServer, start_server
from unilogin.demo.load import DemoService
from unilogin.demo.place import service_file
from unilogin.domain.services.actions import Registered, Registration, add_service
from unilogin.domain.services.rules import RegistrationError, checked_name
from unilogin.kit.db.connection import connect
from unilogin.kit.db.mark import mark_as_demo
from unilogin.kit.secrets import Secrets


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def at() -> Iterator[Receiver]:
    """Where the services live: one place shows the page of all of them."""
    with receiver() as place:
        yield place


MakeService = Callable[..., RelyingParty]


@pytest.fixture(scope="module")
def a_service(server: RunningServer, services: Services, http: httpx.Client, at: Receiver) -> MakeService:
    """Return a function that registers a service, whose answers come to its own address."""

    def make(path: str = "one", **more: object) -> RelyingParty:
        callback = f"{at.origin}/{path}"
        made = services.add(redirect_uris=[callback], **more)  # type: ignore[arg-type]  # as the builder takes them
        return RelyingParty(server, made, http, redirect_uri=callback)

    return make


@pytest.fixture(scope="module")
def pupil(people: People) -> Somebody:
    return people.pupil()


def choose_unilogin(page: Page) -> None:
    page.locator("button[value=uni_idp]").click()
    page.locator("input[name=username]").wait_for()


def type_name(page: Page, somebody: Somebody) -> None:
    page.locator("input[name=username]").fill(somebody.username)
    page.locator("form.card button[type=submit]").first.click()
    page.locator("input[name=password]").wait_for()


def type_password(page: Page, somebody: Somebody) -> None:
    page.locator("input[name=password]").fill(str(somebody.secret))
    page.locator("form.card button.button-primary").click()


def sign_in(page: Page, somebody: Somebody) -> None:
    choose_unilogin(page)
    type_name(page, somebody)
    type_password(page, somebody)


def expect_answer(page: Page, service: RelyingParty, state: str) -> None:
    """The browser is at this service, with the answer to this request."""
    expect(page).to_have_url(re.compile(rf"^{re.escape(service.redirect_uri)}\?"))
    page.wait_for_load_state()
    told = parse_qs(urlsplit(page.url).query)
    assert told["state"] == [state]
    assert "code" in told


def test_b_l07_two_tabs_to_two_services_each_end_at_their_own(
    open_page: OpenPage, a_service: MakeService, pupil: Somebody
) -> None:
    one, other = a_service("one"), a_service("other")
    first, second = one.attempt(), other.attempt()
    page = open_page()
    page.goto(first.url)
    choose_unilogin(page)
    type_name(page, pupil)
    tab = page.context.new_page()
    tab.goto(second.url)
    choose_unilogin(tab)
    type_name(tab, pupil)
    type_password(page, pupil)
    expect_answer(page, one, first.parameters["state"])
    type_password(tab, pupil)
    expect_answer(tab, other, second.parameters["state"])


def test_b_l07_two_tabs_for_two_people_give_each_service_the_one_who_typed(
    open_page: OpenPage, a_service: MakeService, pupil: Somebody, people: People
) -> None:
    """On the browser that two children share the later one stays signed in, and nobody is told about the wrong one."""
    other_pupil, one, other = people.pupil(), a_service("one"), a_service("other")
    first, second = one.attempt(), other.attempt()
    page = open_page()
    page.goto(first.url)
    choose_unilogin(page)
    type_name(page, pupil)
    tab = page.context.new_page()
    tab.goto(second.url)
    sign_in(tab, other_pupil)
    expect_answer(tab, other, second.parameters["state"])
    type_password(page, pupil)
    expect_answer(page, one, first.parameters["state"])
    for shown, service, attempt, somebody in ((page, one, first, pupil), (tab, other, second, other_pupil)):
        fields = {
            "grant_type": "authorization_code",
            "code": parse_qs(urlsplit(shown.url).query)["code"][0],
            "redirect_uri": service.redirect_uri,
            "code_verifier": attempt.verifier,
        }
        tokens = service.post("token", fields).json()
        assert service.claims(tokens["id_token"])["uniid"] == somebody.uniid


def test_b_l07_back_from_the_service_leads_on_to_it_again(
    open_page: OpenPage, a_service: MakeService, pupil: Somebody
) -> None:
    service = a_service()
    attempt = service.attempt()
    page = open_page()
    page.goto(attempt.url)
    sign_in(page, pupil)
    expect_answer(page, service, attempt.parameters["state"])
    for _ in range(3):
        page.go_back()
        expect_answer(page, service, attempt.parameters["state"])


def test_b_l07_back_to_the_name_and_another_name_is_another_person(
    open_page: OpenPage, a_service: MakeService, pupil: Somebody, people: People
) -> None:
    service, other = a_service(), people.pupil()
    page = open_page()
    page.goto(service.attempt().url)
    choose_unilogin(page)
    type_name(page, other)
    page.go_back()
    type_name(page, pupil)
    expect(page.get_by_text(pupil.username)).to_be_visible()
    expect(page.get_by_text(other.username)).to_have_count(0)
    type_password(page, pupil)
    expect(page).to_have_url(re.compile("code="))


def test_b_l07_a_stale_page_leads_to_a_new_beginning_at_the_same_service(
    open_page: OpenPage, a_service: MakeService, pupil: Somebody, shared_database: str
) -> None:
    service = a_service()
    attempt = service.attempt()
    page = open_page(may_be_refused=True)
    page.goto(attempt.url)
    choose_unilogin(page)
    type_name(page, pupil)
    run(_two_hours_pass(shared_database, urlsplit(page.url).path.split("/")[2]))
    type_password(page, pupil)
    expect(page.get_by_role("heading", level=1)).to_have_text("Der gik for lang tid")
    page.locator("main a.button").click()
    sign_in(page, pupil)
    expect_answer(page, service, attempt.parameters["state"])


async def _two_hours_pass(dsn: str, journey_id: str) -> None:
    connection = await connect(dsn)
    await connection.execute(
        "update signin_journey set started_at = started_at - interval '2 hours',"
        " expires_at = expires_at - interval '2 hours' where journey_id = $1",
        journey_id,
    )
    await connection.close()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_b_l07_a_double_click_on_every_button_is_one_sign_in(
    open_page: OpenPage, a_service: MakeService, people: People, scripts: bool
) -> None:
    service, pupil = a_service(), people.pupil()
    attempt = service.attempt()
    page = open_page(java_script_enabled=scripts)
    page.goto(attempt.url)
    page.locator("button[value=uni_idp]").dblclick()
    page.locator("input[name=username]").fill(pupil.username)
    page.locator("form.card button.button-primary").dblclick()
    page.locator("input[name=password]").fill(str(pupil.secret))
    page.locator("form.card button.button-primary").dblclick()
    expect_answer(page, service, attempt.parameters["state"])
    page.goto(service.attempt(prompt="none").url)
    expect(page).to_have_url(re.compile("code="))


@pytest.mark.parametrize("mode", ["query", "form_post"])
def test_w_03_the_whole_way_and_out_again_without_scripts(
    open_page: OpenPage, a_service: MakeService, pupil: Somebody, at: Receiver, mode: str
) -> None:
    service = a_service()
    attempt = service.attempt(response_mode=mode)
    page = open_page(java_script_enabled=False)
    page.goto(attempt.url)
    sign_in(page, pupil)
    if mode == "form_post":
        page.locator("form[data-auto-submit] button").click()
        page.wait_for_url(service.redirect_uri)
        assert at.wait_for()[-1].fields["state"] == attempt.parameters["state"]
    else:
        expect_answer(page, service, attempt.parameters["state"])
    page.goto(service.address("logout"))
    page.locator("form.card button.button-primary").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Du er logget ud")


class _CookieEater(BaseHTTPRequestHandler):
    """A proxy that carries everything but cookies, there and back."""

    def do_GET(self) -> None:
        sent = {name: value for name, value in self.headers.items() if name.lower() in ("host", "accept-language")}
        answer = httpx.get(self.path, headers=sent, timeout=60)
        self.send_response(answer.status_code)
        for name in ("content-type", "location"):
            if name in answer.headers:
                self.send_header(name, answer.headers[name])
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        pass


@pytest.fixture
def page_without_cookies(chromium: Browser) -> Iterator[Page]:
    """A browser that neither keeps nor sends cookies."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _CookieEater) as proxy:
        threading.Thread(target=proxy.serve_forever).start()
        context = chromium.new_context(locale="da-DK", proxy={"server": f"http://127.0.0.1:{proxy.server_port}"})
        yield context.new_page()
        context.close()
        proxy.shutdown()


def test_b_l06_without_cookies_a_page_says_why_and_what_to_do(
    page_without_cookies: Page, a_service: MakeService
) -> None:
    page = page_without_cookies
    answer = page.goto(a_service().attempt().url)
    assert answer is not None
    assert answer.status == 403
    assert page.context.cookies() == []
    expect(page.get_by_role("heading", level=1)).to_have_text("Vi kan ikke finde dit login")
    expect(page.get_by_text("Slå cookies til")).to_be_visible()


def shown_harmlessly(page: Page) -> None:
    """Nothing that came as text has become a part of the page."""
    page.wait_for_load_state()
    page.evaluate("() => new Promise((done) => setTimeout(done, 50))")  # what would run has had its turn
    strange = page.evaluate(
        """() => [...document.querySelectorAll('script, img, iframe, form, base, meta[http-equiv], a, svg')].filter(
          (one) => /evil|javascript:/.test(one.outerHTML.slice(0, 200)) && !one.closest('bdi')
            || one.tagName === 'IMG' && one.getAttribute('src') === 'x'
            || one.tagName === 'SCRIPT' && !one.src).map((one) => one.outerHTML)"""
    )
    assert strange == []
    assert page.title().endswith("Unilogin")


@pytest.mark.parametrize("name", [*ATTACKS_TOGETHER, " ".join(REAL)])
def test_b_l21_a_services_name_is_text_on_every_page(
    open_page: OpenPage, server: RunningServer, shared_database: str, http: httpx.Client, name: str
) -> None:
    service = RelyingParty(server, run(_register(shared_database, name)), http)
    page = open_page(may_be_refused=True)
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    page.goto(service.attempt().url)
    for step in ("selector", "username", "secret"):
        expect(page.locator("p.service")).to_contain_text(name)
        shown_harmlessly(page)
        if step == "selector":
            choose_unilogin(page)
        elif step == "username":
            page.locator("input[name=username]").fill("none0001")
            page.locator("form.card button[type=submit]").first.click()
            page.locator("input[name=password], button[name=picture]").first.wait_for()
    run(_two_hours_pass(shared_database, urlsplit(page.url).path.split("/")[2]))
    page.reload()
    expect(page.locator("main a.button")).to_contain_text(name)
    shown_harmlessly(page)


async def _register(dsn: str, name: str) -> Registered:
    connection = await connect(dsn)
    registration = Registration(
        name=name,
        provider="Prøveforlaget",
        client_id=f"odd-{abs(hash(name))}",
        home_url="http://localhost:9/",
        redirect_uris=["http://localhost:9/callback"],
    )
    async with connection.transaction():
        made = await add_service(connection, registration, actor=OPERATOR)
    await connection.close()
    return made


@pytest.mark.parametrize("name", [*INVISIBLE, *EMPTY, LONG])
def test_b_l22_a_service_cannot_be_registered_under_a_name_nobody_can_read(name: str) -> None:
    with pytest.raises(RegistrationError, match="visible"):
        checked_name(name, "name")


def test_b_l21_what_comes_in_an_address_is_text(
    open_page: OpenPage, server: RunningServer, a_service: MakeService
) -> None:
    """As a hint for the name, as a client that does not exist, as a language."""
    service, page = a_service(), open_page(may_be_refused=True)
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    for word in (*ATTACKS, *INVISIBLE, TALL, LONG):
        page.goto(service.attempt(login_hint=word).url)
        choose_unilogin(page)
        assert word.startswith(page.locator("input[name=username]").input_value())
        shown_harmlessly(page)
        for endpoint in ("auth", "logout"):
            page.goto(f"{service.address(endpoint)}?{urlencode({'client_id': word, 'state': word, 'lang': word})}")
            shown_harmlessly(page)


@pytest.fixture(scope="module")
def demo_of_odd_people(
    postgres: TestServer, template: str, secrets: Secrets, secrets_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """The one page that shows names: the demo's, of people with names as odd as they come."""
    dsn, data = postgres.create_database("odd_people", template), tmp_path_factory.mktemp("odd")
    people = People(dsn, secrets)
    for name in (*ATTACKS, *REAL, *INVISIBLE, *EMPTY, TALL, LONG, "Den næste"):
        run(_rename(dsn, people.pupil(secret=None, institution="999001"), name))
    service_file(data).write_bytes(msgspec.json.encode(DemoService("regneriget", "secret", "http://localhost:9")))
    server = start_server(dsn, secrets_file, extra={"UNILOGIN_DEMO": "yes", "UNILOGIN_DATA": str(data)})
    yield server
    server.stop()
    postgres.drop_database("odd_people")


async def _rename(dsn: str, somebody: Somebody, name: str) -> None:
    connection = await connect(dsn)
    await mark_as_demo(connection)
    await connection.execute(
        "update directory_person set first_name = $2, family_name = '' where person_id = $1", somebody.person_id, name
    )
    await connection.close()


@pytest.mark.parametrize("width", [320, 1024])
def test_b_l21_b_l22_odd_names_are_shown_and_leave_the_page_as_it_is(
    open_page: OpenPage, demo_of_odd_people: RunningServer, width: int
) -> None:
    page = open_page(width=width)
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    page.goto(f"{demo_of_odd_people.base_url}/demo")
    page.evaluate("() => document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    names = [text.strip() for text in page.locator("tbody th bdi").all_text_contents()]
    for name in (*ATTACKS, *REAL, *INVISIBLE, TALL, LONG):
        assert name.strip() in names, name
    shown_harmlessly(page)
    assert page.evaluate("() => document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    rows = page.evaluate(
        "() => [...document.querySelectorAll('tbody tr')].map("
        "(row) => [row.querySelector('td code').innerText, row.getBoundingClientRect().height])"
    )
    assert len(rows) == len(ATTACKS) + len(REAL) + len(INVISIBLE) + len(EMPTY) + 3
    for username, height in rows:
        assert re.fullmatch(r"test\d{4}", username)
        assert 0 < height < 400
