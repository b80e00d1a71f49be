"""An app signs people in through our own door, like any customer, and lets nobody in by another way."""

import httpx
import pytest

from tests.apps.entering import cookie, csrf_of, enter, parameters, sign_in, step
from tests.builders.people import People, Somebody
from tests.server import RunningServer
from tests.visitor import Visitor


@pytest.fixture
def pupil(people: People) -> Somebody:
    return people.pupil()


@pytest.mark.parametrize("page", ["/mit", "/mit/historik", "/mit/sikkerhed"])
def test_the_page_that_was_asked_for_is_shown_after_signing_in(
    server: RunningServer, pupil: Somebody, page: str
) -> None:
    browser = enter(server, pupil, to=page)
    assert browser.path == page
    assert browser.page.status_code == 200


def test_who_is_signed_in_already_is_not_asked_again(server: RunningServer, pupil: Somebody) -> None:
    browser = enter(server, pupil)
    del browser.client.cookies["unilogin_account"]
    browser.open("/mit/sikkerhed")
    assert browser.path == "/mit/sikkerhed"


def test_nobody_is_asked_in_which_role_they_come(server: RunningServer, people: People) -> None:
    teacher, child = people.teacher(), people.pupil()
    people.make_parent_of(teacher, child)
    browser = enter(server, teacher)
    assert browser.path == "/mit"


def test_a_person_who_may_not_come_in_any_more_is_out_at_once(server: RunningServer, people: People) -> None:
    pupil = people.pupil()
    browser = enter(server, pupil)
    people.block(pupil)
    browser.open("/mit")
    assert browser.path.startswith("/login/")


def test_a_session_that_is_ended_at_the_door_is_ended_in_the_app(server: RunningServer, people: People) -> None:
    pupil = people.pupil()
    browser, other = enter(server, pupil), enter(server, pupil)
    other.open("/mit/sikkerhed")
    other.post("/mit/sikkerhed/log-ud-andre", {"csrf": csrf_of(other)})
    browser.open("/mit")
    assert browser.path.startswith("/login/")


class TestFixation:
    """N-18: whatever was in the browser before signing in opens nothing afterwards."""

    def test_n_18_the_cookie_is_new_after_signing_in(self, server: RunningServer, pupil: Somebody) -> None:
        browser = Visitor(server.base_url)
        browser.client.cookies.set("unilogin_account", "planted-by-somebody", domain="localhost.local")
        enter(server, pupil, browser=browser)
        assert cookie(browser, "account") != "planted-by-somebody"
        attacker = Visitor(server.base_url)
        attacker.client.cookies.set("unilogin_account", "planted-by-somebody", domain="localhost.local")
        attacker.open("/mit")
        assert attacker.path.startswith("/login/")

    def test_the_session_before_is_dead_after_signing_in_again(self, server: RunningServer, pupil: Somebody) -> None:
        browser = enter(server, pupil)
        before = cookie(browser, "account")
        browser.open("/mit/sign-in?to=/mit")
        assert browser.path == "/mit"
        assert cookie(browser, "account") not in (None, before)
        with httpx.Client(cookies={"unilogin_account": str(before)}) as thief:
            assert thief.get(f"{server.base_url}/mit").status_code == 303

    def test_the_cookie_of_the_door_opens_no_app_and_the_other_way_round(
        self, server: RunningServer, pupil: Somebody
    ) -> None:
        browser = enter(server, pupil)
        door, app = cookie(browser, "session"), cookie(browser, "account")
        with httpx.Client(cookies={"unilogin_account": str(door)}) as swapped:
            assert swapped.get(f"{server.base_url}/mit").status_code == 303
        url = step(browser, "/mit/sign-in?to=/mit")
        with httpx.Client(cookies={"unilogin_session": str(app)}) as swapped:
            assert "/login/" in swapped.get(url).headers["location"]


class TestTheWayBack:
    """What comes back from the door is believed only in the browser that was sent there, once (V-40)."""

    def test_v_40_an_answer_for_another_browser_signs_nobody_in(
        self, server: RunningServer, people: People, pupil: Somebody
    ) -> None:
        attacker = enter(server, pupil)
        answer = step(attacker, step(attacker, "/mit/sign-in?to=/mit"))
        assert "code=" in answer
        victim = Visitor(server.base_url)
        victim.open(answer)
        assert victim.page.status_code == 403
        assert cookie(victim, "account") is None
        victim.open("/mit/sign-in?to=/mit")  # now it has a cookie for a way in of its own
        victim.open(answer)
        assert victim.page.status_code == 403
        assert cookie(victim, "account") is None

    def test_an_answer_counts_once(self, server: RunningServer, pupil: Somebody) -> None:
        browser = enter(server, pupil)
        answer = step(browser, step(browser, "/mit/sign-in?to=/mit"))
        browser.open(answer)
        first = cookie(browser, "account")
        browser.open(answer)  # the back button: whoever is in goes on
        assert browser.path == "/mit"
        assert cookie(browser, "account") == first
        del browser.client.cookies["unilogin_account"]
        browser.open(answer)
        assert browser.page.status_code == 403

    @pytest.mark.parametrize(
        "change",
        [
            {"iss": "https://somebody.else"},
            {"iss": ""},
            {"state": "another"},
            {"state": ""},
            {"code": "another"},
            {"code": ""},
        ],
    )
    def test_an_answer_that_was_changed_signs_nobody_in(
        self, server: RunningServer, pupil: Somebody, change: dict[str, str]
    ) -> None:
        browser = enter(server, pupil)
        answer = parameters(step(browser, step(browser, "/mit/sign-in?to=/mit")))
        del browser.client.cookies["unilogin_account"]
        refused = browser.client.get("/mit/callback", params=answer | change)
        assert refused.status_code == 403
        assert cookie(browser, "account") is None

    def test_a_parameter_that_is_given_twice_is_refused(self, server: RunningServer, pupil: Somebody) -> None:
        browser = enter(server, pupil)
        answer = step(browser, step(browser, "/mit/sign-in?to=/mit"))
        assert browser.client.get(f"{answer}&code=another").status_code == 400

    @pytest.mark.parametrize(
        ("error", "heading"),
        [
            ("unmet_authentication_requirements", "Du skal bruge et mere sikkert login"),
            ("access_denied", "Du har ikke adgang her"),
            ("server_error", "Vi mistede tråden"),
        ],
    )
    def test_a_refusal_has_a_page_that_says_why(self, server: RunningServer, error: str, heading: str) -> None:
        browser = Visitor(server.base_url)
        asked = parameters(step(browser, "/mit/sign-in?to=/mit"))
        browser.page = browser.client.get(
            "/mit/callback", params={"state": asked["state"], "iss": server.issuer, "error": error}
        )
        assert browser.page.status_code == 403
        assert browser.heading == heading

    def test_without_cookies_there_is_a_page_and_no_circle(self, server: RunningServer, pupil: Somebody) -> None:
        browser = enter(server, pupil)
        answer = step(browser, step(browser, "/mit/sign-in?to=/mit"))
        browser.client.cookies.clear()
        browser.open(answer)
        assert browser.page.status_code == 403
        assert browser.heading == "Vi mistede tråden"

    def test_two_tabs_come_home_each_to_its_own_page(self, server: RunningServer, pupil: Somebody) -> None:
        browser = Visitor(server.base_url)
        one = step(browser, "/mit/sign-in?to=/mit/historik")
        two = step(browser, "/mit/sign-in?to=/mit/sikkerhed")
        browser.open(two)
        sign_in(browser, pupil)
        assert browser.path == "/mit/sikkerhed"
        browser.open(one)
        assert browser.path == "/mit/historik"
        browser.open("/mit/sikkerhed")
        assert browser.path == "/mit/sikkerhed"


@pytest.mark.parametrize(
    "to",
    [
        "https://evil.example/",
        "//evil.example/mit",
        "/mit/../../evil",
        "/mit//evil.example",
        "/mit\\evil.example",
        "/mit@evil.example",
        "/mitevil",
        "/mit?x=//evil.example",
        "/demo",
        "/mit/sign-in",
        "/mit/callback",
        "/mit/signed-out",
        "/mit/" + "a" * 300,
        "javascript:alert(1)",
        "",
    ],
)
def test_nobody_is_led_away_after_signing_in(server: RunningServer, pupil: Somebody, to: str) -> None:
    browser = enter(server, pupil)
    asked = browser.client.get("/mit/sign-in", params={"to": to}).headers["location"]
    assert browser.client.get(step(browser, asked)).headers["location"] == "/mit"


def test_an_app_asks_the_door_as_any_customer_has_to(server: RunningServer) -> None:
    asked = parameters(step(Visitor(server.base_url), "/mit/sign-in?to=/mit"))
    assert asked["response_type"] == "code"
    assert asked["redirect_uri"] == f"{server.base_url}/mit/callback"
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["code_challenge"]) == len(asked["nonce"]) == len(asked["state"]) == 43
    assert asked["ui_locales"] == "da"


def test_a_page_that_needs_more_asks_the_door_for_it(server: RunningServer) -> None:
    asked = parameters(step(Visitor(server.base_url), "/mit/sign-in?to=/mit&level=ToFaktor"))
    assert '"essential": true' in asked["claims"]
    assert "ToFaktor" in asked["claims"]
