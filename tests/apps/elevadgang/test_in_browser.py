"""Elevadgang in a browser: a teacher and pupils side by side, on every screen a school has, and readable by all."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.apps.elevadgang.classroom import Class, Classroom
from tests.browser.accessibility import violations
from tests.browser.fixtures import OpenPage
from tests.builders.people import Somebody
from tests.server import RunningServer

SCREENS = {"phone": (360, 740), "tablet": (820, 1180), "chromebook": (1366, 768), "projector": (1920, 1080)}


def enter(page: Page, teacher: Somebody) -> None:
    """Sign a teacher in by the blue button."""
    page.get_by_role("link", name="Log på", exact=True).or_(
        page.get_by_role("link", name="Sign in", exact=True)
    ).click()
    page.locator("button[value=uni_idp]").click()
    page.locator("#username").fill(teacher.username)
    page.locator("form button[type=submit]").first.click()
    page.locator("#password").fill(str(teacher.secret))
    page.locator("form button[type=submit]").first.click()
    page.wait_for_url("**/elevadgang/klasser")


@pytest.fixture
def held(classroom: Classroom) -> Class:
    made = classroom.make(pupils=4)
    classroom.households.protect(made.pupils[3], alias=("Åse-Marie Kristiane", "von der Østergård-Thygesen"))
    classroom.households.people.block(made.pupils[2])
    return made


@pytest.mark.parametrize(
    ("screen", "language"), [("phone", "da"), ("tablet", "en"), ("chromebook", "da"), ("projector", "en")]
)
def test_a_teacher_and_a_pupil_side_by_side(
    server: RunningServer, open_page: OpenPage, held: Class, screen: str, language: str
) -> None:
    width, height = SCREENS[screen]
    scheme = "dark" if (screen, language) == ("tablet", "en") else "light"
    locale = {"da": "da-DK", "en": "en-GB"}[language]
    page = open_page(f"{server.base_url}/elevadgang", width=width, height=height, locale=locale, color_scheme=scheme)
    check(page, f"front-{screen}-{language}")
    enter(page, held.teacher)
    check(page, f"classes-{screen}-{language}")
    with page.expect_navigation():
        page.locator(f"a[href='{held.url}']").click()
    check(page, f"class-{screen}-{language}")
    row = page.locator(f"#p-{held.pupils[0].account_id}")
    row.locator("button[name=one]:not([formaction]):visible").click()
    row.locator("button[formaction$=annuller]").wait_for()
    check(page, f"open-{screen}-{language}")
    pupil = open_page(f"{server.base_url}/mit", width=1366, height=768)
    pupil.locator("button[value=uni_idp]").click()
    pupil.locator("#username").fill(held.pupils[0].username)
    pupil.locator("form button[type=submit]").first.click()
    pupil.wait_for_url("**/window")
    pupil.locator("main form button[type=submit]").first.click()
    pupil.wait_for_url("**/new-password")
    row.locator("button[formaction$=fortryd]").wait_for()  # the page looks again by itself
    check(page, f"claimed-{screen}-{language}")
    if width < 768:
        row.locator("summary").click()
    row.locator("button[formaction$=brugernavn]:visible").click()
    page.locator(".username-large").wait_for()
    check(page, f"username-{screen}-{language}")


def test_the_pages_of_an_administrator(
    server: RunningServer, open_page: OpenPage, classroom: Classroom, held: Class
) -> None:
    head = classroom.households.people.teacher(institution=held.teacher.institution)
    page = open_page(f"{server.base_url}/elevadgang", width=820, height=1180)
    enter(page, head)
    classroom.let_administer(head)
    classroom.be_sure(head)
    number = held.teacher.institution.lower()
    base = f"{server.base_url}/elevadgang/administrator"
    pages = {
        "school": base,
        "any-class": f"{server.base_url}{held.admin_url}",
        "pupil": f"{server.base_url}{held.admin_url}/elev/{held.pupils[0].account_id}",
        "blocked": f"{server.base_url}{held.admin_url}/elev/{held.pupils[2].account_id}",
        "loans": f"{server.base_url}{held.admin_url}/laan",
        "settings": f"{base}/skole/{number}/indstillinger",
        "help": f"{base}/skole/{number}/hjaelp",
    }
    for name, url in pages.items():
        for width in (360, 1366):
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(url)
            check(page, f"{name}-{width}")


def test_finding_ticking_and_a_code_with_one_thumb(
    server: RunningServer, open_page: OpenPage, classroom: Classroom
) -> None:
    """A pupil is found while one types; what is ticked is counted where the thumb is; the code is read and given."""
    held = classroom.make(pupils=9)
    classroom.decide(held, "check_code", value=True)
    page = open_page(f"{server.base_url}/elevadgang", width=360, height=740)
    enter(page, held.teacher)
    page.locator("#q").press_sequentially(held.pupils[4].username)
    expect(page.locator("#found li")).to_have_count(1)
    check(page, "found-phone")
    page.locator("#found a").click()
    page.wait_for_url(f"**{held.url}#p-{held.pupils[4].account_id}")
    heights = page.evaluate("[...document.querySelectorAll('.pupil')].map(e => e.offsetHeight)")
    assert max(heights) < 90, heights  # with a name on two lines
    for pupil in (held.pupils[0], held.pupils[4]):
        page.locator(f"#c-{pupil.account_id}").check()
    page.evaluate("scrollTo(0, 0)")
    bar = page.locator(".pupils-bar button")
    assert "Giv ny adgangskode" in bar.inner_text()
    assert (
        page.evaluate("getComputedStyle(document.querySelector('.ticked'), '::after').content")
        == '" (" counter(ticked) ")"'
    )
    assert bar.bounding_box()["y"] < 740  # type: ignore[index]  # it is in sight
    page.evaluate("scrollTo(0, document.body.scrollHeight)")  # where it stands in its own place, and hides nothing
    check(page, "ticked-phone")
    with page.expect_navigation():
        bar.click()
    code = page.locator(f"#p-{held.pupils[4].account_id} .check-shown")
    word, digits = code.locator("img").get_attribute("alt"), code.inner_text().strip()
    pupil_page = open_page(f"{server.base_url}/mit", width=360, height=740, color_scheme="dark")
    pupil_page.locator("button[value=uni_idp]").click()
    pupil_page.locator("#username").fill(held.pupils[4].username)
    pupil_page.locator("form button[type=submit]").first.click()
    pupil_page.wait_for_url("**/window")
    pupil_page.locator(f"label:has(img[alt='{word}'])").click()
    pupil_page.locator("#check_digits").fill(digits)
    check(pupil_page, "code-phone")
    pupil_page.locator("main form button[type=submit]").last.click()
    pupil_page.wait_for_url("**/new-password")


def check(page: Page, name: str) -> None:
    """No violation, nothing to the side of the screen, every button as large as a thumb; and a picture if asked for."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    small = page.evaluate(
        "[...document.querySelectorAll('main button, main .button, main .check-box, main .big-link')]"
        ".filter(e => e.getClientRects().length && Math.min(e.offsetHeight, e.offsetWidth) < 44).map(e => e.outerHTML)"
    )
    assert small == [], name
