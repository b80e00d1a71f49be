"""Every kind of token at every place that takes one: only its own place knows it (N-45, V-09)."""

import pytest

from tests.builders.people import Somebody
from tests.builders.services import SIGNED_OUT
from tests.protocols.oidc.relying_party import RelyingParty

KINDS = ("code", "access_token", "refresh_token", "id_token", "session", "journey", "client_secret")
PLACES = {
    "redeem as code": "code",
    "refresh": "refresh_token",
    "userinfo": "access_token",
    "introspect": "access_token",
    "use as session cookie": "session",
    "hint at logout": "id_token",
}


def every_kind(service: RelyingParty, pupil: Somebody) -> dict[str, str]:
    """One living token of each kind, of the same person at the same service."""
    first = service.sign_in(pupil)
    tokens, entered = service.tokens(first), service.enter_again(first.browser)
    begun = service.new_browser()
    begun.open(service.attempt().url)
    return {
        "code": entered.code,
        "verifier": entered.attempt.verifier,
        "access_token": tokens["access_token"],
        "refresh_token": tokens["refresh_token"],
        "id_token": tokens["id_token"],
        "session": entered.browser.client.cookies["unilogin_session"],
        "journey": begun.path.split("/")[2],
        "client_secret": service.secret,
    }


def accepts(service: RelyingParty, place: str, token: str, verifier: str) -> bool:
    """Whether a place takes this token for what it is there."""
    match place:
        case "redeem as code":
            fields = {"grant_type": "authorization_code", "code": token, "redirect_uri": service.redirect_uri}
            return service.post("token", fields | {"code_verifier": verifier}).status_code == 200
        case "refresh":
            return service.refresh(token).status_code == 200
        case "userinfo":
            return service.userinfo(token).status_code == 200
        case "introspect":
            return service.introspect(token)["active"] is True
        case "use as session cookie":
            browser = service.new_browser()
            browser.client.cookies.set("unilogin_session", token)
            browser.open(service.attempt(prompt="none").url)
            return "code=" in str(browser.left_for)
        case _:
            browser = service.new_browser()
            browser.open(f"{service.address('logout')}?id_token_hint={token}&post_logout_redirect_uri={SIGNED_OUT}")
            return browser.left_for is not None


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", KINDS)
def test_n_45_only_the_diagonal_passes(service: RelyingParty, pupil: Somebody, kind: str, place: str) -> None:
    tokens = every_kind(service, pupil)
    assert accepts(service, place, tokens[kind], tokens["verifier"]) == (PLACES[place] == kind)


@pytest.mark.parametrize(
    "wrong", ["", " ", "null", "0", "[]", "None", "\x00", "a" * 5000, "'; drop table oidc_token; --"]
)
def test_what_is_no_token_opens_nothing(service: RelyingParty, wrong: str) -> None:
    """V-51: nothing blank ever matches."""
    assert service.post("token", {"grant_type": "refresh_token", "refresh_token": wrong}).status_code == 400
    assert service.post("token/introspect", {"token": wrong}).json().get("active") in (False, None)


def test_every_prefix_and_extension_of_a_token_is_worthless(service: RelyingParty, pupil: Somebody) -> None:
    """V-20."""
    token = service.tokens(service.sign_in(pupil))["access_token"]
    for other in (*(token[:length] for length in range(1, len(token), 5)), token + "A", token + "=", token.lower()):
        assert service.userinfo(other).status_code == 401
    assert service.userinfo(token).status_code == 200
