"""The live board beside its pupils: each step shows itself, one tap helps, and it works without scripts as well."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.apps.elevadgang.boards import name_typed, right_pictures
from tests.apps.elevadgang.classroom import Class, Classroom
from tests.apps.elevadgang.test_in_browser import SCREENS, check, enter
from tests.browser.fixtures import OpenPage
from tests.builders.people import Somebody
from tests.server import RunningServer


@pytest.fixture
def held(classroom: Classroom) -> Class:
    made = classroom.make(pupils=9)
    classroom.households.protect(made.pupils[8], alias=("Åse-Marie Kristiane", "von der Østergård-Thygesen"))
    classroom.households.people.block(made.pupils[7])
    return made


def seat(page: Page, pupil: Somebody, state: str) -> None:
    """Wait until the card of a pupil says this."""
    expect(page.locator(f"#p-{pupil.account_id}")).to_have_attribute("data-state", state)


def test_the_board_and_a_pupil_side_by_side(server: RunningServer, open_page: OpenPage, held: Class) -> None:
    page = open_page(f"{server.base_url}/elevadgang", width=1366, height=768)
    enter(page, held.teacher)
    page.goto(f"{server.base_url}{held.url}/min-time")
    check(page, "board-begin")
    page.get_by_role("button", name="Start").click()
    first, second, third = held.pupils[:3]
    seat(page, first, "absent")
    pupil = open_page(f"{server.base_url}/mit", width=1366, height=768)
    pupil.locator("button[value=uni_idp]").click()
    pupil.locator("#username").fill(first.username)
    pupil.locator("form button[type=submit]").first.click()
    seat(page, first, "typing")
    for _ in range(4):
        pupil.locator("button[name=picture]").first.click()
    pupil.locator("button[name=next]").click()
    seat(page, first, "wrong")
    check(page, "board-wrong")
    expect(page.locator("#news")).to_contain_text("Forkert adgangskode")
    expect(page.locator("#board > li").first).to_have_id(f"p-{first.account_id}")  # moved up
    address = page.url
    page.locator(f"#p-{first.account_id} [data-tap=give]").click()
    seat(page, first, "open")
    assert page.url == address
    expect(page.locator(f"#p-{first.account_id} .seat-left")).to_have_text(re.compile(r"[45]:\d\d"))
    pupil.goto(f"{server.base_url}/mit")
    pupil.locator("button[value=uni_idp]").click()
    pupil.locator("#username").fill(first.username)
    pupil.locator("form button[type=submit]").first.click()
    pupil.locator("main form button[type=submit]").first.click()
    pupil.wait_for_url("**/new-password")
    seat(page, first, "received")
    right_pictures(name_typed(server.base_url, second))
    seat(page, second, "signed_in")
    name_typed(server.base_url, third)
    seat(page, third, "typing")
    assert page.locator("#lost").is_hidden()
    for screen, (width, height) in SCREENS.items():
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme="dark" if screen == "tablet" else "light")
        page.goto(f"{address}?lang={'en' if screen == 'chromebook' else 'da'}")
        check(page, f"board-{screen}")


def test_without_scripts_the_board_looks_again_by_itself(
    server: RunningServer, open_page: OpenPage, classroom: Classroom
) -> None:
    held = classroom.make(pupils=1)
    page = open_page(f"{server.base_url}/elevadgang", java_script_enabled=False)
    enter(page, held.teacher)
    page.goto(f"{server.base_url}{held.url}/min-time")
    with page.expect_navigation():
        page.get_by_role("button", name="Start").click()
    (pupil,) = held.pupils
    name_typed(server.base_url, pupil)
    seat(page, pupil, "typing")
    page.locator(f"#p-{pupil.account_id} [data-tap=give]").click()
    seat(page, pupil, "open")
    assert page.url.endswith("/min-time")
