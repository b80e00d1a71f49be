"""Mit Unilogin in a real browser: with keyboard, phone and screen reader, without scripts, on two devices at once."""

import re

import pytest
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as TookTooLongError

from tests.apps.households import Households
from tests.browser.accessibility import violations
from tests.browser.fixtures import OpenPage
from tests.builders.people import People, Somebody
from tests.builders.services import Services
from tests.recovery.steps import WORD_OF_PICTURE
from tests.server import RunningServer

PHONE = {"width": 360, "height": 740}
CHROMEBOOK = {"width": 1366, "height": 768}
PICTURES: list[str] = ["sol", "hus", "bil", "is"]
PAGES = ("/mit", "/mit/tjenester", "/mit/sikkerhed", "/mit/historik")


def enter(page: Page, somebody: Somebody, *, to: str = "/mit") -> None:
    """Sign in on the way to a page; what one stands at afterwards is that page."""
    page.locator("button[value=uni_idp]").click()
    page.locator("input[name=username]").fill(somebody.username)
    page.locator("form.card button[type=submit]").first.click()
    if isinstance(somebody.secret, list):
        tap(page, somebody.secret)
    else:
        page.locator("input[name=password]").fill(str(somebody.secret))
        page.locator("form.card button.button-primary").click()
    page.wait_for_url(re.compile(f"{to}$"))


def tap(page: Page, pictures: list[str]) -> None:
    for picture in pictures:
        page.locator(f"button.picture[value={picture}]").click()
    page.locator("form.card button.button-primary").click()


def shown_pictures(page: Page) -> list[str]:
    expect(page.locator(".shown-word")).to_have_count(4)
    words = page.locator(".shown-word").all_inner_texts()
    return [WORD_OF_PICTURE.get(word, word) for word in words]


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_a_parent_at_another_device_gives_a_second_grader_new_pictures(
    server: RunningServer, households: Households, open_page: OpenPage, *, scripts: bool
) -> None:
    parent, child = households.parent_and_child(level="2")
    phone = open_page(f"{server.base_url}/mit", java_script_enabled=scripts, **PHONE)
    enter(phone, parent)
    phone.get_by_role("link", name=re.compile("Mine børn")).click()
    phone.get_by_role("link", name=re.compile("Åbn")).click()
    phone.get_by_role("link", name="Giv nye billeder").click()
    phone.get_by_role("button", name="Giv nye billeder").click()
    expect(phone.locator("main")).to_contain_text("Der er åbent til kl.")

    tablet = open_page(f"{server.base_url}/mit", java_script_enabled=scripts, width=768, height=1024)
    tablet.locator("button[value=uni_idp]").click()
    tablet.locator("input[name=username]").fill(child.username)
    tablet.locator("form.card button[type=submit]").first.click()
    tablet.get_by_role("button", name="Vis mine nye billeder").click()
    new = shown_pictures(tablet)
    tablet.get_by_role("link", name="Prøv dem").click()
    tap(tablet, new)
    tablet.wait_for_url(re.compile("/mit$"))
    expect(tablet.locator("h1")).to_have_text(re.compile("^Hej"))

    if not scripts:
        phone.get_by_role("link", name="Se efter nu").click()
    expect(phone.locator("main")).to_contain_text("Dit barn fik nye billeder kl.")
    for word in new:
        assert phone.locator(f"img[src*='{word}.svg']").count() == 0, "the parent is never shown them"
    if scripts:
        assert violations(phone) == []


class TestEverybody:
    """axe, both languages, a phone and a Chromebook; nothing is wider than the window."""

    @pytest.mark.parametrize("who", ["young", "pupil", "staff"])
    def test_every_page_can_be_read_by_everybody(
        self, server: RunningServer, people: People, services: Services, open_page: OpenPage, *, who: str
    ) -> None:
        services.add()
        if who == "staff":
            somebody = people.teacher()
        else:
            young = who == "young"
            somebody = people.pupil(level="1", secret=PICTURES) if young else people.pupil(level="8")
        page = open_page(f"{server.base_url}/mit", **CHROMEBOOK)
        enter(page, somebody)
        for path in PAGES:
            self._look(page, f"{server.base_url}{path}")

    def test_every_page_about_a_child_too(
        self, server: RunningServer, households: Households, open_page: OpenPage
    ) -> None:
        parent, child = households.parent_and_child()
        page = open_page(f"{server.base_url}/mit", may_be_refused=True, **CHROMEBOOK)
        enter(page, parent)
        about = f"{server.base_url}/mit/boern/{child.account_id}"
        for url in (f"{server.base_url}/mit/boern", about, f"{about}/adgangskode"):
            self._look(page, url)
        for _ in ("opens", "closes"):
            with page.expect_navigation():
                page.locator("main button").click()
            self._look(page, f"{about}/adgangskode")

    def _look(self, page: Page, url: str) -> None:
        for size, language in ((CHROMEBOOK, "en"), (PHONE, "en"), (PHONE, "da"), ({"width": 320, "height": 480}, "da")):
            page.set_viewport_size(size)  # type: ignore[arg-type]  # width and height, as it takes them
            page.goto(f"{url}?lang={language}")
            assert violations(page) == [], f"{url} {language} {size}"
            assert page.locator("html").get_attribute("lang") == language
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{url} {size}"


def test_a_keyboard_is_enough(server: RunningServer, households: Households, open_page: OpenPage) -> None:
    parent, _ = households.parent_and_child()
    page = open_page(f"{server.base_url}/mit")
    enter(page, parent)
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Gå til indholdet")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text(re.compile("^Åbn"))
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/mit/boern/"))
    page.get_by_role("link", name="Giv nye billeder").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/adgangskode$"))
    page.get_by_role("button", name="Giv nye billeder").focus()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("Der er åbent til kl.")


def test_the_waiting_page_leaves_who_is_busy_on_it_alone(
    server: RunningServer, households: Households, open_page: OpenPage
) -> None:
    """It looks again by itself, but never takes the focus from under somebody's fingers."""
    parent, child = households.parent_and_child()
    page = open_page(f"{server.base_url}/mit")
    enter(page, parent)
    page.goto(f"{server.base_url}/mit/boern/{child.account_id}/adgangskode")
    with page.expect_navigation():
        page.locator("main button").click()
    page.get_by_role("button", name="Luk igen").focus()
    with pytest.raises(TookTooLongError), page.expect_navigation(timeout=7_000):
        expect(page.get_by_role("button", name="Luk igen")).to_be_focused()
    with page.expect_navigation():
        page.evaluate("document.activeElement.blur()")


def test_the_back_button_shows_nothing_after_logging_out(
    server: RunningServer, people: People, open_page: OpenPage
) -> None:
    pupil = people.pupil()
    page = open_page(f"{server.base_url}/mit")
    enter(page, pupil)
    page.goto(f"{server.base_url}/mit/historik")
    page.get_by_role("button", name="Log ud").click()
    page.wait_for_url(re.compile("/mit/signed-out$"))
    page.go_back(wait_until="networkidle")
    assert "Du loggede ind." not in page.locator("body").inner_text()
    page.goto(f"{server.base_url}/mit/historik")
    expect(page).to_have_url(re.compile("/login/"))


def test_the_way_in_holds_no_name_in_any_address(
    server: RunningServer, households: Households, open_page: OpenPage
) -> None:
    parent, child = households.parent_and_child()
    page = open_page("about:blank")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{server.base_url}/mit")
    enter(page, parent)
    page.goto(f"{server.base_url}/mit/boern/{child.account_id}")
    page.get_by_role("button", name="Vis brugernavnet").click()
    expect(page.locator(".username")).to_have_text(child.username)
    assert asked
    assert not [url for url in asked if parent.username in url or child.username in url]
    assert all(url.startswith((server.base_url, "about:")) for url in asked), "nobody else is asked (N-110)"
