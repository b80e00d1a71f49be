"""The token endpoint: a code or a refresh token becomes tokens (RFC 6749 §4.1.3, §6; OpenID Connect Core §3.1.3)."""

import uuid

from starlette.requests import Request
from starlette.responses import Response

from unilogin.domain.keys.model import Keyring
from unilogin.house import House
from unilogin.kit.db.connection import acquire
from unilogin.kit.faults import fault_point
from unilogin.kit.web.frame import request_id
from unilogin.protocols.oidc import actions, claims
from unilogin.protocols.oidc.access import ClientCall
from unilogin.protocols.oidc.answers import for_machines_and_pages, json_answer
from unilogin.protocols.oidc.errors import InvalidGrantError, InvalidScopeError, UnsupportedGrantTypeError
from unilogin.protocols.oidc.model import SCOPE, Issued
from unilogin.protocols.oidc.pkce import challenge_of


@for_machines_and_pages
async def token(house: House, request: Request, call: ClientCall) -> Response:
    """Issue tokens for one of the two grants there are (N-33)."""
    grant_type = call.needed("grant_type")
    ring = await house.keyrings.ring()  # first, so that nothing is used up when nothing can be signed
    if grant_type == "authorization_code":
        issued = await _redeem(house, request, call)
        return _tokens(house, ring, issued, nonce=issued.nonce)
    if grant_type == "refresh_token":
        return _tokens(house, ring, await _refresh(house, request, call), nonce=None)
    raise UnsupportedGrantTypeError("grant_type must be authorization_code or refresh_token")


async def _redeem(house: House, request: Request, call: ClientCall) -> Issued:
    code, redirect_uri = call.needed("code"), call.needed("redirect_uri")
    challenge = challenge_of(call.field("code_verifier"))
    await fault_point("oidc.code.found")
    async with acquire(house.pool) as connection:
        issued = await actions.redeem_code(
            connection,
            code,
            client=call.client,
            redirect_uri=redirect_uri,
            challenge=challenge,
            request_id=request_id(request),
        )
    if issued is None:  # the same words for every reason, so that nobody learns which part was right
        raise InvalidGrantError("the code is unknown, used, expired, or was not issued for this client and request")
    await fault_point("oidc.code.redeemed")
    return issued


async def _refresh(house: House, request: Request, call: ClientCall) -> Issued:
    token = call.needed("refresh_token")
    if not set(call.field("scope").split()) <= {SCOPE}:  # RFC 6749 §6
        raise InvalidScopeError("scope must not be wider than what was granted")
    async with acquire(house.pool) as connection:
        issued = await actions.use_refresh_token(connection, token, client=call.client, request_id=request_id(request))
    if issued is None:
        raise InvalidGrantError("the refresh token is unknown, used, expired, revoked, or another client's")
    await fault_point("oidc.refresh.used")
    return issued


def _tokens(house: House, ring: Keyring, issued: Issued, *, nonce: str | None) -> Response:
    """Return the token response with the fields of the Danish service (docs/danish-service.md 1.3)."""
    said = claims.id_token(issued, issuer=house.issuer, token_id=str(uuid.uuid4()), nonce=nonce)
    return json_answer(
        {
            "access_token": issued.access_token,
            "expires_in": claims.seconds(issued.access_expires_at) - claims.seconds(issued.at),
            "refresh_expires_in": claims.seconds(issued.refresh_expires_at) - claims.seconds(issued.at),
            "refresh_token": issued.refresh_token,
            "token_type": claims.BEARER,
            "id_token": ring.signing.sign(said),
            "not-before-policy": 0,
            "session_state": str(issued.holder.session.session_id),
            "scope": issued.holder.scope,
        }
    )
