"""The calls to a provider: what it says of itself, its keys, the code for an id token, userinfo.

No database connection is held here. Whatever goes wrong is a ``ProviderError`` that says what the person is told.
"""

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Mapping
from datetime import timedelta
from urllib.parse import quote_plus, urlencode

from starlette.requests import Request

from unilogin.house import REALM, House
from unilogin.kit.jose import TokenRefusedError, UnknownKeyError, published_keys, verify
from unilogin.kit.logs import log
from unilogin.kit.secrets import SealBrokenError
from unilogin.kit.upstream import NonsenseError, Read, UnavailableError, Upstream
from unilogin.protocols.oidc_rp.actions import open_secret
from unilogin.protocols.oidc_rp.checks import Claims, check_id_token
from unilogin.protocols.oidc_rp.claims import identity_of, joined
from unilogin.protocols.oidc_rp.errors import DistrustError, SilentError
from unilogin.protocols.oidc_rp.metadata import read_metadata
from unilogin.protocols.oidc_rp.model import Expected, Flow, Metadata, Registered
from unilogin.protocols.oidc_rp.presets import PRESETS
from unilogin.signin.model import ExternalIdentity

_TOKEN_CHARACTERS = 64 * 1024
"""The rights of a business identity make an id token long."""


def redirect_uri(house: House, alias: str) -> str:
    """Return a provider's own redirect URI: one each, so that no answer can be taken for another's (N-50)."""
    return f"{house.base_url}{REALM}/broker/{alias}/endpoint"


def _made_from(house: House, state: str, *, what: str, browser: str) -> str:
    """Return nonce or verifier of a flow: made from its state and this browser's cookie, so neither is kept (N-52)."""
    mac = house.secrets.mac("browser_mac", f"oidc_rp.{what}:{state}:{browser}")
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


async def metadata_of(house: House, provider: Registered) -> Metadata:
    """Return what a provider says of itself; raises ProviderError."""
    upstream = house.upstreams.of(provider.alias)
    document = await _document(upstream, provider.discovery_url)
    return read_metadata(document, provider, own_machine=house.upstreams.own_machine)


async def authorization_url(house: House, request: Request, provider: Registered, *, state: str, browser: str) -> str:
    """Return where the browser is sent (RFC 6749 §4.1.1, RFC 7636, OpenID Connect Core §3.1.2.1); raises ProviderError.

    ``prompt=login``: who comes from a shared computer must not be whoever used the provider there before.
    """
    metadata = await metadata_of(house, provider)
    verifier = _made_from(house, state, what="verifier", browser=browser)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    parameters = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": redirect_uri(house, provider.alias),
        "scope": provider.scopes,
        "state": state,
        "nonce": _made_from(house, state, what="nonce", browser=browser),
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "prompt": "login",
        "ui_locales": house.pages.language(request),
    }
    if provider.acr_values:
        parameters["acr_values"] = provider.acr_values
    separator = "&" if "?" in metadata.authorization_endpoint else "?"
    return f"{metadata.authorization_endpoint}{separator}{urlencode(parameters)}"


async def redeem(house: House, flow: Flow, *, code: str, browser: str) -> ExternalIdentity:
    """Exchange the code, check everything that comes back, and return who it is; raises ProviderError."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    provider, preset = flow.provider, PRESETS[flow.provider.preset]
    upstream = house.upstreams.of(provider.alias)
    metadata = await metadata_of(house, provider)
    tokens = await _tokens(house, flow, metadata, code=code, browser=browser)
    claims = await _verified(upstream, metadata, _text(tokens, "id_token"))
    now = flow.now + timedelta(seconds=loop.time() - began)  # the database's clock, and what has passed since
    nonce = _made_from(house, flow.state, what="nonce", browser=browser)
    check_id_token(claims, Expected(provider.issuer, provider.client_id, nonce, flow.started_at, now, preset.auth_time))
    if preset.userinfo and metadata.userinfo_endpoint is not None:
        told = await _userinfo(upstream, metadata.userinfo_endpoint, _text(tokens, "access_token"), of=claims)
        claims = joined(claims, told, preset=preset)
    return identity_of(claims, provider, preset=preset, index=house.secrets.cpr_vault().index, now=now)


async def _tokens(house: House, flow: Flow, metadata: Metadata, *, code: str, browser: str) -> Mapping[str, object]:
    """Redeem the code (RFC 6749 §4.1.3)."""
    provider = flow.provider
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri(house, provider.alias),
        "code_verifier": _made_from(house, flow.state, what="verifier", browser=browser),
    }
    secret, headers = _secret(house, provider), {"Accept": "application/json"}
    if metadata.takes_basic:
        pair = f"{quote_plus(provider.client_id)}:{quote_plus(secret)}"  # RFC 6749 §2.3.1
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    else:
        fields |= {"client_id": provider.client_id, "client_secret": secret}
    upstream = house.upstreams.of(provider.alias)
    answer = await _answered(upstream.post(metadata.token_endpoint, fields, headers=headers), "token")
    if answer.status != 200:
        raise DistrustError(f"token {answer.status}")
    if str(answer.body.get("token_type", "")).lower() != "bearer":
        raise DistrustError("token type")
    return answer.body


def _secret(house: House, provider: Registered) -> str:
    try:
        return open_secret(house.secrets, provider)
    except SealBrokenError as error:
        log("oidc_rp").error("provider_secret_unreadable", alias=provider.alias)
        raise SilentError("the client secret cannot be opened") from error


async def _verified(upstream: Upstream, metadata: Metadata, id_token: str) -> Claims:
    """Return the claims of an id token that the provider signed; its keys are fetched again for one that is new."""
    keys = published_keys(await _document(upstream, metadata.jwks_uri))
    try:
        return verify(id_token, keys=keys, longest=_TOKEN_CHARACTERS)
    except UnknownKeyError:
        keys = published_keys(await _document(upstream, metadata.jwks_uri, again=True))
    except TokenRefusedError as error:
        raise DistrustError("signature") from error
    try:
        return verify(id_token, keys=keys, longest=_TOKEN_CHARACTERS)
    except UnknownKeyError as error:
        raise DistrustError("kid") from error
    except TokenRefusedError as error:
        raise DistrustError("signature") from error


async def _userinfo(upstream: Upstream, url: str, access_token: str, *, of: Claims) -> Claims:
    """Return what the userinfo endpoint tells of the same subject (OpenID Connect Core §5.3.2)."""
    headers = {"Authorization": f"Bearer {access_token}", "Accept": "application/json"}
    answer = await _answered(upstream.get(url, headers=headers), "userinfo")
    if answer.status != 200:
        raise DistrustError(f"userinfo {answer.status}")
    if answer.body.get("sub") != of.get("sub"):
        raise DistrustError("userinfo sub")
    return answer.body


async def _document(upstream: Upstream, url: str, *, again: bool = False) -> Mapping[str, object]:
    try:
        return await upstream.document(url, again=again)
    except UnavailableError as error:
        raise SilentError(error.reason) from error
    except NonsenseError as error:
        raise DistrustError(f"document {error.reason}") from error


async def _answered(call: Awaitable[Read], what: str) -> Read:
    try:
        return await call
    except UnavailableError as error:
        raise SilentError(error.reason) from error
    except NonsenseError as error:
        raise DistrustError(f"{what} {error.reason}") from error


def _text(tokens: Mapping[str, object], name: str) -> str:
    value = tokens.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _TOKEN_CHARACTERS or not value.isascii():
        raise DistrustError(name)
    return value
