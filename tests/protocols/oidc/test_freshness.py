"""A service that asks for a fresh sign-in gets one: nothing the browser can do makes an old session fresh."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders.people import People, Somebody
from tests.protocols.oidc.relying_party import RelyingParty, answer_of, type_in
from tests.visitor import Visitor
from unilogin.domain.services.model import ClientId
from unilogin.kit.secrets import Secrets
from unilogin.protocols.oidc.stamps import read_stamp, stamp

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
A, B = ClientId("a"), ClientId("b")


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


def test_without_its_seal_a_journey_proves_no_freshness(service: RelyingParty, pupil: Somebody) -> None:
    browser = service.new_browser()
    browser.open(service.attempt(prompt="login").url)
    back = up_to_the_return(browser, pupil)
    browser.open(with_parameter(back, "asked_at", "1000000000000000.0123456789abcdef0123456789abcdef"))
    assert browser.heading == "Vælg login"


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


@pytest.fixture(scope="module")
def sealed(secrets: Secrets) -> str:
    return stamp(secrets, NOW, browser="browser", client_id=A)


def test_a_seal_is_read_by_its_browser_for_its_client_within_a_journeys_life(secrets: Secrets, sealed: str) -> None:
    soon, late = NOW + timedelta(minutes=30), NOW + timedelta(minutes=30, seconds=1)
    assert read_stamp(secrets, sealed, browser="browser", client_id=A, now=soon) == NOW
    assert read_stamp(secrets, sealed, browser="browser", client_id=A, now=late) is None
    assert read_stamp(secrets, sealed, browser="other", client_id=A, now=soon) is None
    assert read_stamp(secrets, sealed, browser="browser", client_id=B, now=soon) is None


@given(st.text(max_size=80))
def test_what_we_did_not_seal_is_no_seal(secrets: Secrets, sealed: str, text: str) -> None:
    for forged in (text, sealed + text, text + sealed, sealed.replace(".", text)):
        read = read_stamp(secrets, forged, browser="browser", client_id=A, now=NOW)
        assert read is None or forged == sealed
