"""Which level a service asks for, who is asked for it, and what the service is told (N-101, N-102).

One table: what is asked × who it is × how they are signed in × whether there is MitID.
"""

import json
from collections.abc import Iterator

import pytest

from tests.builders.people import Somebody
from tests.builders.raising import Stage, insisting, stage_of_its_own, token_level, tokens_of
from tests.postgres import TestServer
from tests.protocols.oidc.relying_party import Attempt, RelyingParty, answer_of
from tests.recovery.steps import practise, shown_pictures
from tests.visitor import Visitor
from unilogin.domain.services.model import Level
from unilogin.kit.secrets import Secrets

NSIS = "https://data.gov.dk/concept/core/nsis/loa/"


@pytest.fixture(scope="module")
def stage(postgres: TestServer, template: str, secrets: Secrets) -> Iterator[Stage]:
    with stage_of_its_own(postgres, template, secrets) as here:
        yield here


@pytest.fixture(scope="module")
def easy(stage: Stage) -> RelyingParty:
    return stage.service()


@pytest.fixture(scope="module")
def minimum(stage: Stage) -> RelyingParty:
    return stage.service(minimum_level=Level.VOKSEN_VERIFICERET)


ASKED = {
    "nothing": {},
    "low": insisting(f"{NSIS}Low"),
    "adult": insisting("VoksenVerificeret"),
    "two": insisting(f"{NSIS}Substantial"),
    "two or adult": insisting("ToFaktor", "VoksenVerificeret"),
    "high": insisting(f"{NSIS}High"),
    "wish two": {"acr_values": "To_Faktor"},
    "wish adult": {"acr_values": "VoksenVerificeret"},
    "wish two, or one": {"acr_values": "ToFaktor EnFaktor"},
    "wish two by claims": {"claims": json.dumps({"id_token": {"acr": {"value": f"{NSIS}Substantial"}}})},
    "wish something unknown": {"acr_values": "urn:somebody:else"},
    "wish two, insist on adult": {"acr_values": "ToFaktor", **insisting("VoksenVerificeret")},
}

UNMET = "error unmet_authentication_requirements"
LOGIN = "error login_required"
MITID, MITID_OR_ADULT, ADULT = "page mitid back", "page mitid parent back", "page parent back"
WISH_MITID, WISH_ADULT, WISH_MITID_OR_ADULT = "page mitid skip", "page parent skip", "page mitid parent skip"


def outcome(stage: Stage, service: RelyingParty, attempt: Attempt, browser: Visitor) -> str:
    """Where a browser stands: at a page and what it offers, at the service with a level, or with an error."""
    answer = answer_of(browser) if browser.left_for else {}
    if "error" in answer:
        return f"error {answer['error']}"
    if "code" in answer:
        return token_level(service, attempt, browser)
    if browser.heading in ("Vælg login", "Brug MitID"):
        return browser.heading
    assert browser.path.endswith("/level"), browser.text
    if browser.heading == "Du kan ikke komme ind her":
        return "no way"
    offers = []
    if browser.document.xpath("//button[@name='provider']"):
        offers.append("mitid")
    offers += [str(href).rpartition("/")[2] for href in browser.document.xpath("//a[@class='choice']/@href")]
    if any(str(form.action).endswith("/teacher") for form in browser.document.forms):
        offers.append("teacher")
    offers.append("skip" if browser.document.xpath("//button[@name='skip']") else "back")
    return " ".join(["page", *offers])


# asked, who, signed in how, MitID on offer → where they come to, typing their own secret where it is asked for
TABLE = [
    ("nothing", "small", "not", True, "EnFaktor"),
    ("nothing", "small", "password", True, "EnFaktor"),
    ("nothing", "teacher", "mitid", True, "ToFaktor"),
    ("low", "small", "password", True, "EnFaktor"),
    ("low", "teacher", "mitid", True, "ToFaktor"),
    ("adult", "small", "not", True, ADULT),
    ("adult", "small", "password", True, ADULT),
    ("adult", "small", "vouched", True, "VoksenVerificeret"),
    ("adult", "orphan", "password", True, "no way"),
    ("adult", "big", "not", True, MITID_OR_ADULT),
    ("adult", "big", "password", True, MITID_OR_ADULT),
    ("adult", "big", "mitid", True, "ToFaktor"),
    ("adult", "grown", "password", True, MITID),
    ("adult", "teacher", "not", True, MITID),
    ("adult", "teacher", "mitid", True, "ToFaktor"),
    ("adult", "private", "password", True, "no way"),
    ("adult", "small", "password", False, "no way"),
    ("adult", "small", "not", False, "no way"),
    ("adult", "taught", "password", True, "page teacher back"),
    ("adult", "taught", "password", False, "page teacher back"),
    ("two", "taught", "password", True, "no way"),
    ("wish adult", "taught", "not", False, "page teacher skip"),
    ("adult", "small", "vouched", False, "VoksenVerificeret"),
    ("two", "small", "not", True, "Brug MitID"),
    ("two", "small", "password", True, "no way"),
    ("two", "small", "vouched", True, "no way"),
    ("two", "big", "password", True, MITID),
    ("two", "big", "vouched", True, MITID),
    ("two", "teacher", "password", True, MITID),
    ("two", "teacher", "mitid", True, "ToFaktor"),
    ("two", "teacher", "mitid", False, "ToFaktor"),
    ("two", "teacher", "password", False, UNMET),
    ("two", "teacher", "not", False, UNMET),
    ("two", "private", "password", True, "no way"),
    ("two or adult", "small", "password", True, ADULT),
    ("two or adult", "teacher", "password", True, MITID),
    ("high", "teacher", "mitid", True, UNMET),
    ("wish two", "small", "not", True, "EnFaktor"),
    ("wish two", "small", "password", True, "EnFaktor"),
    ("wish two", "big", "not", True, WISH_MITID),
    ("wish two", "big", "password", True, WISH_MITID),
    ("wish two", "teacher", "password", True, WISH_MITID),
    ("wish two", "teacher", "mitid", True, "ToFaktor"),
    ("wish two", "teacher", "password", False, "EnFaktor"),
    ("wish two", "private", "password", True, "EnFaktor"),
    ("wish two by claims", "teacher", "password", True, WISH_MITID),
    ("wish two, or one", "teacher", "password", True, "EnFaktor"),
    ("wish adult", "small", "password", True, WISH_ADULT),
    ("wish adult", "orphan", "password", True, "EnFaktor"),
    ("wish adult", "big", "not", True, WISH_MITID_OR_ADULT),
    ("wish adult", "small", "vouched", True, "VoksenVerificeret"),
    ("wish something unknown", "teacher", "password", True, "EnFaktor"),
    ("wish two, insist on adult", "small", "password", True, ADULT),
    ("wish two, insist on adult", "big", "vouched", True, WISH_MITID),
]


def of_kind(stage: Stage, kind: str) -> Somebody:
    if kind in ("orphan", "taught"):
        child = stage.small(parent=False)
        if kind == "taught":
            stage.teacher_of(child)
        return child
    made: Somebody = getattr(stage, kind)()
    return made


def in_state(stage: Stage, easy: RelyingParty, somebody: Somebody, state: str) -> Visitor:
    """A browser in which somebody is signed in so; the provider is on offer then."""
    if state == "not":
        return stage.app.visitor()
    if state == "mitid":
        browser = stage.app.visitor()
        browser.open(easy.attempt().url)
        browser.submit(button=("selectedIdp", "nemlogin3"))
        stage.mitid.proves(browser, stage.cpr[somebody.username])
        browser.move_on()
        return browser
    browser = stage.signed_in(somebody, easy)
    if state == "vouched":
        stage.sql(
            "update sessions_session set vouched_until = kit_now() + interval '2 hours'"
            " where account_id = $1 and ended_at is null",
            somebody.account_id,
        )
    return browser


@pytest.mark.parametrize(("asked", "who", "state", "offered", "expected"), TABLE)
def test_n_102_who_can_is_asked_and_the_token_says_what_was_proved(
    stage: Stage, easy: RelyingParty, asked: str, who: str, state: str, *, offered: bool, expected: str
) -> None:
    somebody = of_kind(stage, who)
    browser = in_state(stage, easy, somebody, state)
    if not offered:
        stage.offer_mitid(on=False)
    try:
        attempt = easy.attempt(**ASKED[asked])
        browser.open(attempt.url)
        if browser.left_for is None and browser.heading == "Vælg login":
            stage.type_in(browser, somebody)
        assert outcome(stage, easy, attempt, browser) == expected
    finally:
        if not offered:
            stage.offer_mitid(on=True)


@pytest.mark.parametrize(
    ("asked", "who", "state", "expected"),
    [
        ("adult", "small", "not", LOGIN),
        ("adult", "small", "password", LOGIN),
        ("adult", "orphan", "password", UNMET),
        ("adult", "small", "vouched", "VoksenVerificeret"),
        ("two", "small", "password", UNMET),
        ("two", "big", "password", LOGIN),
        ("two", "big", "vouched", LOGIN),
        ("two", "private", "password", UNMET),
        ("two", "teacher", "mitid", "ToFaktor"),
        ("wish two", "teacher", "password", "EnFaktor"),
        ("wish adult", "small", "password", "EnFaktor"),
        ("high", "teacher", "mitid", UNMET),
    ],
)
def test_b_o20_a_silent_request_shows_nothing_and_says_why(
    stage: Stage, easy: RelyingParty, asked: str, who: str, state: str, expected: str
) -> None:
    """``login_required`` where the person could be asked, the other error where nobody could help."""
    somebody = of_kind(stage, who)
    browser = in_state(stage, easy, somebody, state)
    attempt = easy.attempt(prompt="none", **ASKED[asked])
    browser.open(attempt.url)
    assert outcome(stage, easy, attempt, browser) == expected


def test_a_services_own_minimum_is_insisted_on(stage: Stage, minimum: RelyingParty) -> None:
    attempt = minimum.attempt()
    browser = stage.open(stage.app.visitor(), attempt)
    stage.type_in(browser, stage.small())
    assert outcome(stage, minimum, attempt, browser) == ADULT


@pytest.mark.parametrize("asked", ["adult", "two"])
def test_who_cannot_goes_back_and_the_service_is_told(stage: Stage, easy: RelyingParty, asked: str) -> None:
    browser = stage.signed_in(stage.small(parent=False), easy)
    attempt = easy.attempt(**ASKED[asked])
    browser.open(attempt.url)
    assert outcome(stage, easy, attempt, browser) == "no way"
    assert "Tilbage til Tjeneste" in browser.text
    browser.submit()
    browser.move_on()
    answer = answer_of(browser)
    assert answer["error"] == "unmet_authentication_requirements"
    assert answer["state"] == attempt.parameters["state"]
    again = easy.attempt()
    browser.open(again.url)
    assert outcome(stage, easy, again, browser) == "EnFaktor"


def test_who_could_and_will_not_goes_back_too(stage: Stage, easy: RelyingParty) -> None:
    browser = stage.signed_in(stage.big(), easy)
    attempt = easy.attempt(**ASKED["two"])
    browser.open(attempt.url)
    form = browser.document.forms[-1]
    browser.post(form.action, {"csrf": form.fields["csrf"]})
    browser.move_on()
    assert outcome(stage, easy, attempt, browser) == UNMET


def test_a_wish_is_turned_down_once_for_each_service_of_a_session(stage: Stage, easy: RelyingParty) -> None:
    browser = stage.signed_in(stage.teacher(), easy)
    attempt = easy.attempt(**ASKED["wish two"])
    browser.open(attempt.url)
    assert outcome(stage, easy, attempt, browser) == WISH_MITID
    form = browser.document.forms[-1]
    browser.post(form.action, {"csrf": form.fields["csrf"], "skip": "1"})
    browser.move_on()
    assert outcome(stage, easy, attempt, browser) == "EnFaktor"
    again = easy.attempt(**ASKED["wish two"])
    browser.open(again.url)
    assert outcome(stage, easy, again, browser) == "EnFaktor"
    other = stage.service()
    there = other.attempt(**ASKED["wish two"])
    browser.open(there.url)
    assert outcome(stage, other, there, browser) == WISH_MITID


def test_what_is_insisted_on_cannot_be_skipped(stage: Stage, easy: RelyingParty) -> None:
    browser = stage.signed_in(stage.teacher(), easy)
    attempt = easy.attempt(**ASKED["two"])
    browser.open(attempt.url)
    form = browser.document.forms[0]
    browser.post(form.action, {"csrf": form.fields["csrf"], "skip": "1"})
    assert outcome(stage, easy, attempt, browser) == MITID


def test_n_101_what_the_token_says_of_an_adults_word(stage: Stage, easy: RelyingParty) -> None:
    browser = in_state(stage, easy, stage.small(), "vouched")
    attempt = easy.attempt(**ASKED["adult"])
    browser.open(attempt.url)
    tokens, claims = tokens_of(easy, attempt, browser)
    told = {"unilogin_loa": "VoksenVerificeret", "loa": "2", "nsis_loa": "Low"}
    assert {name: claims[name] for name in told} == told
    assert claims["acr"] == f"{NSIS}Low"
    userinfo = easy.userinfo(tokens["access_token"]).json()
    assert {name: userinfo[name] for name in told} == told
    introspected = easy.introspect(tokens["access_token"])
    assert {name: introspected[name] for name in told} == told
    assert introspected["acr"] == f"{NSIS}Low"


def test_mitid_does_not_switch_the_role(stage: Stage, easy: RelyingParty) -> None:
    """Who is both parent and staff, and has chosen once, is not asked again on the way to more."""
    teacher = stage.teacher()
    stage.families.custody(teacher, stage.small(parent=False))
    browser = stage.signed_in(teacher, easy)
    browser.submit(button=("selected-aktoer", "KONTAKT"))
    browser.move_on()
    attempt = easy.attempt(**ASKED["two"])
    browser.open(attempt.url)
    stage.with_mitid(browser, teacher)
    _, claims = tokens_of(easy, attempt, browser)
    assert (claims["unilogin_loa"], claims["aktoer_gruppe"]) == ("ToFaktor", "Kontaktperson")


def test_n_12_getting_back_in_never_ends_higher_than_was_proved(stage: Stage, minimum: RelyingParty) -> None:
    """A new password with a parent's help signs the child in, and the adult's word is asked for all the same."""
    child = stage.small(parent=False)
    parent = stage.parent_of(child)
    attempt = minimum.attempt()
    browser = stage.open(stage.app.visitor(), attempt)
    browser.submit(button=("selectedIdp", "uni_idp"))
    browser.submit({"username": child.username})
    journey = "/".join(browser.path.split("/")[:3])
    browser.open(f"{journey}/password/parent")
    browser.submit(button=("provider", "nemlogin3"))
    stage.mitid.proves(browser, stage.cpr[parent.username])
    browser.submit()
    practise(browser, shown_pictures(browser))
    if browser.left_for is None and browser.moves_on:
        browser.move_on()
    browser.open(f"{journey}/level")
    assert outcome(stage, minimum, attempt, browser) == ADULT
