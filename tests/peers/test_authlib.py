"""Authlib goes the whole way with us as its provider; the claims of the id token are checked by its own rules."""

from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.builders.people import People
from tests.builders.services import CALLBACK, SIGNED_OUT, Services
from tests.protocols.oidc.relying_party import type_in
from tests.server import RunningServer
from tests.visitor import Visitor

VERIFIER = "a-verifier-that-is-long-enough-for-rfc-7636-to-take-it"
NONCE = "a-nonce-of-this-test"


def checked_id_token(metadata: dict[str, Any], token: str, *, client_id: str, access_token: str) -> dict[str, Any]:
    """The claims of an id token that Authlib finds nothing wrong with."""
    keys = KeySet.import_key_set(httpx.get(metadata["jwks_uri"]).json())
    decoded = jwt.decode(token, keys, algorithms=metadata["id_token_signing_alg_values_supported"])
    demands = {
        "iss": {"essential": True, "value": metadata["issuer"]},
        "aud": {"essential": True, "value": client_id},
        "nonce": {"essential": True, "value": NONCE},
    }
    parameters = {"client_id": client_id, "nonce": NONCE, "access_token": access_token}
    claims = CodeIDToken(decoded.claims, decoded.header, demands, parameters)
    claims.validate(leeway=5)
    return dict(claims)


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none"])
def test_authlib_completes_every_step(server: RunningServer, people: People, services: Services, method: str) -> None:
    pupil, registered = people.pupil(), services.add(confidential=method != "none")
    metadata = httpx.get(f"{server.issuer}/.well-known/openid-configuration").json()
    with OAuth2Client(
        client_id=registered.client_id,
        client_secret=registered.client_secret,
        token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method,
        redirect_uri=CALLBACK,
        scope="openid",
        code_challenge_method="S256",
        token_endpoint=metadata["token_endpoint"],
    ) as client:
        url, state = client.create_authorization_url(
            metadata["authorization_endpoint"], code_verifier=VERIFIER, nonce=NONCE
        )
        browser = Visitor(server.base_url)
        browser.open(url)
        type_in(browser, pupil)
        tokens = client.fetch_token(authorization_response=browser.left_for, state=state, code_verifier=VERIFIER)

        claims = checked_id_token(
            metadata, tokens["id_token"], client_id=registered.client_id, access_token=tokens["access_token"]
        )
        assert claims["uniid"] == pupil.uniid
        assert client.get(metadata["userinfo_endpoint"]).json()["sub"] == claims["sub"]

        refreshed = client.refresh_token(metadata["token_endpoint"])
        if method != "none":
            introspection = client.introspect_token(metadata["introspection_endpoint"], refreshed["access_token"])
            assert introspection.json()["active"] is True
        revocation = client.revoke_token(metadata["revocation_endpoint"], refreshed["refresh_token"])
        assert revocation.status_code == 200
        assert client.get(metadata["userinfo_endpoint"]).status_code == 401

    leaving = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": SIGNED_OUT, "state": state}
    browser.open(f"{metadata['end_session_endpoint']}?{urlencode(leaving)}")
    assert browser.left_for == f"{SIGNED_OUT}?state={state}"
