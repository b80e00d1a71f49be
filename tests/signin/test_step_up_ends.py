"""The word of an adult holds for two hours by the database's clock, at every place where it is worth something."""

from collections.abc import Iterator

import pytest

from tests.builders.people import Somebody
from tests.builders.raising import INSIST_VOUCHED, Stage, stage_on, tokens_of
from tests.protocols.oidc.relying_party import RelyingParty, answer_of
from tests.visitor import Visitor
from unilogin.domain.services.model import Level
from unilogin.kit.secrets import Secrets

HOUR = 3600
SECONDS_LEFT = 60


@pytest.fixture
def stage(database: str, secrets: Secrets) -> Iterator[Stage]:
    with stage_on(database, secrets) as here:
        yield here


@pytest.fixture
def service(stage: Stage) -> RelyingParty:
    return stage.service()


def vouched(stage: Stage, service: RelyingParty) -> tuple[Visitor, Somebody]:
    """A browser of a child for whom a parent has just vouched."""
    child = stage.small(parent=False)
    parent = stage.parent_of(child)
    browser = stage.signed_in(child, service)
    stage.open(browser, service.attempt(**INSIST_VOUCHED))
    browser.open(f"{browser.path}/parent")
    stage.with_mitid(browser, parent)
    assert "code" in answer_of(browser)
    return browser, child


def entered(stage: Stage, service: RelyingParty, browser: Visitor, **asked: str) -> dict[str, str]:
    attempt = service.attempt(**asked)
    stage.open(browser, attempt)
    return tokens_of(service, attempt, browser)[0]


def test_until_the_last_minute_everything_holds(stage: Stage, service: RelyingParty) -> None:
    browser, _ = vouched(stage, service)
    stage.move(seconds=2 * HOUR - SECONDS_LEFT)
    tokens = entered(stage, service, browser, **INSIST_VOUCHED)
    assert service.userinfo(tokens["access_token"]).json()["unilogin_loa"] == "VoksenVerificeret"
    refreshed = service.refresh(tokens["refresh_token"])
    assert refreshed.status_code == 200
    assert service.claims(refreshed.json()["id_token"])["unilogin_loa"] == "VoksenVerificeret"


def test_after_two_hours_what_was_insisted_on_means_nothing(stage: Stage, service: RelyingParty) -> None:
    """At the code, both tokens, userinfo and introspection; and the session goes on as it was before."""
    browser, _ = vouched(stage, service)
    stage.move(seconds=2 * HOUR - SECONDS_LEFT / 2)
    tokens = entered(stage, service, browser, **INSIST_VOUCHED)
    attempt = service.attempt(**INSIST_VOUCHED)
    stage.open(browser, attempt)
    code = answer_of(browser)["code"]
    stage.move(seconds=SECONDS_LEFT / 2 + 1)
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": service.redirect_uri}
    redeemed = service.post("token", fields | {"code_verifier": attempt.verifier})
    assert (redeemed.status_code, redeemed.json()["error"]) == (400, "invalid_grant")
    assert service.introspect(tokens["access_token"]) == {"active": False}
    assert service.userinfo(tokens["access_token"]).status_code == 401
    refreshed = service.refresh(tokens["refresh_token"])
    assert (refreshed.status_code, refreshed.json()["error"]) == (400, "invalid_grant")
    assert service.refresh(tokens["refresh_token"]).status_code == 400


def test_after_two_hours_single_sign_on_asks_again(stage: Stage, service: RelyingParty) -> None:
    browser, _ = vouched(stage, service)
    stage.move(seconds=2 * HOUR + 1)
    stage.open(browser, service.attempt(prompt="none", **INSIST_VOUCHED))
    assert answer_of(browser)["error"] == "login_required"
    stage.open(browser, service.attempt(**INSIST_VOUCHED))
    assert browser.heading == "Få hjælp af en voksen"


def test_who_insisted_on_nothing_keeps_its_tokens_at_the_level_that_is_left(
    stage: Stage, service: RelyingParty
) -> None:
    browser, _ = vouched(stage, service)
    stage.move(seconds=2 * HOUR - SECONDS_LEFT)
    tokens = entered(stage, service, browser)
    assert service.introspect(tokens["access_token"])["unilogin_loa"] == "VoksenVerificeret"
    stage.move(seconds=SECONDS_LEFT + 1)
    told = service.introspect(tokens["access_token"])
    assert (told["active"], told["unilogin_loa"]) == (True, "EnFaktor")
    assert service.userinfo(tokens["access_token"]).json()["unilogin_loa"] == "EnFaktor"
    refreshed = service.refresh(tokens["refresh_token"])
    assert service.claims(refreshed.json()["id_token"])["unilogin_loa"] == "EnFaktor"


def test_a_service_with_a_minimum_of_its_own_is_closed_after_two_hours(stage: Stage) -> None:
    strict = stage.service(minimum_level=Level.VOKSEN_VERIFICERET)
    browser, _ = vouched(stage, strict)
    stage.move(seconds=2 * HOUR - SECONDS_LEFT)
    tokens = entered(stage, strict, browser)
    stage.move(seconds=SECONDS_LEFT + 1)
    assert strict.introspect(tokens["access_token"]) == {"active": False}
    assert strict.refresh(tokens["refresh_token"]).status_code == 400


def test_a_word_that_is_given_again_holds_two_hours_more(stage: Stage, service: RelyingParty) -> None:
    child = stage.small(parent=False)
    parent = stage.parent_of(child)
    browser = stage.signed_in(child, service)
    for _ in range(2):
        stage.open(browser, service.attempt(**INSIST_VOUCHED))
        browser.open(f"{browser.path}/parent")
        stage.with_mitid(browser, parent)
        assert "code" in answer_of(browser)
        stage.move(seconds=2 * HOUR + 1)
    stage.open(browser, service.attempt(**INSIST_VOUCHED))
    assert browser.path.endswith("/level")


def test_an_approval_that_comes_back_too_late_is_none(stage: Stage, service: RelyingParty) -> None:
    child = stage.small(parent=False)
    parent = stage.parent_of(child)
    browser = stage.signed_in(child, service)
    stage.open(browser, service.attempt(**INSIST_VOUCHED))
    browser.open(f"{browser.path}/parent")
    browser.submit(button=("provider", "nemlogin3"))
    url = stage.mitid.answered(stage.mitid.errand(browser), stage.mitid.identity(stage.cpr[parent.username]))
    stage.move(seconds=3 * 60)
    browser.open(url)
    assert browser.path.endswith("/level")
    assert stage.sql("select count(*) from sessions_vouch") == [(0,)]
