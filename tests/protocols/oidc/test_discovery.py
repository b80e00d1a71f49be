"""The metadata say what is true: every address answers, and everything claimed can be had."""

from tests.builders.people import Somebody
from tests.protocols.oidc.relying_party import RelyingParty
from unilogin.domain.services.model import Attribute


def metadata(service: RelyingParty) -> dict[str, object]:
    document: dict[str, object] = service.http.get(f"{service.server.issuer}/.well-known/openid-configuration").json()
    return document


def test_the_metadata_are_those_we_promised(service: RelyingParty) -> None:
    """Additions only: a service may have built on any of these."""
    issuer = service.server.issuer
    assert metadata(service) == {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/protocol/openid-connect/auth",
        "token_endpoint": f"{issuer}/protocol/openid-connect/token",
        "introspection_endpoint": f"{issuer}/protocol/openid-connect/token/introspect",
        "userinfo_endpoint": f"{issuer}/protocol/openid-connect/userinfo",
        "end_session_endpoint": f"{issuer}/protocol/openid-connect/logout",
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": True,
        "jwks_uri": f"{issuer}/protocol/openid-connect/certs",
        "revocation_endpoint": f"{issuer}/protocol/openid-connect/revoke",
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "scopes_supported": ["openid"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
        "acr_values_supported": [
            "https://data.gov.dk/concept/core/nsis/loa/Low",
            "https://data.gov.dk/concept/core/nsis/loa/Substantial",
            *("EnFaktor", "ToFaktor", "To_Faktor", "VoksenVerificeret"),
        ],
        "claims_supported": [
            *("iss", "sub", "aud", "azp", "exp", "iat", "auth_time", "jti", "nonce", "typ", "acr", "at_hash", "sid"),
            *("session_state", "broker_id", "spec_ver", "unilogin_loa", "loa", "nsis_loa"),
            *("uniid", "aktoer_gruppe", "institution_ids", "has_license"),
        ],
        "claims_parameter_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "authorization_response_iss_parameter_supported": True,
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "ui_locales_supported": ["da", "en"],
    }


def test_every_address_answers(service: RelyingParty) -> None:
    for name, address in metadata(service).items():
        if name.endswith(("_endpoint", "_uri")):
            assert service.http.get(str(address)).status_code != 404, name


def test_the_claims_listed_are_those_that_are_told(service: RelyingParty, pupil: Somebody) -> None:
    claims = service.claims(service.tokens(service.sign_in(pupil))["id_token"])
    assert set(claims) == set(metadata(service)["claims_supported"])  # type: ignore[call-overload]  # a list, as JSON
    assert {attribute.value for attribute in Attribute} <= set(claims)


def test_the_key_set_holds_public_halves_alone(service: RelyingParty) -> None:
    keys = service.http.get(service.address("certs")).json()["keys"]
    assert keys
    assert all(set(key) == {"kty", "n", "e", "kid", "alg", "use"} for key in keys)


def test_what_is_the_same_for_all_may_be_cached_and_read_by_any_page(service: RelyingParty) -> None:
    for address in (f"{service.server.issuer}/.well-known/openid-configuration", service.address("certs")):
        headers = service.http.get(address).headers
        assert headers["cache-control"] == "public, max-age=300"
        assert headers["access-control-allow-origin"] == "*"
