"""The journey in Chromium: finger, mouse, keyboard, a screen reader's view, without scripts, small, dark, enlarged."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import violations
from tests.browser.fixtures import OpenPage
from tests.builders.journeys import Journeys
from tests.builders.people import People, Somebody
from tests.server import RunningServer
from unilogin.kit.ids import new_token

CODE = ["sol", "hus", "bil", "is"]
SIZES = [(320, 640), (360, 740), (1024, 768), (1440, 900)]

GoToLogin = Callable[..., Page]


@pytest.fixture(scope="module")
def grade_2(people: People) -> Somebody:
    return people.pupil(level="2", secret=CODE)


@pytest.fixture(scope="module")
def grade_8(people: People) -> Somebody:
    return people.pupil(level="8", secret="solskin over klitten 7")


@pytest.fixture
def go_to_login(open_page: OpenPage, server: RunningServer, journeys: Journeys) -> GoToLogin:
    """Return a function that opens a window at the first page of a new journey."""

    def go(**options: object) -> Page:
        page = open_page(**options)
        token = new_token()
        page.context.add_cookies([{"name": "unilogin_browser", "value": token, "url": server.base_url}])
        page.goto(server.base_url + journeys.begin(token))
        return page

    return go


def type_username(page: Page, username: str) -> None:
    """From the selector to the page of the secret, with the mouse."""
    page.get_by_role("button", name="Unilogin").click()
    page.get_by_label("Brugernavn").fill(username)
    page.get_by_role("button", name="Næste").click()


def press(page: Page, button: str) -> None:
    """Press the first of these buttons, and wait for the page that comes."""
    with page.expect_navigation():
        page.locator(button).first.click()


def expect_at_the_service(page: Page) -> None:
    """The journey has ended where it was to lead."""
    expect(page).to_have_url(re.compile(r"/hjaelp\?from=journey&journey="))
    page.wait_for_load_state()


def test_a_password_with_the_mouse(go_to_login: GoToLogin, grade_8: Somebody) -> None:
    page = go_to_login()
    type_username(page, grade_8.username)
    expect(page.get_by_text(grade_8.username)).to_be_visible()
    page.get_by_label("Adgangskode", exact=True).fill(str(grade_8.secret))
    page.get_by_role("button", name="Log ind").click()
    expect_at_the_service(page)


def test_a_password_with_the_keyboard_alone(go_to_login: GoToLogin, grade_8: Somebody) -> None:
    page = go_to_login()
    page.get_by_role("button", name="Unilogin").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Brugernavn")).to_be_focused()
    page.keyboard.type(grade_8.username)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Adgangskode", exact=True)).to_be_focused()
    page.keyboard.type(str(grade_8.secret))
    page.keyboard.press("Enter")
    expect_at_the_service(page)


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_w_03_pictures_by_finger_with_and_without_scripts(
    go_to_login: GoToLogin, grade_2: Somebody, scripts: bool
) -> None:
    page = go_to_login(width=768, has_touch=True, java_script_enabled=scripts)
    type_username(page, grade_2.username)
    for word in CODE:
        page.get_by_role("button", name=word, exact=True).tap()
    page.get_by_role("button", name="Næste").tap()
    expect_at_the_service(page)


def test_pictures_with_the_keyboard_alone(go_to_login: GoToLogin, grade_2: Somebody) -> None:
    page = go_to_login()
    type_username(page, grade_2.username)
    for word in CODE:
        page.get_by_role("button", name=word, exact=True).focus()
        page.keyboard.press("Enter")
    page.get_by_role("button", name="Næste").focus()
    page.keyboard.press("Enter")
    expect_at_the_service(page)


def test_a_wrong_picture_is_taken_out_again(go_to_login: GoToLogin, grade_2: Somebody) -> None:
    page = go_to_login()
    type_username(page, grade_2.username)
    for word in ("sol", "kat"):
        page.get_by_role("button", name=word, exact=True).click()
    page.get_by_role("button", name="Plads 2: kat").click()
    for word in CODE[1:]:
        page.get_by_role("button", name=word, exact=True).click()
    page.get_by_role("button", name="Næste").click()
    expect_at_the_service(page)


def test_wrong_pictures_start_over_gently(go_to_login: GoToLogin, grade_2: Somebody) -> None:
    page = go_to_login()
    type_username(page, grade_2.username)
    for word in reversed(CODE):
        page.get_by_role("button", name=word, exact=True).click()
    page.get_by_role("button", name="Næste").click()
    expect(page.get_by_text("Prøv igen")).to_be_visible()
    for word in CODE:
        page.get_by_role("button", name=word, exact=True).click()
    page.get_by_role("button", name="Næste").click()
    expect_at_the_service(page)


def test_b_l07_the_back_button_after_success_leads_on_and_never_to_an_error(
    go_to_login: GoToLogin, grade_8: Somebody
) -> None:
    page = go_to_login()
    type_username(page, grade_8.username)
    page.get_by_label("Adgangskode", exact=True).fill(str(grade_8.secret))
    page.get_by_role("button", name="Log ind").click()
    expect_at_the_service(page)
    page.go_back()
    expect_at_the_service(page)


def test_f_39_a_double_click_is_one_sign_in(go_to_login: GoToLogin, grade_8: Somebody) -> None:
    page = go_to_login()
    type_username(page, grade_8.username)
    page.get_by_label("Adgangskode", exact=True).fill(str(grade_8.secret))
    page.get_by_role("button", name="Log ind").dblclick()
    expect_at_the_service(page)


def test_not_you_leads_back_to_the_name(go_to_login: GoToLogin, grade_8: Somebody, grade_2: Somebody) -> None:
    page = go_to_login()
    type_username(page, grade_8.username)
    page.get_by_role("link", name="Ikke dig?").click()
    page.get_by_label("Brugernavn").fill(grade_2.username)
    page.get_by_role("button", name="Næste").click()
    expect(page.get_by_text(grade_2.username)).to_be_visible()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("language", ["da-DK", "en-GB"])
def test_n_116_axe_finds_nothing_on_any_page(
    go_to_login: GoToLogin, grade_2: Somebody, grade_8: Somebody, language: str, dark: bool
) -> None:
    page = go_to_login(locale=language, color_scheme="dark" if dark else "light")
    found = {"selector": violations(page)}
    start = page.url
    press(page, "button[value=uni_idp]")
    found["username"] = violations(page)
    press(page, "form.card button[type=submit]")
    found["username missing"] = violations(page)
    for somebody in (grade_8, grade_2):
        page.goto(start.replace("/method", "/username"))
        page.locator("input[name=username]").fill(somebody.username)
        press(page, "form.card button[type=submit]")
        found[f"secret {somebody.username}"] = violations(page)
    page.locator("button[name=picture]").first.click()
    found["one picture"] = violations(page)
    page.goto(start.replace("/method", "/soon/local"))
    found["local"] = violations(page)
    for path in ("/hjaelp", "/hjaelp/tilgaengelighed"):
        page.goto(start.partition("/login")[0] + path)
        found[path] = violations(page)
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_no_page_scrolls_sideways(
    go_to_login: GoToLogin, grade_2: Somebody, grade_8: Somebody, width: int, height: int
) -> None:
    page = go_to_login(width=width, height=height)
    too_wide = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not page.evaluate(too_wide)
    start = page.url
    for somebody in (grade_8, grade_2):
        page.goto(start)
        press(page, "button[value=uni_idp]")
        page.locator("input[name=username]").fill(somebody.username)
        press(page, "form.card button[type=submit]")
        assert not page.evaluate(too_wide)
