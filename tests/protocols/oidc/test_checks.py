"""The order of the checks, and that nothing can be answered before client and address are certain."""

from dataclasses import replace

import pytest

from tests.protocols.oidc.client import client_at
from unilogin.domain.services.model import Client
from unilogin.protocols.oidc import checks
from unilogin.protocols.oidc.checks import AUTHORIZATION_CHECKS, Asked, check_authorization
from unilogin.protocols.oidc.errors import LocalError, OidcError
from unilogin.protocols.oidc.pkce import challenge_of, is_challenge
from unilogin.protocols.oidc.request import AuthorizationRequest

GOOD = {
    "client_id": "a",
    "redirect_uri": "https://a.dk/cb",
    "response_type": "code",
    "scope": "openid",
    "state": "s",
    "nonce": "n",
    "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "code_challenge_method": "S256",
}
CLIENT = client_at("https://a.dk/cb")
WRONG_FROM_THE_LAST = (
    ("check_level", {"claims": '{"id_token":{"acr":{"essential":true,"value":"ToFaktor"}}}'}),
    ("check_claims", {"claims": "{"}),
    ("check_max_age", {"max_age": "-1"}),
    ("check_prompt", {"prompt": "x"}),
    ("check_pkce", {"code_challenge": "x"}),
    ("check_nonce", {"nonce": "\n"}),
    ("check_scope", {"scope": "x"}),
    ("check_response_type", {"response_type": "x"}),
    ("check_request_objects", {"request": "x"}),
    ("check_response_mode", {"response_mode": "x"}),
    ("check_state", {"state": "x" * 3000}),
    ("check_redirect_uri", {"redirect_uri": "https://b.dk/cb"}),
)


def asked(parameters: dict[str, str], client: Client | None = CLIENT) -> Asked:
    return Asked(AuthorizationRequest.parse({name: [value] for name, value in parameters.items()}), client)


def refused_by(asked: Asked) -> str:
    """The name of the check that refuses first."""
    for check in AUTHORIZATION_CHECKS:
        try:
            check(asked)
        except OidcError:
            return check.__name__
    return "nobody"


def test_a_good_request_passes_every_check() -> None:
    check_authorization(asked(GOOD))


def test_the_checks_stand_in_this_order() -> None:
    """Each wrong thing more is found before all those after it."""
    parameters = dict(GOOD)
    for name, wrong in WRONG_FROM_THE_LAST:
        parameters |= wrong
        assert refused_by(asked(parameters)) == name
    assert refused_by(asked(parameters, client=None)) == "check_client"


def test_every_check_of_the_module_is_in_the_list() -> None:
    named = {name for name in vars(checks) if name.startswith("check_")} - {"check_authorization"}
    assert {check.__name__ for check in AUTHORIZATION_CHECKS} == named


@pytest.mark.parametrize("client", [None, replace(CLIENT, redirect_uris=("https://b.dk/cb",))])
def test_there_is_no_address_to_answer_before_both_are_certain(client: Client | None) -> None:
    with pytest.raises(LocalError):
        _ = asked(GOOD, client).reply_to


def test_the_verifier_of_the_specification_answers_its_challenge() -> None:
    """RFC 7636, appendix B."""
    assert challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == GOOD["code_challenge"]
    assert is_challenge(GOOD["code_challenge"])
