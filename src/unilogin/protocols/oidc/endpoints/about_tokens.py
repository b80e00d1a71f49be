"""What a token is worth: userinfo, introspection, revocation."""

from starlette.requests import Request
from starlette.responses import Response

from unilogin.house import House
from unilogin.kit.db.connection import acquire
from unilogin.kit.web.frame import request_id
from unilogin.protocols.oidc import actions, claims, queries
from unilogin.protocols.oidc.access import ClientCall
from unilogin.protocols.oidc.answers import for_machines, for_machines_and_pages, json_answer
from unilogin.protocols.oidc.errors import InvalidClientError, InvalidGrantError
from unilogin.protocols.oidc.model import FoundAccessToken


@for_machines_and_pages
async def userinfo(house: House, request: Request, found: FoundAccessToken) -> Response:
    """Tell the bearer about the person (OpenID Connect Core §5.3), by GET or POST; the body is not read."""
    return json_answer(claims.about_person(found.holder))


@for_machines
async def introspect(house: House, request: Request, call: ClientCall) -> Response:
    """Tell a client about its own access token (RFC 7662); of any other token only that it is not active."""
    if not call.client.confidential:  # anybody can be a public client, and would learn whether a token is good
        raise InvalidClientError("a public client cannot introspect")
    async with acquire(house.pool) as connection:
        found = await queries.access_token(connection, call.needed("token"))
    if found is None or found.holder.client_id != call.client.client_id:
        return json_answer({"active": False})
    return json_answer(claims.introspection(found, issuer=house.issuer))


@for_machines_and_pages
async def revoke(house: House, request: Request, call: ClientCall) -> Response:
    """Revoke a token of the client's own (RFC 7009); an unknown one is as good as revoked."""
    async with acquire(house.pool) as connection:
        done = await actions.revoke_token(
            connection, call.needed("token"), client_id=call.client.client_id, request_id=request_id(request)
        )
    if not done:
        raise InvalidGrantError("the token was issued to another client")
    return Response(headers={"Cache-Control": "no-store"})
