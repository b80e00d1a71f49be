"""The way of a pupil into a service and out again, and what the service is told on the way."""

import pytest

from tests.builders.people import People, Somebody
from tests.builders.services import SIGNED_OUT, Services
from tests.protocols.oidc.relying_party import RelyingParty, answer_of, type_in
from unilogin.domain.directory.model import ActorGroup
from unilogin.domain.services.model import Attribute
from unilogin.protocols.oidc.claims import at_hash


def test_a_pupil_enters_a_service_and_leaves_again(service: RelyingParty, pupil: Somebody) -> None:
    entered = service.sign_in(pupil)
    tokens = service.tokens(entered)
    assert service.userinfo(tokens["access_token"]).status_code == 200
    entered.browser.open(
        f"{service.address('logout')}?id_token_hint={tokens['id_token']}&post_logout_redirect_uri={SIGNED_OUT}&state=a%26b"
    )
    assert entered.browser.left_for == f"{SIGNED_OUT}?state=a%26b"
    assert service.userinfo(tokens["access_token"]).status_code == 401
    assert service.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    entered.browser.open(service.attempt().url)
    assert entered.browser.heading == "Vælg login"


def test_the_answer_carries_state_and_issuer(service: RelyingParty, pupil: Somebody) -> None:
    entered = service.sign_in(pupil)
    assert set(entered.answer) == {"code", "state", "iss"}
    assert entered.answer["state"] == entered.attempt.parameters["state"]
    assert entered.answer["iss"] == service.server.issuer  # RFC 9207


def test_the_token_answer_has_the_fields_of_the_danish_service(service: RelyingParty, pupil: Somebody) -> None:
    response = service.redeem(service.sign_in(pupil))
    tokens = response.json()
    assert set(tokens) == {
        *("access_token", "expires_in", "refresh_expires_in", "refresh_token", "token_type", "id_token"),
        *("not-before-policy", "session_state", "scope"),
    }
    assert (tokens["expires_in"], tokens["refresh_expires_in"]) == (300, 1799)
    assert (tokens["token_type"], tokens["not-before-policy"], tokens["scope"]) == ("Bearer", 0, "openid")
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["content-type"] == "application/json"


def test_an_id_token_says_who_how_sure_and_for_whom(service: RelyingParty, pupil: Somebody) -> None:
    entered = service.sign_in(pupil)
    tokens = service.tokens(entered)
    claims = service.claims(tokens["id_token"])
    assert claims == {
        "iss": service.server.issuer,
        "sub": claims["sub"],
        "broker_id": claims["sub"],
        "aud": service.client_id,
        "azp": service.client_id,
        "iat": claims["iat"],
        "exp": int(str(claims["iat"])) + 300,
        "auth_time": claims["auth_time"],
        "jti": claims["jti"],
        "nonce": entered.attempt.parameters["nonce"],
        "typ": "ID",
        "acr": "https://data.gov.dk/concept/core/nsis/loa/Low",
        "at_hash": at_hash(tokens["access_token"]),
        "sid": tokens["session_state"],
        "session_state": tokens["session_state"],
        "spec_ver": "OIDC.3.0-UNILOGIN",
        "uniid": pupil.uniid,
        "aktoer_gruppe": "Elev",
        "unilogin_loa": "EnFaktor",
        "loa": "2",
        "nsis_loa": "Low",
        "institution_ids": f"[{pupil.institution}]",
        "has_license": "false",
    }


def test_introspection_says_what_the_access_token_stands_for(service: RelyingParty, pupil: Somebody) -> None:
    tokens = service.tokens(service.sign_in(pupil))
    said = service.introspect(tokens["access_token"])
    told = service.claims(tokens["id_token"])
    assert said["active"] is True
    assert (said["typ"], said["client_id"], said["username"]) == ("Bearer", service.client_id, None)
    for name in ("sub", "uniid", "aktoer_gruppe", "unilogin_loa", "loa", "acr", "iss", "aud", "auth_time", "sid"):
        assert said[name] == told[name], name


def test_a_service_registered_for_less_is_told_less(service: RelyingParty, services: Services, pupil: Somebody) -> None:
    lightweight = RelyingParty(service.server, services.add(attributes=()), service.http)
    tokens = lightweight.tokens(lightweight.sign_in(pupil))
    private = {attribute.value for attribute in Attribute}
    assert private.isdisjoint(lightweight.claims(tokens["id_token"]))
    assert private.isdisjoint(lightweight.userinfo(tokens["access_token"]).json())
    assert private.isdisjoint(lightweight.introspect(tokens["access_token"]))


def test_no_answer_ever_holds_a_name(service: RelyingParty, pupil: Somebody) -> None:
    tokens = service.tokens(service.sign_in(pupil))
    everything = (
        str(service.claims(tokens["id_token"]))
        + service.userinfo(tokens["access_token"]).text
        + str(service.introspect(tokens["access_token"]))
    )
    assert "Test" not in everything
    assert "Prøve" not in everything
    assert pupil.username not in everything


def test_a_pseudonym_is_stable_for_one_service_and_another_for_the_next(
    service: RelyingParty, other_service: RelyingParty, pupil: Somebody
) -> None:
    """K-17: two services cannot compare notes."""
    first, again = (service.claims(service.tokens(service.sign_in(pupil))["id_token"])["sub"] for _ in range(2))
    elsewhere = other_service.claims(other_service.tokens(other_service.sign_in(pupil))["id_token"])["sub"]
    assert first == again
    assert first != elsewhere


def test_single_sign_on_reaches_the_next_service_without_a_question(
    service: RelyingParty, other_service: RelyingParty, pupil: Somebody
) -> None:
    first = service.sign_in(pupil)
    second = other_service.enter_again(first.browser)
    told = service.claims(service.tokens(first)["id_token"])
    told_second = other_service.claims(other_service.tokens(second)["id_token"])
    assert told["sid"] == told_second["sid"]
    assert told["auth_time"] == told_second["auth_time"]


def test_a_refresh_gives_new_tokens_and_uses_the_old_one_up(service: RelyingParty, pupil: Somebody) -> None:
    entered = service.sign_in(pupil)
    tokens = service.tokens(entered)
    refreshed = service.refresh(tokens["refresh_token"]).json()
    assert refreshed["refresh_token"] != tokens["refresh_token"]
    assert refreshed["access_token"] != tokens["access_token"]
    claims = service.claims(refreshed["id_token"])
    assert claims["sub"] == service.claims(tokens["id_token"])["sub"]
    assert "nonce" not in claims  # OpenID Connect Core §12.2
    assert service.userinfo(refreshed["access_token"]).status_code == 200


@pytest.mark.parametrize("basic", [True, False], ids=["client_secret_basic", "client_secret_post"])
def test_a_client_proves_itself_in_the_header_or_in_the_body(
    service: RelyingParty, pupil: Somebody, *, basic: bool
) -> None:
    entered = service.sign_in(pupil)
    fields = {
        "grant_type": "authorization_code",
        "code": entered.code,
        "redirect_uri": service.redirect_uri,
        "code_verifier": entered.attempt.verifier,
    }
    assert service.post("token", fields, basic=basic).status_code == 200


def test_a_public_client_lives_by_pkce_alone(native_service: RelyingParty, pupil: Somebody) -> None:
    tokens = native_service.tokens(native_service.sign_in(pupil))
    assert native_service.userinfo(tokens["access_token"]).status_code == 200
    assert native_service.refresh(tokens["refresh_token"]).status_code == 200


def test_a_request_by_post_goes_on_as_by_get(service: RelyingParty, pupil: Somebody) -> None:
    attempt = service.attempt()
    browser = service.new_browser()
    browser.post(service.address("auth"), attempt.parameters, headers={"Origin": "https://tjeneste.example"})
    type_in(browser, pupil)
    assert answer_of(browser)["state"] == attempt.parameters["state"]


def test_form_post_brings_the_answer_in_a_form(service: RelyingParty, pupil: Somebody) -> None:
    entered = service.sign_in(pupil, attempt=service.attempt(response_mode="form_post"))
    page = entered.browser.page
    assert entered.browser.document.forms[0].action == service.redirect_uri
    assert set(entered.answer) == {"code", "state", "iss"}
    assert "form-action https: http:;" in page.headers["content-security-policy"]
    assert service.redeem(entered).status_code == 200


def test_the_journey_speaks_the_language_the_service_asks_for(service: RelyingParty) -> None:
    browser = service.new_browser()
    browser.open(service.attempt(ui_locales="en-GB da").url)
    assert browser.document.get("lang") == "en"


def test_a_parent_who_teaches_chooses_once_for_a_service(
    service: RelyingParty, other_service: RelyingParty, people: People
) -> None:
    teacher, child = people.teacher(), people.pupil()
    people.make_parent_of(teacher, child)
    browser = service.new_browser()
    browser.open(service.attempt().url)
    type_in(browser, teacher)
    browser.submit(button=("selected-aktoer", "KONTAKT"))
    browser.move_on()
    assert "code" in answer_of(browser)
    tokens = service.tokens(service.enter_again(browser))
    assert service.claims(tokens["id_token"])["aktoer_gruppe"] == "Kontaktperson"
    browser.open(other_service.attempt().url)
    assert browser.document.xpath("//button[@name='selected-aktoer']")


def test_a_service_for_one_group_needs_no_choice_and_takes_nobody_else(
    service: RelyingParty, services: Services, people: People, pupil: Somebody
) -> None:
    for_staff = RelyingParty(service.server, services.add(actor_groups=[ActorGroup.MEDARBEJDER]), service.http)
    teacher = people.teacher()
    people.make_parent_of(teacher, people.pupil())
    tokens = for_staff.tokens(for_staff.sign_in(teacher))
    assert for_staff.claims(tokens["id_token"])["aktoer_gruppe"] == "Medarbejder"
    assert for_staff.sign_in(pupil).answer["error"] == "access_denied"


def test_a_licence_opens_the_door_and_its_end_closes_it(
    service: RelyingParty, services: Services, people: People, pupil: Somebody
) -> None:
    """V-58: the refresh fails as well once the licence is gone."""
    registered = services.add(licence_required=True)
    licensed = RelyingParty(service.server, registered, service.http)
    assert licensed.sign_in(pupil).answer["error"] == "access_denied"
    services.license(registered, pupil.institution)
    tokens = licensed.tokens(licensed.sign_in(pupil))
    assert licensed.claims(tokens["id_token"])["has_license"] == "true"


def test_without_a_licence_the_service_explains_it_itself(
    service: RelyingParty, services: Services, pupil: Somebody
) -> None:
    address = "http://localhost:9/no-licence"
    registered = services.add(licence_required=True, missing_licence_url=address)
    licensed = RelyingParty(service.server, registered, service.http)
    assert licensed.sign_in(pupil).browser.left_for == address
