"""Nobody stays outside: with only a browser, or only ``/demo.json``, people of the demo find their way back in."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest
from lxml import html
from playwright.sync_api import Page, expect

from tests.browser.accessibility import violations
from tests.browser.fixtures import OpenPage
from tests.builders.authenticator import Authenticator, raw
from tests.demo.conftest import RunningDemo
from tests.recovery.steps import follow, go, practise, shown_pictures, tap
from tests.visitor import Visitor

NEW = "grønne gulerødder ler 4"
ARTEM, ARTEMS_FATHER, BIRK = "Artem Nowak", "Oleh Melnyk", "Birk Friis"


def at_login(demo: RunningDemo) -> Visitor:
    """A new browser at the username page, on the way to the demo's service."""
    visitor = Visitor(demo.base_url)
    visitor.open(httpx.get(f"{demo.home}/login", follow_redirects=False).headers["location"])
    visitor.submit(button=("selectedIdp", "uni_idp"))
    return visitor


def use_mitid(visitor: Visitor, identity: str, answer: str = "approve") -> Visitor:
    """Press "use MitID", answer in the simulator, and come back."""
    visitor.submit(button=("provider", "nemlogin3"))
    return approve(visitor, identity, answer)


def approve(visitor: Visitor, identity: str, answer: str = "approve") -> Visitor:
    """From the page that leads to the simulator: answer there, and come back."""
    visitor.move_on()
    with httpx.Client(timeout=60) as simulator:
        page = simulator.get(visitor.left_for or "")
        document: html.HtmlElement = html.document_fromstring(page.content)
        form = next(form for form in document.forms if form.method == "POST")
        fields = {name: value or "" for name, value in form.form_values()}
        address = urljoin(str(page.url), form.action)
        answered = simulator.post(address, data=fields | {"identity": identity, "answer": answer})
    visitor.open(answered.headers["location"])
    return visitor


def person(demo: RunningDemo, name: str) -> dict[str, Any]:
    """Somebody of the demo."""
    found: dict[str, Any] = next(one for one in demo.told["people"] if one["name"] == name)
    return found


def is_at_the_service(visitor: Visitor, demo: RunningDemo) -> bool:
    """Whether the journey has ended at the service."""
    visitor.move_on()
    return str(visitor.left_for).startswith(f"{demo.home}/callback?code=")


def test_an_eighth_grader_recovers_username_and_password_by_script(demo: RunningDemo) -> None:
    birk = person(demo, BIRK)
    visitor = use_mitid(follow(at_login(demo), "Få mit eller mit barns brugernavn"), BIRK)
    assert birk["username"] in visitor.text
    visitor.submit(button=("known", birk["username"]))
    follow(follow(follow(visitor, "Få en ny adgangskode"), "Glemt adgangskode"), "Brug MitID")
    use_mitid(visitor, BIRK)
    visitor.submit({"new-password": NEW, "again": NEW})
    assert is_at_the_service(visitor, demo)
    back = at_login(demo)
    back.submit({"username": birk["username"]})
    back.submit({"password": NEW})
    assert is_at_the_service(back, demo)


def test_a_second_grader_gets_new_pictures_with_a_parent_at_the_same_device_by_script(demo: RunningDemo) -> None:
    artem = person(demo, ARTEM)
    visitor = at_login(demo)
    visitor.submit({"username": artem["username"]})
    follow(follow(visitor, "Jeg kan ikke huske mine billeder"), "Få hjælp af en forælder")
    use_mitid(visitor, ARTEMS_FATHER)
    assert visitor.heading == "Nu er det barnets tur"
    visitor.submit()
    new = shown_pictures(visitor)
    practise(visitor, new)
    assert is_at_the_service(visitor, demo)
    back = at_login(demo)
    back.submit({"username": artem["username"]})
    assert is_at_the_service(tap(back, new), demo)


def test_a_second_grader_gets_new_pictures_with_a_parent_at_another_device_by_script(demo: RunningDemo) -> None:
    artem = person(demo, ARTEM)
    phone = Visitor(demo.base_url)
    phone.open("/mit/boern")
    phone.submit(button=("selectedIdp", "nemlogin3"))
    arrive(approve(phone, ARTEMS_FATHER))
    follow(phone, ARTEM)
    follow(phone, "Giv nye billeder")
    form = next(form for form in phone.document.forms if str(form.action).endswith("/adgangskode"))
    phone.post(str(form.action), {name: value or "" for name, value in form.form_values()})
    tablet = at_login(demo)
    tablet.submit({"username": artem["username"]})
    assert tablet.heading == "Du får nye billeder"
    tablet.submit()
    new = shown_pictures(tablet)
    practise(tablet, new)
    assert is_at_the_service(tablet, demo)


def test_a_teacher_changes_the_password_adds_a_passkey_and_signs_in_with_it_by_script(demo: RunningDemo) -> None:
    teacher = next(
        one for one in reversed(demo.told["people"]) if "Lærer" in one["roles"] and one["institution"] == "999002"
    )
    visitor = in_mit(demo, teacher["username"], teacher["secret"]["value"])
    visitor.open("/mit/sikkerhed")
    follow(visitor, "Skift adgangskode")
    visitor.submit({"password": teacher["secret"]["value"]})
    visitor.submit({"new-password": NEW, "again": NEW})
    arrive(visitor)
    assert (visitor.path, visitor.heading) == ("/mit/sikkerhed", "Sikkerhed")
    follow(follow(visitor, "Se dine adgangsnøgler"), "Tilføj adgangsnøgle")
    device, wish = Authenticator(demo.base_url), question(visitor)
    visitor.submit({"credential": device.make(wish).written()})
    assert visitor.heading == "Din adgangsnøgle er klar"
    back = at_login(demo)
    form = back.document.forms[0]
    back.post(str(form.xpath(".//button[@data-passkey-only]/@formaction")[0]), {"csrf": form.fields["csrf"]})
    back.submit({"credential": device.answer(question(back), raw(wish["user"]["id"])).written()})
    assert is_at_the_service(back, demo)
    assert in_mit(demo, teacher["username"], NEW).path == "/mit"


def in_mit(demo: RunningDemo, username: str, password: str) -> Visitor:
    """A new browser in which somebody has signed in to Mit Unilogin with a password."""
    visitor = Visitor(demo.base_url)
    visitor.open("/mit")
    visitor.submit(button=("selectedIdp", "uni_idp"))
    visitor.submit({"username": username})
    visitor.submit({"password": password})
    return arrive(visitor)


def arrive(visitor: Visitor) -> Visitor:
    """Go on from the end of a journey to where it leads."""
    while visitor.moves_on:
        visitor.move_on()
    return visitor


def question(visitor: Visitor) -> dict[str, Any]:
    """What the page asks the device."""
    asked: dict[str, Any] = json.loads(visitor.document.xpath("//form/@data-options")[0])
    return asked


@pytest.mark.parametrize(
    ("identity", "answer", "heading"),
    [
        (ARTEMS_FATHER, "reject", "Du afbrød MitID"),
        (ARTEMS_FATHER, "fail", "MitID svarer ikke"),
        ("Rigmor Fremmed", "approve", "Vi kender dig ikke her"),
        (BIRK, "approve", "Du kan ikke hjælpe med det brugernavn"),
        ("Søren Aagaard Thygesen", "approve", "MitID kan ikke bruges her"),
    ],
)
def test_every_no_has_a_page(demo: RunningDemo, identity: str, answer: str, heading: str) -> None:
    visitor = at_login(demo)
    visitor.submit({"username": person(demo, ARTEM)["username"]})
    use_mitid(go(visitor, "password/parent"), identity, answer)
    assert visitor.heading == heading


# In a browser ---------------------------------------------------------------------------------------------------------

PHONE = {"width": 360, "height": 740}


class Walk:
    """Somebody's way through the pages: each is looked at by axe, measured, and photographed if a folder is given."""

    def __init__(self, page: Page, *, scripts: bool, shots: Path | None = None) -> None:
        self.page = page
        self.wrong: dict[str, list[str]] = {}
        self._scripts = scripts
        self._shots = shots
        self._number = 0

    def look(self, name: str) -> None:
        """Look at the page one stands at; axe is a script, and needs them."""
        if not self._scripts:
            return
        self._number += 1
        wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        found = violations(self.page) + (["too wide"] if self.page.evaluate(wide) else [])
        if found:
            self.wrong[name] = found
        if self._shots is not None:
            self.page.screenshot(path=self._shots / f"{self._number:02}-{name}.png", full_page=True)

    def press(self, name: str) -> None:
        """Press a button or a link that leads on, and wait for the page that comes."""
        target = self.page.get_by_role("button", name=name).or_(self.page.get_by_role("link", name=name))
        with self.page.expect_navigation():
            target.first.click()

    def approve_as(self, identity: str) -> None:
        """Approve in the simulator."""
        expect(self.page.locator("input[name=identity]").first).to_be_attached()
        self.page.locator(f"details:has(input[value='{identity}'])").evaluate_all(
            "all => all.forEach(one => one.open = true)"
        )
        self.page.locator(f"input[value='{identity}']").check()
        with self.page.expect_navigation():
            self.page.locator("button[value=approve]").click()


def start(demo: RunningDemo, open_page: OpenPage, **how: object) -> Walk:
    """A new window at the username page."""
    page = open_page(f"{demo.home}/", **how)
    page.get_by_role("link", name=re.compile("Unilogin")).first.click()
    page.locator("button[value=uni_idp]").click()
    return Walk(page, scripts=bool(how.get("java_script_enabled", True)))


@pytest.mark.parametrize("how", [PHONE, {"width": 1366, "height": 768}], ids=["phone", "chromebook"])
def test_w_03_an_eighth_grader_recovers_username_and_password_in_a_browser(
    demo: RunningDemo, open_page: OpenPage, how: dict[str, Any]
) -> None:
    walk = start(demo, open_page, **how)
    walk.page.locator("details.more summary").click()
    walk.press("Få mit eller mit barns brugernavn")
    walk.look("names")
    walk.press("Brug MitID")
    walk.approve_as(BIRK)
    walk.look("names found")
    walk.press("Få en ny adgangskode")
    expect(walk.page.get_by_role("heading", level=1)).to_have_text("Vælg en ny adgangskode")
    walk.look("own")
    field = walk.page.locator("#new-password")
    assert field.get_attribute("autocomplete") == "new-password"
    field.fill("12345678")
    walk.press("Gem og log ind")
    walk.look("own refused")
    walk.page.locator("#new-password").fill(f"{NEW} {how['width']}")
    walk.look("own typed")
    walk.press("Gem og log ind")
    expect(walk.page).to_have_url(f"{demo.home}/me")
    expect(walk.page.get_by_text("ToFaktor").first).to_be_visible()
    assert walk.wrong == {}


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_w_03_a_second_grader_gets_new_pictures_with_a_parent_at_the_same_device_in_a_browser(
    demo: RunningDemo, open_page: OpenPage, *, scripts: bool
) -> None:
    walk = start(demo, open_page, **PHONE, java_script_enabled=scripts)
    page = walk.page
    page.get_by_label("Brugernavn").fill(person(demo, ARTEM)["username"])
    walk.press("Næste")
    page.locator("details.more summary").click()
    walk.press("Jeg kan ikke huske mine billeder")
    walk.look("ways")
    walk.press("Få hjælp af en forælder")
    walk.look("parent")
    walk.press("Brug MitID")
    walk.approve_as(ARTEMS_FATHER)
    walk.look("the child's turn")
    walk.press("Vis mine nye billeder")
    walk.look("shown")
    words = page.locator(".shown-word").all_inner_texts()
    assert len(words) == 4
    walk.press("Prøv dem")
    walk.look("practise")
    for word in words:
        page.locator(".picture").and_(page.get_by_role("button", name=word, exact=True)).click()
    walk.press("Næste")
    expect(page).to_have_url(f"{demo.home}/me")
    expect(page.get_by_text("EnFaktor").first).to_be_visible()
    assert walk.wrong == {}
