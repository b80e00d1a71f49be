"""Making a passkey in Mit Unilogin in Chromium, signing in with it, and deleting it."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import violations
from tests.browser.fixtures import OpenPage
from tests.browser.virtual_authenticator import Device
from tests.builders.passkeys import Passkeys
from tests.builders.people import People, Somebody
from tests.server import RunningServer, free_port, start_server

LIST = "/mit/sikkerhed/adgangsnoegler"


@pytest.fixture(scope="module")
def passkeys(shared_database: str, server: RunningServer) -> Passkeys:
    return Passkeys(shared_database, server.base_url)


@pytest.fixture
def teacher(people: People) -> Somebody:
    return people.teacher()


def sign_in(page: Page, somebody: Somebody) -> None:
    page.locator("button[value=uni_idp]").click()
    page.locator("input[name=username]").fill(somebody.username)
    page.locator("form.card button[type=submit]").first.click()
    page.locator("input[name=password]").fill(str(somebody.secret))
    page.locator("form.card button.button-primary").click()


def at_the_list(page: Page, server: RunningServer, somebody: Somebody) -> None:
    page.goto(server.base_url + LIST)
    sign_in(page, somebody)
    expect(page.get_by_role("heading", level=1, name="Adgangsnøgler")).to_be_visible()


def add(page: Page, name: str) -> None:
    page.get_by_role("link", name="Tilføj adgangsnøgle").click()
    page.get_by_label("Navn på adgangsnøglen").fill(name)
    page.wait_for_load_state()  # the button is the script's
    page.get_by_role("button", name="Lav adgangsnøgle").click()


def test_a_teacher_adds_a_passkey_signs_in_with_it_and_deletes_it(
    open_page: OpenPage, server: RunningServer, passkeys: Passkeys, people: People, teacher: Somebody
) -> None:
    page = open_page()
    device = Device.beside(page)
    at_the_list(page, server, teacher)
    add(page, "Min bærbare")
    expect(page.get_by_role("heading", name="Din adgangsnøgle er klar")).to_be_visible()
    (key,) = device.keys()
    assert key["isResidentCredential"]
    assert key["userName"] == key["userDisplayName"] == teacher.username
    page.get_by_role("link", name="Tilbage til Mit Unilogin").click()
    expect(page.get_by_text("Min bærbare").first).to_be_visible()
    expect(page.get_by_text("Denne enhed")).to_be_visible()

    page.get_by_role("button", name="Log ud", exact=True).click()
    page.wait_for_url(f"{server.base_url}/mit/signed-out")
    page.goto(server.base_url + LIST)
    with page.expect_navigation():
        page.locator("button[value=uni_idp]").click()
    page.get_by_role("button", name="Log ind med adgangsnøgle").click()
    expect(page.get_by_text(re.compile("Sidst brugt i dag"))).to_be_visible()
    assert "passkey" in [session.method for session in people.sessions(teacher)]

    page.locator("summary", has_text=re.compile("^Slet")).click()
    page.get_by_role("button", name="Slet adgangsnøglen Min bærbare").click()
    expect(page.get_by_text("Adgangsnøglen er slettet")).to_be_visible()
    assert passkeys.of(teacher) == []


def test_a_device_that_is_not_unlocked_makes_none(
    open_page: OpenPage, server: RunningServer, passkeys: Passkeys, teacher: Somebody
) -> None:
    page = open_page()
    device = Device.beside(page, unlocks=False)
    at_the_list(page, server, teacher)
    add(page, "Telefon")
    expect(page.get_by_role("status")).to_contain_text("Din enhed lavede ingen adgangsnøgle.")
    assert device.keys() == []
    assert passkeys.of(teacher) == []
    device.unlock(works=True)
    page.get_by_label("Navn på adgangsnøglen").press("Enter")
    expect(page.get_by_role("heading", name="Din adgangsnøgle er klar")).to_be_visible()


def test_a_device_makes_no_second_one(
    open_page: OpenPage, server: RunningServer, passkeys: Passkeys, teacher: Somebody
) -> None:
    page = open_page()
    Device.beside(page)
    at_the_list(page, server, teacher)
    add(page, "Telefon")
    page.get_by_role("link", name="Tilbage til Mit Unilogin").click()
    add(page, "Telefon igen")
    expect(page.get_by_role("status")).to_contain_text("Du har allerede en adgangsnøgle på den enhed.")
    assert len(passkeys.of(teacher)) == 1


@pytest.mark.parametrize("language", ["da", "en"])
@pytest.mark.parametrize("width", [360, 1366])
def test_the_pages_are_for_everybody(
    open_page: OpenPage, server: RunningServer, passkeys: Passkeys, teacher: Somebody, language: str, width: int
) -> None:
    page = open_page(width=width)
    page.context.add_cookies([{"name": "unilogin_language", "value": language, "url": server.base_url}])
    Device.beside(page, unlocks=False)
    passkeys.give(teacher)
    page.goto(server.base_url + LIST)
    sign_in(page, teacher)
    page.wait_for_url(re.compile(LIST))
    for fold in page.locator(".line-folds summary").all():
        fold.click()
    assert violations(page) == []
    with page.expect_navigation():
        page.locator(f"a[href='{LIST}/ny']").click()
    page.locator("[data-passkey-go]").click()
    expect(page.locator("[data-passkey-problem]")).to_be_visible()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_where_mit_unilogin_has_a_host_of_its_own_a_passkey_is_made_at_the_host_of_the_sign_in(
    open_page: OpenPage, shared_database: str, secrets_file: Path, passkeys: Passkeys, teacher: Somebody
) -> None:
    port = free_port()
    app = f"http://127.0.0.1:{port}"
    extra = {"UNILOGIN_BASE_URL": f"http://localhost:{port}", "UNILOGIN_APP_HOSTS": f"mit={app}"}
    moved = start_server(shared_database, secrets_file, extra=extra, port=port)
    try:
        page = open_page()
        Device.beside(page)
        page.goto(app + LIST)
        sign_in(page, teacher)
        add(page, "Min bærbare")
        expect(page).to_have_url(re.compile(f"^{moved.base_url}/passkeys/.*/done$"))
        page.get_by_role("link", name="Tilbage til Mit Unilogin").click()
        expect(page).to_have_url(app + LIST)
        expect(page.get_by_text("Min bærbare").first).to_be_visible()
        assert len(passkeys.of(teacher)) == 1
    finally:
        moved.stop()
