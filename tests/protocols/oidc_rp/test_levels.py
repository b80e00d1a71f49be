"""A service that demands more than a password proves: MitID, or an honest refusal (N-102)."""

import json
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from tests.builders.people import People
from tests.builders.provider import Providers
from tests.builders.services import Services
from tests.protocols.oidc.relying_party import RelyingParty, answer_of
from tests.protocols.oidc_rp.conftest import Known, MitId, fetch
from tests.server import RunningServer
from tests.visitor import Visitor
from unilogin.domain.services.model import Level
from unilogin.signin.model import Alias

SUBSTANTIAL = "https://data.gov.dk/concept/core/nsis/loa/Substantial"
ESSENTIAL = json.dumps({"id_token": {"acr": {"essential": True, "values": [SUBSTANTIAL]}}})


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def demanding(server: RunningServer, services: Services, http: httpx.Client) -> RelyingParty:
    return RelyingParty(server, services.add(minimum_level=Level.TO_FAKTOR), http)


@pytest.fixture(scope="module")
def easy(server: RunningServer, services: Services, http: httpx.Client) -> RelyingParty:
    return RelyingParty(server, services.add(), http)


def out_and_back(mitid: MitId, visitor: Visitor, known: Known) -> None:
    """Press the provider's button on the page, approve, and go on to the service."""
    mitid.press(visitor)
    mitid.come_back(visitor, {"cpr": known.cpr})
    while visitor.left_for is None and visitor.moves_on:
        visitor.move_on()


def error_of(visitor: Visitor) -> str:
    assert visitor.left_for is not None
    return dict(parse_qsl(urlsplit(visitor.left_for).query)).get("error", "")


def test_a_service_that_demands_more_leads_to_mitid_with_one_sentence_why(
    mitid: MitId, demanding: RelyingParty, parent: Known
) -> None:
    visitor = demanding.new_browser()
    attempt = demanding.attempt()
    visitor.open(attempt.url)
    assert visitor.heading == "Brug MitID"
    assert "adgangskode ikke nok" in visitor.text
    buttons = visitor.document.xpath("//button/@value")
    assert mitid.alias in buttons
    assert "uni_idp" not in buttons
    out_and_back(mitid, visitor, parent)
    answer = answer_of(visitor)
    tokens = demanding.post(
        "token",
        {
            "grant_type": "authorization_code",
            "code": answer["code"],
            "redirect_uri": demanding.redirect_uri,
            "code_verifier": attempt.verifier,
        },
    ).json()
    told = httpx.get(
        demanding.address("userinfo"), headers={"Authorization": f"Bearer {tokens['access_token']}"}
    ).json()
    assert told["unilogin_loa"] == "ToFaktor"
    assert told["nsis_loa"] == "Substantial"
    assert told["loa"] == "3"


@pytest.mark.parametrize("language", ["da", "en"])
def test_who_cannot_says_so_and_the_service_is_told(
    mitid: MitId, demanding: RelyingParty, people: People, language: str
) -> None:
    visitor = demanding.new_browser()
    visitor.open(f"{demanding.attempt().url}&ui_locales={language}")
    form = visitor.document.forms[-1]
    visitor.post(form.action, {name: value or "" for name, value in form.form_values()})
    assert visitor.moves_on
    visitor.move_on()
    assert error_of(visitor) == "unmet_authentication_requirements"


def test_n_102_a_password_does_not_open_what_demands_more(
    mitid: MitId, demanding: RelyingParty, people: People
) -> None:
    """Whoever knows the addresses of the password pages gets no further than an honest refusal."""
    pupil = people.pupil()
    visitor = demanding.new_browser()
    visitor.open(demanding.attempt().url)
    journey = visitor.path.rpartition("/")[0] if visitor.path.endswith("/method") else visitor.path
    visitor.submit(button=("selectedIdp", "uni_idp"))
    assert visitor.heading == "Brug MitID"
    csrf = visitor.document.xpath("//input[@name='csrf']/@value")[0]
    visitor.post(f"{journey}/username", {"csrf": csrf, "username": pupil.username})
    visitor.post(f"{journey}/secret", {"csrf": csrf, "password": str(pupil.secret)})
    if visitor.moves_on:
        visitor.move_on()
        assert error_of(visitor) == "unmet_authentication_requirements"
    else:
        assert visitor.left_for is None


def test_an_essential_level_in_the_request_is_as_good_as_the_services_own(
    mitid: MitId, easy: RelyingParty, parent: Known
) -> None:
    visitor = easy.new_browser()
    visitor.open(easy.attempt(claims=ESSENTIAL).url)
    assert visitor.heading == "Brug MitID"
    out_and_back(mitid, visitor, parent)
    assert "code" in answer_of(visitor)


def test_somebody_signed_in_with_a_password_is_asked_for_more_and_gets_another_session(
    mitid: MitId, easy: RelyingParty, parent: Known
) -> None:
    visitor = easy.new_browser()
    entered = easy.sign_in(parent.who, browser=visitor)
    assert entered.code
    before = visitor.client.cookies["unilogin_session"]
    visitor.open(easy.attempt(claims=ESSENTIAL).url)
    visitor.submit(button=("provider", mitid.alias))
    visitor.move_on()
    mitid.come_back(visitor, {"cpr": parent.cpr})
    visitor.move_on()
    assert "code" in answer_of(visitor)
    assert visitor.client.cookies["unilogin_session"] != before


def test_mitid_is_enough_for_everything_below(
    mitid: MitId, easy: RelyingParty, demanding: RelyingParty, parent: Known
) -> None:
    """Single sign-on goes down: proved once as sure as the surest service demands."""
    visitor = demanding.new_browser()
    visitor.open(demanding.attempt().url)
    out_and_back(mitid, visitor, parent)
    assert "code" in answer_of(visitor)
    assert easy.enter_again(visitor).code


@pytest.fixture
def without_ways(providers: Providers) -> Iterator[None]:
    """No provider and no passkey to prove more with, whatever other tests have added to the database they share."""
    lowered = fetch(
        providers.dsn,
        "update credentials_passkey set level = 'EnFaktor' where level = 'ToFaktor' returning passkey_id",
    )
    switched = [
        Alias(row["alias"])
        for row in fetch(providers.dsn, "select alias from signin_provider where disabled_at is null")
    ]
    for alias in switched:
        providers.switch(alias, on=False)
    yield
    for alias in switched:
        providers.switch(alias, on=True)
    keys = [row["passkey_id"] for row in lowered]
    fetch(providers.dsn, "update credentials_passkey set level = 'ToFaktor' where passkey_id = any($1::uuid[])", keys)


@pytest.mark.usefixtures("without_ways")
def test_b_o22_without_a_provider_a_demand_for_more_is_refused_at_once(demanding: RelyingParty) -> None:
    visitor = demanding.new_browser()
    visitor.open(demanding.attempt().url)
    assert error_of(visitor) == "unmet_authentication_requirements"


def test_a_refusal_is_taken_once_and_by_its_own_browser(mitid: MitId, demanding: RelyingParty) -> None:
    visitor = demanding.new_browser()
    visitor.open(demanding.attempt().url)
    form = visitor.document.forms[-1]
    visitor.post(form.action, {name: value or "" for name, value in form.form_values()})
    back = visitor.document.xpath("//meta[@http-equiv='refresh']/@content")[0].partition("url=")[2]
    stranger = demanding.new_browser()
    stranger.open(back)
    assert stranger.heading == "Brug MitID"
    visitor.open(back)
    assert error_of(visitor) == "unmet_authentication_requirements"
    visitor.open(back)
    assert visitor.heading == "Brug MitID"
