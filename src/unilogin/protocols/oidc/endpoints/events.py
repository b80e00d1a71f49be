"""What a service fetches itself: identifiers that have changed (RFC 8936)."""

from starlette.requests import Request
from starlette.responses import Response

from unilogin.house import House
from unilogin.kit.db.connection import acquire
from unilogin.protocols.oidc.access import JsonCall
from unilogin.protocols.oidc.answers import for_machines, json_answer
from unilogin.protocols.oidc.errors import InvalidRequestError
from unilogin.protocols.oidc.events import actions
from unilogin.protocols.oidc.events.rules import TYP, PollError, event_token, read_poll


@for_machines
async def poll(house: House, request: Request, call: JsonCall) -> Response:
    """Give a client what it has not been told, and take note of what it has; nobody waits for what may come."""
    try:
        asked = read_poll(call.body)
    except PollError as error:
        raise InvalidRequestError(str(error)) from error
    client_id = call.client.client_id
    async with acquire(house.pool) as connection:
        await actions.settle(connection, client_id, asked)
        await actions.queue_events(connection)
        events, more = await actions.hand_out(connection, client_id, most=asked.most)
    ring = await house.keyrings.ring()
    sets = {str(one.event_id): ring.signing.sign(event_token(one, issuer=house.issuer), typ=TYP) for one in events}
    return json_answer({"sets": sets, "moreAvailable": more})
