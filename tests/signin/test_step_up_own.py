"""Who is signed in with a password proves more by their own MitID or passkey: the same person, in a new session."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.builders.authenticator import Authenticator
from tests.builders.people import Somebody
from tests.builders.raising import (
    INSIST_TWO,
    INSIST_VOUCHED,
    Stage,
    asks_for,
    at_parents_page,
    copy_of,
    levels_of,
    stage_of_its_own,
    token_level,
    tokens_of,
)
from tests.postgres import TestServer
from tests.protocols.oidc.relying_party import RelyingParty, answer_of
from tests.recovery.inside import events_about, sessions_now
from tests.recovery.mitid import ALIAS
from tests.recovery.steps import says_so_in
from tests.signin.test_passkeys import asked, handle
from tests.visitor import Visitor
from unilogin.domain.services.model import Level
from unilogin.kit.secrets import Secrets
from unilogin.signin.model import Failure


@pytest.fixture(scope="module")
def stage(postgres: TestServer, template: str, secrets: Secrets) -> Iterator[Stage]:
    with stage_of_its_own(postgres, template, secrets) as here:
        yield here


@pytest.fixture(scope="module")
def service(stage: Stage) -> RelyingParty:
    return stage.service()


def test_n_18_mitid_opens_a_new_session_in_place_of_the_old(stage: Stage, service: RelyingParty) -> None:
    teacher = stage.teacher()
    browser, attempt = asks_for(stage, service, teacher, **INSIST_TWO)
    before, old = browser.client.cookies["unilogin_session"], copy_of(stage, browser)
    (old_id,) = stage.sql("select session_id::text from sessions_session where account_id = $1", teacher.account_id)
    stage.with_mitid(browser, teacher)
    _, claims = tokens_of(service, attempt, browser)
    assert claims["unilogin_loa"] == "ToFaktor"
    assert claims["sid"] != old_id[0]
    assert browser.client.cookies["unilogin_session"] != before
    assert sessions_now(stage.people, teacher) == [("mitid", "ToFaktor")]
    stage.open(old, service.attempt(prompt="none"))
    assert answer_of(old)["error"] == "login_required", "the old cookie opens nothing"


def test_services_of_the_old_session_are_told_when_the_new_one_ends(stage: Stage, service: RelyingParty) -> None:
    teacher = stage.teacher()
    browser, attempt = asks_for(stage, service, teacher, **INSIST_TWO)
    stage.with_mitid(browser, teacher)
    tokens, _ = tokens_of(service, attempt, browser)
    waiting = (
        "select count(*) from sessions_session where account_id = $1 and ended_at is not null and announced_at is null"
    )
    assert stage.sql(waiting, teacher.account_id) == [(0,)], "nobody was logged out yet"
    browser.open(f"{service.address('logout')}?id_token_hint={tokens['id_token']}")
    assert sessions_now(stage.people, teacher) == []
    assert stage.sql(waiting, teacher.account_id) == [(2,)]


def test_services_of_the_old_session_are_shown_in_the_browser_too(stage: Stage) -> None:
    other = stage.service(frontchannel_logout_uri="http://localhost:9/tavle")
    service, teacher = stage.service(frontchannel_logout_uri="http://localhost:9/skuffe"), stage.teacher()
    browser = stage.signed_in(teacher, other)
    ((before,),) = stage.sql("select session_id::text from sessions_session where account_id = $1", teacher.account_id)
    attempt = service.attempt(**INSIST_TWO)
    stage.with_mitid(stage.open(browser, attempt), teacher)
    tokens, claims = tokens_of(service, attempt, browser)
    browser.open(f"{service.address('logout')}?id_token_hint={tokens['id_token']}")
    shown = [urlsplit(str(address)) for address in browser.document.xpath("//iframe/@src")]
    assert [(one.path, parse_qs(one.query)["sid"]) for one in shown] == [
        ("/tavle", [before]),
        ("/skuffe", [claims["sid"]]),
    ]


def test_v_42_another_persons_mitid_switches_nobody(stage: Stage, service: RelyingParty) -> None:
    teacher, other = stage.teacher(), stage.teacher()
    browser, attempt = asks_for(stage, service, teacher, **INSIST_TWO)
    before = browser.client.cookies["unilogin_session"]
    stage.with_mitid(browser, other)
    assert browser.heading == "Det er en andens MitID"
    says_so_in(browser, "That is another person's MitID")
    assert sessions_now(stage.people, other) == []
    assert sessions_now(stage.people, teacher) == [("password", "EnFaktor")]
    assert browser.client.cookies["unilogin_session"] == before
    assert ("signin.refused", str(other.account_id)) in events_about(stage.people, teacher)
    browser.open(str(browser.document.xpath("//a[contains(@href, '/level')]/@href")[0]))
    stage.with_mitid(browser, teacher)
    assert token_level(service, attempt, browser) == "ToFaktor"


@pytest.mark.parametrize("failure", list(Failure))
def test_a_failed_mitid_changes_nothing(stage: Stage, service: RelyingParty, failure: Failure) -> None:
    teacher = stage.teacher()
    browser, _ = asks_for(stage, service, teacher, **INSIST_TWO)
    browser.submit(button=("provider", ALIAS))
    stage.mitid.back(browser, failure)
    assert browser.heading
    assert sessions_now(stage.people, teacher) == [("password", "EnFaktor")]


def test_a_mitid_that_is_not_sure_enough_is_not_enough(stage: Stage, service: RelyingParty) -> None:
    teacher = stage.teacher()
    browser, _ = asks_for(stage, service, teacher, **INSIST_TWO)
    browser.submit(button=("provider", ALIAS))
    stage.mitid.proves(browser, stage.cpr[teacher.username], level=Level.EN_FAKTOR)
    assert browser.heading == "Det skal være lidt sikrere"
    assert sessions_now(stage.people, teacher) == [("password", "EnFaktor")]


def test_who_was_vouched_for_and_then_proves_two_factors_is_that_sure(stage: Stage, service: RelyingParty) -> None:
    pupil = stage.big(parent=False)
    parent = stage.parent_of(pupil)
    browser, _ = at_parents_page(stage, service, pupil)
    stage.with_mitid(browser, parent)
    attempt = service.attempt(**INSIST_TWO)
    stage.open(browser, attempt)
    stage.with_mitid(browser, pupil)
    assert token_level(service, attempt, browser) == "ToFaktor"
    assert levels_of(stage, pupil) == ["ToFaktor"]


# a passkey


def with_passkey(browser: Visitor, device: Authenticator, owner: Somebody) -> None:
    browser.open(f"{browser.path}/passkey")
    browser.submit({"credential": device.answer(asked(browser), handle(owner)).written()})
    if browser.moves_on:
        browser.move_on()


def test_a_passkey_from_after_mitid_is_enough(stage: Stage, service: RelyingParty) -> None:
    teacher = stage.teacher()
    device = stage.passkeys.give(teacher, level=Level.TO_FAKTOR)
    browser, attempt = asks_for(stage, service, teacher, **INSIST_TWO)
    assert "Brug adgangsnøgle" in browser.text
    with_passkey(browser, device, teacher)
    assert token_level(service, attempt, browser) == "ToFaktor"
    assert sessions_now(stage.people, teacher) == [("passkey", "ToFaktor")]


def test_a_passkey_from_after_a_password_is_neither_offered_nor_enough(stage: Stage, service: RelyingParty) -> None:
    teacher = stage.teacher()
    device = stage.passkeys.give(teacher, level=Level.EN_FAKTOR)
    browser, _ = asks_for(stage, service, teacher, **INSIST_TWO)
    assert "Brug adgangsnøgle" not in browser.text
    with_passkey(browser, device, teacher)
    assert browser.path.endswith("/level/passkey")
    assert sessions_now(stage.people, teacher) == [("password", "EnFaktor")]


def test_another_persons_passkey_switches_nobody(stage: Stage, service: RelyingParty) -> None:
    teacher, other = stage.teacher(), stage.teacher()
    device = stage.passkeys.give(other, level=Level.TO_FAKTOR)
    browser, _ = asks_for(stage, service, teacher, **INSIST_TWO)
    with_passkey(browser, device, other)
    assert browser.path.endswith("/level/passkey")
    assert sessions_now(stage.people, teacher) == [("password", "EnFaktor")]
    assert sessions_now(stage.people, other) == []


# in company with what else a journey asks


def test_a_password_that_is_due_comes_first(stage: Stage, service: RelyingParty) -> None:
    pupil = stage.big(parent=False)
    parent = stage.parent_of(pupil)
    stage.people.give(pupil, ["sol", "hus", "bil", "is"])
    browser, attempt = stage.app.visitor(), service.attempt(**INSIST_VOUCHED)
    stage.open(browser, attempt)
    browser.submit(button=("selectedIdp", "uni_idp"))
    browser.submit({"username": pupil.username})
    for picture in ("sol", "hus", "bil", "is"):
        browser.submit(button=("picture", picture))
    browser.submit(button=("next", "1"))
    assert browser.path.endswith("/notice"), browser.text
    browser.submit(button=("later", "1"))
    assert browser.path.endswith("/level"), browser.text
    browser.open(f"{browser.path}/parent")
    stage.with_mitid(browser, parent)
    assert token_level(service, attempt, browser) == "VoksenVerificeret"


def test_who_is_two_people_at_the_school_chooses_afterwards(stage: Stage, service: RelyingParty) -> None:
    teacher = stage.teacher()
    stage.families.custody(teacher, stage.small(parent=False))
    browser, attempt = stage.app.visitor(), service.attempt(**INSIST_TWO, acr_values="ToFaktor")
    stage.open(browser, attempt)
    assert browser.heading == "Brug MitID"
    browser.submit(button=("selectedIdp", ALIAS))
    stage.mitid.proves(browser, stage.cpr[teacher.username])
    assert browser.path.endswith("/role")
    browser.submit(button=("selected-aktoer", "KONTAKT"))
    browser.move_on()
    _, claims = tokens_of(service, attempt, browser)
    assert (claims["unilogin_loa"], claims["aktoer_gruppe"]) == ("ToFaktor", "Kontaktperson")
