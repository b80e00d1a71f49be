"""Signing in with a passkey in Chromium, with its virtual authenticator."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import violations
from tests.browser.fixtures import OpenPage
from tests.browser.virtual_authenticator import Device
from tests.builders.journeys import Journeys
from tests.builders.passkeys import Passkeys
from tests.builders.people import People, Somebody
from tests.server import RunningServer
from unilogin.kit.ids import new_token

OFFER = "Log ind med adgangsnøgle"


@pytest.fixture(scope="module")
def passkeys(shared_database: str, server: RunningServer) -> Passkeys:
    return Passkeys(shared_database, server.base_url)


@pytest.fixture
def teacher(people: People) -> Somebody:
    return people.teacher()


@pytest.fixture
def at_the_name(open_page: OpenPage, server: RunningServer, journeys: Journeys) -> Page:
    """A window at the username page of a new journey."""
    page = open_page()
    begin(page, server, journeys)
    return page


def begin(page: Page, server: RunningServer, journeys: Journeys) -> None:
    token = new_token()
    page.context.add_cookies([{"name": "unilogin_browser", "value": token, "url": server.base_url}])
    page.goto(server.base_url + journeys.begin(token))
    with page.expect_navigation(wait_until="commit"):  # the next page may leave by itself
        page.locator("button[value=uni_idp]").click()
    page.wait_for_load_state()


def test_one_press_and_an_unlocked_device_sign_in(at_the_name: Page, passkeys: Passkeys, teacher: Somebody) -> None:
    device = Device.beside(at_the_name)
    device.take(passkeys.give(teacher), user_handle=teacher.account_id.bytes)
    at_the_name.get_by_role("button", name=OFFER).click()
    expect(at_the_name).to_have_url(re.compile("/hjaelp"))
    assert device.keys()[0]["signCount"] == 1


def test_a_device_that_is_not_unlocked_signs_nobody_in_and_the_next_try_does(
    at_the_name: Page, passkeys: Passkeys, people: People, teacher: Somebody
) -> None:
    device = Device.beside(at_the_name, unlocks=False)
    device.take(passkeys.give(teacher), user_handle=teacher.account_id.bytes)
    at_the_name.get_by_role("button", name=OFFER).click()
    expect(at_the_name.get_by_role("status")).to_contain_text("Din enhed gav ingen adgangsnøgle")
    assert people.sessions(teacher) == []
    device.unlock(works=True)
    at_the_name.get_by_role("button", name="Brug min adgangsnøgle").click()
    expect(at_the_name).to_have_url(re.compile("/hjaelp"))


def test_who_gives_up_goes_on_with_the_name(at_the_name: Page, passkeys: Passkeys, teacher: Somebody) -> None:
    device = Device.beside(at_the_name, answers=False)
    device.take(passkeys.give(teacher), user_handle=teacher.account_id.bytes)
    at_the_name.get_by_role("button", name=OFFER).click()
    at_the_name.get_by_role("link", name="Brug brugernavn i stedet").click()
    expect(at_the_name.get_by_label("Brugernavn")).to_be_focused()


def test_a_device_without_a_key_of_ours_says_so(at_the_name: Page) -> None:
    Device.beside(at_the_name)
    at_the_name.get_by_role("button", name=OFFER).click()
    expect(at_the_name.get_by_role("status")).to_contain_text("Din enhed gav ingen adgangsnøgle")


def test_a_key_that_was_removed_here_is_refused_with_a_page_that_says_what_to_do(
    at_the_name: Page, passkeys: Passkeys, people: People, teacher: Somebody
) -> None:
    device = Device.beside(at_the_name)
    given = passkeys.give(teacher)
    device.take(given, user_handle=teacher.account_id.bytes)
    passkeys.take_away(given)
    at_the_name.get_by_role("button", name=OFFER).click()
    expect(at_the_name.locator(".message", has_text="Den adgangsnøgle virkede ikke")).to_be_focused()
    assert people.sessions(teacher) == []
    assert violations(at_the_name) == []


def test_where_a_passkey_was_used_before_the_browser_offers_it_beside_the_names(
    at_the_name: Page, passkeys: Passkeys, people: People, teacher: Somebody, server: RunningServer, journeys: Journeys
) -> None:
    device = Device.beside(at_the_name)
    device.take(passkeys.give(teacher), user_handle=teacher.account_id.bytes)
    at_the_name.get_by_role("button", name=OFFER).click()
    expect(at_the_name).to_have_url(re.compile("/hjaelp"))
    begin(at_the_name, server, journeys)  # Chromium's device for tests answers as soon as it is offered
    expect(at_the_name).to_have_url(re.compile("/hjaelp"))
    assert [(session.method, session.device) for session in people.sessions(teacher)] == [("passkey", "own")] * 2


def test_elsewhere_nothing_is_asked_before_somebody_wants_it(
    at_the_name: Page, passkeys: Passkeys, people: People, teacher: Somebody
) -> None:
    device = Device.beside(at_the_name)
    device.take(passkeys.give(teacher), user_handle=teacher.account_id.bytes)
    at_the_name.reload()
    expect(at_the_name.get_by_label("Brugernavn")).to_have_attribute("autocomplete", "username")
    assert people.sessions(teacher) == []
