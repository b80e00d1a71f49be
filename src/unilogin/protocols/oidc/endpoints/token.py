"""The token endpoint: a code or a refresh token becomes tokens (RFC 6749 §4.1.3, §6; OpenID Connect Core §3.1.3)."""

import uuid

from starlette.requests import Request
from starlette.responses import Response

from unilogin.domain.keys.model import Keyring
from unilogin.house import House
from unilogin.kit.db.connection import acquire
from unilogin.kit.faults import fault_point
from unilogin.kit.web.frame import request_id
from unilogin.protocols.oidc import actions, claims, queries
from unilogin.protocols.oidc.access import ClientCall
from unilogin.protocols.oidc.answers import for_machines_and_pages, json_answer
from unilogin.protocols.oidc.errors import InvalidGrantError, UnsupportedGrantTypeError
from unilogin.protocols.oidc.model import FoundCode, FoundRefreshToken, Holder, Issued
from unilogin.protocols.oidc.redemption import CODE_REFUSED, REFRESH_REFUSED, check_code, check_refresh_token


@for_machines_and_pages
async def token(house: House, request: Request, call: ClientCall) -> Response:
    """Issue tokens for one of the two grants there are (N-33)."""
    grant_type = call.needed("grant_type")
    ring = await house.keyrings.ring()  # first, so that nothing is used up when nothing can be signed
    if grant_type == "authorization_code":
        found = await _redeem(house, request, call)
        return _tokens(house, ring, found[0].holder, found[1], nonce=found[0].nonce)
    if grant_type == "refresh_token":
        refreshed = await _refresh(house, request, call)
        return _tokens(house, ring, refreshed[0].holder, refreshed[1], nonce=None)
    raise UnsupportedGrantTypeError("grant_type must be authorization_code or refresh_token")


async def _redeem(house: House, request: Request, call: ClientCall) -> tuple[FoundCode, Issued]:
    code, redirect_uri = call.needed("code"), call.needed("redirect_uri")
    verifier = call.field("code_verifier")
    async with acquire(house.pool) as connection:
        for _ in range(2):  # the second look is for a code that somebody else used between look and claim
            found = await queries.code(connection, code)
            found = check_code(found, client=call.client, redirect_uri=redirect_uri, verifier=verifier)
            if found.used:  # a replay that is right in every respect: one of the two is a thief (N-31)
                await actions.revoke_replayed_code(connection, found, request_id=request_id(request))
                break
            await fault_point("oidc.code.found")
            issued = await actions.redeem_code(connection, found, request_id=request_id(request))
            if issued is not None:
                await fault_point("oidc.code.redeemed")
                return found, issued
    raise InvalidGrantError(CODE_REFUSED)


async def _refresh(house: House, request: Request, call: ClientCall) -> tuple[FoundRefreshToken, Issued]:
    refresh_token, scope = call.needed("refresh_token"), call.field("scope")
    async with acquire(house.pool) as connection:
        for _ in range(2):
            found = await queries.refresh_token(connection, refresh_token)
            found = check_refresh_token(found, client=call.client, scope=scope)
            if found.used:
                await actions.revoke_replayed_refresh_token(connection, found, request_id=request_id(request))
                break
            issued = await actions.use_refresh_token(connection, refresh_token, request_id=request_id(request))
            if issued is not None:
                await fault_point("oidc.refresh.used")
                return found, issued
    raise InvalidGrantError(REFRESH_REFUSED)


def _tokens(house: House, ring: Keyring, holder: Holder, issued: Issued, *, nonce: str | None) -> Response:
    """Return the token response with the fields of the Danish service (signin.md 1.3)."""
    said = claims.id_token(holder, issued, issuer=house.issuer, token_id=str(uuid.uuid4()), nonce=nonce)
    return json_answer(
        {
            "access_token": issued.access_token,
            "expires_in": claims.seconds(issued.access_expires_at) - claims.seconds(issued.at),
            "refresh_expires_in": claims.seconds(issued.refresh_expires_at) - claims.seconds(issued.at),
            "refresh_token": issued.refresh_token,
            "token_type": claims.BEARER,
            "id_token": ring.signing.sign(said),
            "not-before-policy": 0,
            "session_state": str(holder.session.session_id),
            "scope": holder.scope,
        }
    )
