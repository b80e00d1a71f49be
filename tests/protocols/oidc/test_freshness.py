"""A service that asks for a fresh sign-in gets one: nothing the browser can do makes an old session fresh."""

from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.builders.people import People, Somebody
from tests.protocols.oidc.relying_party import RelyingParty, answer_of, type_in
from tests.visitor import Visitor


def up_to_the_return(browser: Visitor, somebody: Somebody) -> str:
    """Sign in, but keep the address the journey comes back to instead of opening it."""
    browser.submit(button=("selectedIdp", "uni_idp"))
    browser.submit({"username": somebody.username})
    browser.submit({"password": str(somebody.secret)})
    return str(browser.document.xpath("//meta[@http-equiv='refresh']/@content")[0]).partition("url=")[2]


def with_parameter(address: str, name: str, value: str) -> str:
    parts = urlsplit(address)
    return f"{parts.path}?{urlencode(dict(parse_qsl(parts.query)) | {name: value})}"


def test_a_journey_counts_once(service: RelyingParty, pupil: Somebody) -> None:
    browser = service.new_browser()
    browser.open(service.attempt(prompt="login").url)
    back = up_to_the_return(browser, pupil)
    browser.open(back)
    assert "code" in answer_of(browser)
    browser.open(back)
    assert browser.heading == "Vælg login"


def test_what_was_proved_for_one_request_is_not_fresh_for_another(service: RelyingParty, pupil: Somebody) -> None:
    """The return of a journey is kept back, and used for a request that was made after the proof."""
    browser = service.new_browser()
    browser.open(service.attempt().url)
    back = up_to_the_return(browser, pupil)
    journey = dict(parse_qsl(urlsplit(back).query))["journey"]
    browser.open(f"{service.attempt(prompt='login').url}&journey={journey}")
    assert browser.heading == "Vælg login"
    browser.open(with_parameter(back, "prompt", "login"))
    assert browser.heading == "Vælg login"
    browser.open(with_parameter(back, "state", "another"))
    assert "code" in answer_of(browser)  # signed in by now; but not by what the journey led to
    browser.open(back)
    assert "code" in answer_of(browser)


def test_a_choice_of_role_is_no_fresh_sign_in(service: RelyingParty, people: People) -> None:
    """The journey is this browser's and finished, but nobody proved anything in it."""
    teacher = people.teacher()
    people.make_parent_of(teacher, people.pupil())
    browser = service.new_browser()
    browser.open(service.attempt().url)
    type_in(browser, teacher)
    journey = browser.path.split("/")[2]
    browser.submit(button=("selected-aktoer", "KONTAKT"))
    assert browser.moves_on
    browser.open(f"{service.attempt(prompt='login').url}&journey={journey}")
    assert browser.heading == "Vælg login"


def test_another_browser_cannot_use_the_return_of_a_journey(service: RelyingParty, pupil: Somebody) -> None:
    """V-40: an address that signs its opener in as somebody else does not exist."""
    browser = service.new_browser()
    browser.open(service.attempt().url)
    back = up_to_the_return(browser, pupil)
    thief = service.new_browser()
    thief.open(back)
    assert thief.left_for is None
    assert thief.heading == "Vælg login"
