"""The two addresses of a provider here: where a browser leaves for it, and where it comes back."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from unilogin.house import House
from unilogin.kit import metrics
from unilogin.kit.db.connection import acquire
from unilogin.kit.ids import digest, new_token
from unilogin.kit.logs import log
from unilogin.kit.web.errors import RefusedError
from unilogin.kit.web.frame import request_id
from unilogin.protocols.oidc_rp import actions
from unilogin.protocols.oidc_rp.access import Came, Leaving
from unilogin.protocols.oidc_rp.errors import DistrustError, ProviderError
from unilogin.protocols.oidc_rp.presets import PRESETS
from unilogin.protocols.oidc_rp.talking import authorization_url, metadata_of, redeem
from unilogin.signin import errands
from unilogin.signin.model import Errand, Failure


async def leave(house: House, request: Request, leaving: Leaving) -> Response:
    """Send the browser to the provider, with state, nonce and PKCE of its own."""
    state, provider = new_token(), leaving.provider
    try:
        url = await authorization_url(house, request, provider, state=state, browser=leaving.browser)
    except ProviderError as error:
        return await _without(house, request, leaving.errand, error)
    async with acquire(house.pool) as connection:
        begun = await actions.begin_flow(
            connection, leaving.errand.errand_id, state=state, browser=digest(leaving.browser)
        )
    if not begun:
        raise RefusedError(403, "external.stopped.over")
    metrics.journey_step("external", "sent")
    return RedirectResponse(url, status_code=303)


async def come_back(house: House, request: Request, came: Came) -> Response:
    """Take the provider's answer: redeem the code, note who it is on the errand, and go on with the journey."""
    flow = came.flow
    try:
        if came.error:
            return await _failed(house, flow.errand, _failure(came))
        await _check_named(house, request, came)
        identity = await redeem(house, flow, code=came.code, browser=came.browser)
    except ProviderError as error:
        return await _without(house, request, flow.errand, error)
    async with acquire(house.pool) as connection:
        noted = await errands.note_identity(connection, flow.errand.errand_id, identity)
    if not noted:  # disabled, or answered by another tab, while the provider was asked (V-29)
        return await _failed(house, flow.errand, Failure.REFUSED)
    metrics.journey_step("external", "identified")
    return RedirectResponse(flow.errand.back, status_code=303)


async def _check_named(house: House, request: Request, came: Came) -> None:
    """RFC 9207 §2.4: who promises to name itself in every answer has not sent this one when it does not."""
    metadata = await metadata_of(house, came.flow.provider)
    if metadata.names_itself and "iss" not in request.query_params:
        raise DistrustError("iss missing")


def _failure(came: Came) -> Failure:
    """Return what an error of the provider's means for the person."""
    if came.error == "access_denied" or came.error_description in PRESETS[came.flow.provider.preset].cancelled:
        return Failure.CANCELLED
    if came.error in ("server_error", "temporarily_unavailable"):
        return Failure.UNAVAILABLE
    return Failure.LEVEL if came.error == "unmet_authentication_requirements" else Failure.REFUSED


async def _without(house: House, request: Request, errand: Errand, error: ProviderError) -> Response:
    """Come back without an identity; what must not be believed is written down."""
    log("oidc_rp").warning("provider_failed", alias=errand.alias, kind=error.code, reason=str(error))
    if isinstance(error, DistrustError):
        async with acquire(house.pool) as connection:
            await actions.note_distrust(connection, errand.alias, reason=error.reason, request_id=request_id(request))
    return await _failed(house, errand, error.failure)


async def _failed(house: House, errand: Errand, failure: Failure) -> Response:
    async with acquire(house.pool) as connection:
        await errands.note_failure(connection, errand.errand_id, failure)
    metrics.journey_step("external", failure.value)
    return RedirectResponse(errand.back, status_code=303)
