"""What everybody may read: the provider's metadata and keys; and CORS preflights, which come before any proof."""

from starlette.requests import Request
from starlette.responses import Response

from unilogin.domain.services.model import Attribute
from unilogin.house import House
from unilogin.kit.db.connection import acquire
from unilogin.kit.text import LANGUAGES
from unilogin.protocols.oidc.answers import json_answer
from unilogin.protocols.oidc.levels import ASKED_AS
from unilogin.protocols.oidc.model import SCOPE
from unilogin.protocols.oidc.queries import is_web_origin
from unilogin.protocols.oidc.request import Prompt, ResponseMode

_EVERYBODY = {"Access-Control-Allow-Origin": "*"}  # the same for all, and no cookie changes it
_SECRETS = ["client_secret_basic", "client_secret_post"]

CLAIMS = (
    *("iss", "sub", "aud", "azp", "exp", "iat", "auth_time", "jti", "nonce", "typ", "acr", "at_hash", "sid"),
    *("session_state", "broker_id", "spec_ver", "unilogin_loa", "loa", "nsis_loa"),
    *(attribute.value for attribute in Attribute),
)
"""Every claim a service can get, in whatever registration."""


def metadata(issuer: str) -> dict[str, object]:
    """Return the provider's metadata (OpenID Connect Discovery §3, RFC 8414 §2): only what is true.

    The issuer comes from the settings, never from a header (B-O39).
    """
    endpoints = f"{issuer}/protocol/openid-connect"
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{endpoints}/auth",
        "token_endpoint": f"{endpoints}/token",
        "introspection_endpoint": f"{endpoints}/token/introspect",
        "userinfo_endpoint": f"{endpoints}/userinfo",
        "end_session_endpoint": f"{endpoints}/logout",
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": True,
        "jwks_uri": f"{endpoints}/certs",
        "revocation_endpoint": f"{endpoints}/revoke",
        "response_types_supported": ["code"],
        "response_modes_supported": [mode.value for mode in ResponseMode],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "scopes_supported": [SCOPE],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": [*_SECRETS, "none"],
        "revocation_endpoint_auth_methods_supported": [*_SECRETS, "none"],
        "introspection_endpoint_auth_methods_supported": _SECRETS,
        "code_challenge_methods_supported": ["S256"],
        "acr_values_supported": list(ASKED_AS),
        "claims_supported": list(CLAIMS),
        "claims_parameter_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "authorization_response_iss_parameter_supported": True,
        "prompt_values_supported": [prompt.value for prompt in Prompt],
        "ui_locales_supported": list(LANGUAGES),
    }


async def configuration(house: House, request: Request, _: None) -> Response:
    """Return the discovery document."""
    return json_answer(metadata(house.issuer), headers=_EVERYBODY, cached=True)


async def certs(house: House, request: Request, _: None) -> Response:
    """Return the public keys, the coming one before it signs (RFC 7517 §5)."""
    ring = await house.keyrings.ring()
    return json_answer({"keys": list(ring.published)}, headers=_EVERYBODY, cached=True)


async def preflight(house: House, request: Request, _: None) -> Response:
    """Answer a CORS preflight: which client is calling is not known yet, so any registered origin may try (B-O40)."""
    origin = request.headers.get("origin", "")
    async with acquire(house.pool) as connection:
        known = await is_web_origin(connection, origin)
    headers = {"Vary": "Origin"}
    if known:
        headers |= {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Methods": "GET, POST",
            "Access-Control-Allow-Headers": "Authorization, Content-Type",
            "Access-Control-Max-Age": "600",
        }
    return Response(status_code=204, headers=headers)
