"""Who is signed in with a password proves more: with MitID, with a passkey, or with the word of a parent beside them.

Every attack ends as it began: signed in as before, and no surer.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

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
    vouches,
    years_ago,
)
from tests.postgres import TestServer
from tests.protocols.oidc.relying_party import RelyingParty
from tests.recovery.inside import events_about, sessions_now
from tests.recovery.mitid import ALIAS
from tests.recovery.steps import says_so_in
from unilogin.domain.services.model import Level
from unilogin.kit.secrets import Secrets
from unilogin.signin.model import ExternalIdentity, Failure


@pytest.fixture(scope="module")
def stage(postgres: TestServer, template: str, secrets: Secrets) -> Iterator[Stage]:
    with stage_of_its_own(postgres, template, secrets) as here:
        yield here


@pytest.fixture(scope="module")
def service(stage: Stage) -> RelyingParty:
    return stage.service()


@pytest.fixture
def child(stage: Stage) -> Somebody:
    return stage.small(parent=False)


@pytest.fixture
def parent(stage: Stage, child: Somebody) -> Somebody:
    return stage.parent_of(child)


def test_a_parent_vouches_and_the_child_goes_on(
    stage: Stage, service: RelyingParty, child: Somebody, parent: Somebody
) -> None:
    browser, attempt = at_parents_page(stage, service, child)
    assert child.username in browser.text
    stage.with_mitid(browser, parent)
    assert token_level(service, attempt, browser) == "VoksenVerificeret"
    assert levels_of(stage, child) == ["VoksenVerificeret"]
    assert ("vouch.given", str(parent.account_id)) in events_about(stage.people, child)
    assert stage.sql("select detail from notices_notice where account_id = $1 and kind = 'vouched'", child.account_id)


def test_a_child_that_is_not_signed_in_types_its_own_secret_first(
    stage: Stage, service: RelyingParty, child: Somebody, parent: Somebody
) -> None:
    browser, attempt = stage.app.visitor(), service.attempt(**INSIST_VOUCHED)
    stage.type_in(stage.open(browser, attempt), child)
    browser.open(f"{browser.path}/parent")
    stage.with_mitid(browser, parent)
    assert token_level(service, attempt, browser) == "VoksenVerificeret"


def test_the_parent_gets_no_session_and_no_single_sign_on(
    stage: Stage, service: RelyingParty, child: Somebody, parent: Somebody
) -> None:
    browser, _ = at_parents_page(stage, service, child)
    before = browser.client.cookies["unilogin_session"]
    stage.with_mitid(browser, parent)
    assert sessions_now(stage.people, parent) == []
    assert browser.client.cookies["unilogin_session"] == before
    other = stage.service()
    attempt = other.attempt()
    stage.open(browser, attempt)
    _, claims = tokens_of(other, attempt, browser)
    assert claims["uniid"] == child.uniid


def test_two_hours_for_this_session_alone(
    stage: Stage, service: RelyingParty, child: Somebody, parent: Somebody
) -> None:
    elsewhere = stage.signed_in(child, service)
    browser, _ = at_parents_page(stage, service, child)
    stage.with_mitid(browser, parent)
    assert levels_of(stage, child) == ["EnFaktor", "VoksenVerificeret"]
    stage.open(elsewhere, service.attempt(**INSIST_VOUCHED))
    assert elsewhere.path.endswith("/level")
    stage.signed_in(child, service)
    assert levels_of(stage, child) == ["EnFaktor", "VoksenVerificeret", "EnFaktor"]
    rows = stage.sql(
        "select s.vouched_until - v.vouched_at = interval '2 hours', v.kind from sessions_vouch v"
        " join sessions_session s using (session_id) where v.vouched_by = $1",
        parent.account_id,
    )
    assert rows == [(True, "parent")]


def test_v_28_an_approval_is_taken_once(stage: Stage, service: RelyingParty, child: Somebody, parent: Somebody) -> None:
    browser, _ = at_parents_page(stage, service, child)
    browser.submit(button=("provider", ALIAS))
    url = stage.mitid.back(browser, stage.mitid.identity(stage.cpr[parent.username]))
    again, _ = asks_for(stage, service, stage.small())
    for visitor in (browser, again):
        visitor.open(url)
    assert vouches(stage, child) == 1
    stage.sql("update sessions_session set vouched_until = null where account_id = $1", child.account_id)
    stage.open(browser, service.attempt(**INSIST_VOUCHED))
    browser.open(f"{browser.path}/parent/back?{url.partition('?')[2]}")
    assert browser.path.endswith("/level"), "an old approval opens no new journey"
    assert levels_of(stage, child) == ["EnFaktor"]


def test_v_40_another_browser_cannot_take_the_approval(
    stage: Stage, service: RelyingParty, child: Somebody, parent: Somebody
) -> None:
    browser, _ = at_parents_page(stage, service, child)
    browser.submit(button=("provider", ALIAS))
    url = stage.mitid.answered(stage.mitid.errand(browser), stage.mitid.identity(stage.cpr[parent.username]))
    thief = stage.signed_in(stage.small(), service)
    stranger = stage.app.visitor()
    for visitor in (thief, stranger):
        visitor.open(url)
        assert visitor.page.status_code == 403
    assert vouches(stage, child) == 0
    browser.open(url)
    assert vouches(stage, child) == 1


def test_what_was_approved_for_one_thing_is_not_taken_for_another(
    stage: Stage, service: RelyingParty, child: Somebody, parent: Somebody
) -> None:
    """A child cannot turn the parent's MitID into a session of the parent, nor its own into a parent's word."""
    browser, _ = at_parents_page(stage, service, child)
    browser.submit(button=("provider", ALIAS))
    url = stage.mitid.answered(stage.mitid.errand(browser), stage.mitid.identity(stage.cpr[parent.username]))
    journey, errand = url.partition("/level")[0], url.partition("?")[2]
    for other in ("level/mitid/back", "external", "names/back", "password/parent/back"):
        browser.open(f"{journey}/{other}?{errand}")
    assert sessions_now(stage.people, parent) == []
    assert levels_of(stage, child) == ["EnFaktor"]


WHO_MAY_NOT = {
    "nobody's parent": "Du kan ikke sige ja for det barn",
    "no custody": "Du kan ikke sige ja for det barn",
    "custody at one school only": "Du kan ikke sige ja for det barn",
    "custody lost on the way": "Du kan ikke sige ja for det barn",
    "another child's parent": "Du kan ikke sige ja for det barn",
    "a pupil with MitID": "Du kan ikke sige ja for det barn",
    "a pupil with custody": "Du kan ikke sige ja for det barn",
    "MitID says under 18": "Du kan ikke sige ja for det barn",
    "the child turned 18": "Du kan ikke sige ja for det barn",
    "the child left the school": "Du kan ikke sige ja for det barn",
    "the parent was blocked": "Den bruger er lukket",
    "unknown here": "Vi kender ikke den, der brugte MitID",
    "no CPR number": "Vi kan ikke se, hvem der brugte MitID",
    "not sure enough": "Det skal være lidt sikrere",
    "at a private school": "MitID kan ikke bruges her",
    "cancelled": "Du afbrød MitID",
    "unavailable": "MitID svarer ikke lige nu",
    "refused": "Vi kunne ikke bruge svaret fra MitID",
}


@pytest.mark.parametrize("why", WHO_MAY_NOT)
def test_who_may_not_vouch_is_told_why_and_nothing_changes(
    stage: Stage, service: RelyingParty, child: Somebody, parent: Somebody, why: str
) -> None:
    browser, _ = at_parents_page(stage, service, child)
    browser.submit(button=("provider", ALIAS))
    url = stage.mitid.answered(stage.mitid.errand(browser), an_answer(stage, child, parent, why))
    behind_their_back(stage, child, parent, why)
    browser.open(url)
    assert browser.heading == WHO_MAY_NOT[why]
    if why == "nobody's parent":
        says_so_in(browser, "You cannot say yes for that child")
    assert vouches(stage, child) == 0
    assert levels_of(stage, child) == ["EnFaktor"]
    assert browser.document.xpath("//a[contains(@href, '/level')]"), "there is a way back to the other ways"


def an_answer(stage: Stage, child: Somebody, parent: Somebody, why: str) -> ExternalIdentity | Failure:
    if why in list(Failure):
        return Failure(why)
    helper = helper_who(stage, child, why) or parent
    index = stage.cpr[helper.username]
    if why in ("unknown here", "no CPR number"):
        return stage.mitid.identity(b"nobody" if why == "unknown here" else None)
    identity = stage.mitid.identity(index, level=Level.EN_FAKTOR if why == "not sure enough" else Level.TO_FAKTOR)
    return aged(identity, 17) if why == "MitID says under 18" else identity


def helper_who(stage: Stage, child: Somebody, why: str) -> Somebody | None:
    """Somebody else than the parent, who uses MitID instead."""
    match why:
        case "nobody's parent":
            return stage.teacher()
        case "another child's parent":
            return stage.parent_of(stage.small(parent=False))
        case "a pupil with MitID" | "a pupil with custody":
            pupil = stage.big()
            stage.families.custody(pupil, child, custody=why == "a pupil with custody")
            return pupil
        case _:
            return None


def aged(identity: ExternalIdentity, age: int) -> ExternalIdentity:
    values = {name: getattr(identity, name) for name in ExternalIdentity.__slots__}
    return ExternalIdentity(**{**values, "age": age})


def behind_their_back(stage: Stage, child: Somebody, parent: Somebody, why: str) -> None:
    match why:
        case "no custody" | "custody lost on the way":
            stage.families.custody(parent, child, custody=False)
        case "custody at one school only":
            school = stage.teacher().institution
            stage.families.also_at(child, school)
            stage.families.custody(parent, child)
            stage.families.custody_at_one_school(parent, child, custody=False)
        case "the child turned 18":
            stage.families.born(child, years_ago(19))
        case "the child left the school":
            stage.people.leave(child)
        case "the parent was blocked":
            stage.people.block(parent)
        case "at a private school":
            stage.sql("update directory_institution set public_law_body = false where number = $1", parent.institution)


def test_nobody_vouches_for_oneself(stage: Stage, service: RelyingParty) -> None:
    pupil = stage.big()
    browser, _ = at_parents_page(stage, service, pupil)
    stage.with_mitid(browser, pupil)
    assert browser.heading == "Du kan ikke sige ja for dig selv"
    assert levels_of(stage, pupil) == ["EnFaktor"]


def test_a_refusal_leaves_its_row(stage: Stage, service: RelyingParty, child: Somebody, parent: Somebody) -> None:
    stranger = stage.teacher()
    browser, _ = at_parents_page(stage, service, child)
    stage.with_mitid(browser, stranger)
    assert ("vouch.refused", str(stranger.account_id)) in events_about(stage.people, child)


def test_v_30_a_pupil_who_was_blocked_meanwhile_is_not_vouched_for(
    stage: Stage, service: RelyingParty, child: Somebody, parent: Somebody
) -> None:
    browser, _ = at_parents_page(stage, service, child)
    browser.submit(button=("provider", ALIAS))
    url = stage.mitid.answered(stage.mitid.errand(browser), stage.mitid.identity(stage.cpr[parent.username]))
    stage.people.block(child)
    browser.open(url)
    assert vouches(stage, child) == 0


def test_a_session_that_ended_meanwhile_is_not_vouched_for(
    stage: Stage, service: RelyingParty, child: Somebody, parent: Somebody
) -> None:
    browser, _ = at_parents_page(stage, service, child)
    browser.submit(button=("provider", ALIAS))
    url = stage.mitid.answered(stage.mitid.errand(browser), stage.mitid.identity(stage.cpr[parent.username]))
    stage.sql("update sessions_session set ended_at = kit_now() where account_id = $1", child.account_id)
    browser.open(url)
    assert vouches(stage, child) == 0
    assert browser.heading == "Vælg login", "begins again at the same service"


def test_twenty_tabs_take_one_approval_once(
    stage: Stage, service: RelyingParty, child: Somebody, parent: Somebody
) -> None:
    browser, _ = at_parents_page(stage, service, child)
    browser.submit(button=("provider", ALIAS))
    url = stage.mitid.answered(stage.mitid.errand(browser), stage.mitid.identity(stage.cpr[parent.username]))
    tabs = [copy_of(stage, browser) for _ in range(20)]
    with ThreadPoolExecutor(20) as at_once:
        list(at_once.map(lambda tab: tab.open(url), tabs))
    assert vouches(stage, child) == 1
    assert levels_of(stage, child) == ["VoksenVerificeret"]


@pytest.mark.parametrize("tail", ["level", "level/parent", "level/teacher", "level/mitid/back", "level/parent/back"])
def test_without_cookies_there_is_nothing(stage: Stage, service: RelyingParty, child: Somebody, tail: str) -> None:
    stage.parent_of(child)
    browser, _ = asks_for(stage, service, child)
    journey = "/".join(browser.path.split("/")[:3])
    bare = stage.app.visitor()
    bare.open(f"{journey}/{tail}")
    assert bare.page.status_code == 403
    bare.post(f"{journey}/{tail}", {"csrf": str(browser.document.forms[0].fields["csrf"])})
    assert bare.page.status_code in (403, 405)


@pytest.mark.parametrize("tail", ["level", "level/parent", "level/teacher", "level/teacher/stop", "level/passkey"])
def test_forms_carry_our_token(stage: Stage, service: RelyingParty, child: Somebody, tail: str) -> None:
    stage.parent_of(child)
    browser, _ = asks_for(stage, service, child)
    journey = "/".join(browser.path.split("/")[:3])
    browser.post(f"{journey}/{tail}", {"provider": ALIAS, "skip": "1"})
    assert browser.page.status_code == 403
    assert stage.sql("select count(*) from signin_errand where journey_id::text = $1", journey.split("/")[2]) == [(0,)]


def test_no_parent_is_asked_for_what_a_parents_word_does_not_reach(stage: Stage, service: RelyingParty) -> None:
    """N-101: an adult's word is no proof of who the pupil is, whatever address is typed."""
    pupil = stage.big()
    browser, _ = asks_for(stage, service, pupil, **INSIST_TWO)
    journey = "/".join(browser.path.split("/")[:3])
    csrf = str(browser.document.forms[0].fields["csrf"])
    for tail in ("level/parent", "level/teacher"):
        browser.post(f"{journey}/{tail}", {"csrf": csrf, "provider": ALIAS})
        assert browser.path.endswith("/level")
        browser.open(f"{journey}/{tail}")
        assert browser.path.endswith("/level")
