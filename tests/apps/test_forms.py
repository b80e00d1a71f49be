"""What is posted to an app comes from a page of its own, in the browser of who is signed in (N-62)."""

import pytest

from tests.apps.entering import cookie, csrf_of, enter
from tests.builders.people import People, Somebody
from tests.server import RunningServer
from tests.visitor import Visitor
from unilogin.urls import URLS

FORMS = [line.path for line in URLS if line.access == "account form"]
CHILD = "/00000000-0000-7000-8000-000000000000"


@pytest.fixture(scope="module")
def browser(server: RunningServer, people: People) -> Visitor:
    return enter(server, people.pupil())


@pytest.fixture(scope="module")
def other(server: RunningServer, people: People) -> Visitor:
    return enter(server, people.pupil())


def test_every_form_of_the_app_is_tried() -> None:
    assert "/mit/sign-out" in FORMS
    assert len(FORMS) >= 6


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("what", ["no token", "another browser's token", "a foreign page", "another site's frame"])
def test_n_62_a_form_of_another_page_does_nothing(browser: Visitor, other: Visitor, path: str, what: str) -> None:
    token = {"no token": "", "another browser's token": csrf_of(other)}.get(what, csrf_of(browser))
    headers = {
        "a foreign page": {"Origin": "https://evil.example"},
        "another site's frame": {"Sec-Fetch-Site": "cross-site"},
    }.get(what, {})
    page = browser.page
    refused = browser.post(path.replace("/{child_id}", CHILD), {"csrf": token}, headers=headers)
    browser.page = page
    assert refused.status_code == 403
    assert "Vi tog ikke imod det, du sendte" in refused.text
    assert cookie(browser, "account")
    assert browser.client.get("/mit").status_code == 200, "still signed in"


@pytest.mark.parametrize("path", FORMS)
def test_a_form_from_before_a_session_ended_does_nothing(server: RunningServer, path: str) -> None:
    visitor = Visitor(server.base_url)
    refused = visitor.post(path.replace("/{child_id}", CHILD), {"csrf": "x"})
    assert refused.status_code == 403
    assert visitor.heading == "Du er blevet logget ud"


def test_a_link_signs_nobody_out(browser: Visitor) -> None:
    for path in ("/mit/sign-out", "/mit/sikkerhed/log-ud", "/mit/sikkerhed/log-ud-andre"):
        assert browser.client.get(path).status_code == 405
    browser.client.get("/mit/signed-out")
    assert browser.client.get("/mit").status_code == 200


class TestSigningOut:
    @pytest.fixture
    def pupil(self, people: People) -> Somebody:
        return people.pupil()

    def test_one_is_out_of_the_app_and_the_door(self, server: RunningServer, people: People, pupil: Somebody) -> None:
        browser = enter(server, pupil)
        browser.post("/mit/sign-out", {"csrf": csrf_of(browser)})
        assert cookie(browser, "account") is None
        browser.move_on()
        assert browser.path == "/mit/signed-out"
        assert browser.heading == "Du er logget ud"
        assert people.sessions(pupil) == []
        browser.open("/mit")
        assert browser.path.startswith("/login/")

    def test_the_app_is_left_even_when_the_browser_stops_half_way(self, server: RunningServer, pupil: Somebody) -> None:
        browser = enter(server, pupil)
        before = str(cookie(browser, "account"))
        browser.post("/mit/sign-out", {"csrf": csrf_of(browser)})
        browser.client.cookies.set("unilogin_account", before, domain="localhost.local")
        assert browser.client.get("/mit").status_code == 303

    def test_w_04_nothing_of_the_app_is_kept_for_the_back_button(self, server: RunningServer, pupil: Somebody) -> None:
        browser = enter(server, pupil)
        for page in ("/mit", "/mit/tjenester", "/mit/sikkerhed", "/mit/historik", "/mit/boern"):
            assert browser.open(page).headers["cache-control"] == "no-store"
        browser.post("/mit/sign-out", {"csrf": csrf_of(browser)})
        assert browser.page.headers["cache-control"] == "no-store"
        browser.move_on()
        assert browser.open("/mit/historik").url.path.startswith("/login/")

    def test_two_browsers_of_one_person_are_two(self, server: RunningServer, pupil: Somebody) -> None:
        browser, home = enter(server, pupil), enter(server, pupil)
        browser.post("/mit/sign-out", {"csrf": csrf_of(browser)})
        browser.move_on()
        assert home.open("/mit").url.path == "/mit"
