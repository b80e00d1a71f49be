"""Who may call the endpoints: pages of their own, clients that prove themselves, bearers of an access token."""

import base64
import binascii
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_plus

from starlette.requests import Request

from unilogin.domain.limits.actions import may_try_client, note_client_failure
from unilogin.domain.limits.fingerprints import Fingerprints
from unilogin.domain.services.model import Client
from unilogin.house import House
from unilogin.kit.db.connection import acquire
from unilogin.kit.ids import digest
from unilogin.kit.web.errors import FormRefusedError, RefusedError
from unilogin.kit.web.forms import Fields, one, read_fields, read_json
from unilogin.kit.web.frame import UNAVAILABLE, UNAVAILABLE_STATES, note_unavailable
from unilogin.kit.web.peer import peer_of
from unilogin.kit.web.routing import Access
from unilogin.protocols.oidc import queries
from unilogin.protocols.oidc.errors import (
    InvalidClientError,
    InvalidRequestError,
    InvalidTokenError,
    MissingTokenError,
    OidcError,
    OversizeRequestError,
    TooManyAttemptsError,
    UnavailableError,
)
from unilogin.protocols.oidc.model import FoundAccessToken


async def _navigation(house: House, request: Request) -> None:
    """Admit what opens as a page of its own; a frame or a script of another site learns nothing (B-O19)."""
    mode = request.headers.get("sec-fetch-mode", "navigate")
    destination = request.headers.get("sec-fetch-dest", "document")
    if mode != "navigate" or destination != "document":
        raise RefusedError(403, "oidc.stopped.embedded")


@dataclass(frozen=True, slots=True)
class ClientCall:
    """A call of a client that is who it says, with its fields, each given at most once; empty ones are absent."""

    client: Client
    fields: Fields

    @property
    def web_origins(self) -> tuple[str, ...]:
        """The origins whose pages may read the answer."""
        return self.client.web_origins

    def field(self, name: str) -> str:
        """Return a field, or an empty string."""
        return one(self.fields, name)

    def needed(self, name: str) -> str:
        """Return a field; raises InvalidRequestError when it is missing."""
        if value := self.field(name):
            return value
        raise InvalidRequestError(f"{name} is missing")


@dataclass(frozen=True, slots=True)
class _Proof:
    """What a client sent to say who it is."""

    client_id: str
    secret: str


@dataclass(frozen=True, slots=True)
class JsonCall:
    """A call of a confidential client that is who it says, with the object it sent."""

    client: Client
    body: Mapping[str, object]

    @property
    def web_origins(self) -> tuple[str, ...]:
        """The origins whose pages may read the answer: none, for no page has the secret."""
        return ()


async def _client_call(house: House, request: Request) -> ClientCall | OidcError:
    try:
        fields = await _fields(request)
        proven = await _proven_client(house, request, _proof(request, fields))
        return proven if isinstance(proven, OidcError) else ClientCall(proven, fields)
    except OidcError as refused:
        return refused
    except (*UNAVAILABLE, *UNAVAILABLE_STATES) as error:
        note_unavailable(error)
        return UnavailableError("the service is busy; try again")


async def _proven_client(house: House, request: Request, proof: _Proof) -> Client | OidcError:
    async with acquire(house.pool) as connection:
        client = await queries.enabled_client(connection, proof.client_id)
    try:
        return _proven(client, proof)
    except InvalidClientError as refused:
        return await _counted(house, request, proof, refused)


async def _json_call(house: House, request: Request) -> JsonCall | OidcError:
    try:
        proven = await _proven_client(house, request, _proof(request, {}))
        if isinstance(proven, OidcError):
            return proven
        if not proven.confidential:
            return InvalidClientError("a public client cannot prove who it is")
        return JsonCall(proven, await read_json(request))
    except FormRefusedError:
        return InvalidRequestError("send one JSON object of at most 16 kB")
    except OidcError as refused:
        return refused
    except (*UNAVAILABLE, *UNAVAILABLE_STATES) as error:
        note_unavailable(error)
        return UnavailableError("the service is busy; try again")


async def _counted(house: House, request: Request, proof: _Proof, refused: OidcError) -> OidcError:
    """Count a failed proof; after too many from one address its next failures get 429 (R13).

    The right secret is always accepted, so nobody can lock a client out by failing in its name.
    """
    key = Fingerprints(house.secrets["throttle"]).client(proof.client_id)
    net = peer_of(request, proxies=house.proxies).net
    async with acquire(house.pool) as connection:
        waits = await may_try_client(connection, key, net=net)
        if waits is not None:
            return TooManyAttemptsError("too many failed attempts of this client from your address: wait a minute")
        await note_client_failure(connection, key, net=net)
    return refused


async def _fields(request: Request) -> Fields:
    """Read the body (B-O27): 413 when too large, else 400 for anything that is not one plain form."""
    try:
        fields = await read_fields(request)
    except FormRefusedError as refused:
        if refused.status == 413:
            raise OversizeRequestError("the body is too large") from refused
        raise InvalidRequestError("send the parameters as application/x-www-form-urlencoded") from refused
    if not fields:
        raise InvalidRequestError("the body is empty")
    if any(len(values) > 1 for values in fields.values()):
        raise InvalidRequestError("a parameter is given more than once")
    return fields


def _proof(request: Request, fields: Fields) -> _Proof:
    """Return what the client sent by exactly one method (RFC 6749 §2.3; B-O31)."""
    headers = request.headers.getlist("authorization")
    in_body = _Proof(one(fields, "client_id"), one(fields, "client_secret"))
    if not headers:
        return in_body
    if len(headers) > 1 or in_body.secret:
        raise InvalidClientError("authenticate by one method only")
    by_header = _basic(headers[0])
    if in_body.client_id not in ("", by_header.client_id):
        raise InvalidClientError("client_id in the body is not the one in the header")
    return by_header


def _basic(header: str) -> _Proof:
    """Read HTTP Basic (RFC 7617) with both parts form-encoded (RFC 6749 §2.3.1).

    Client ids may be URLs, and many clients send them without encoding the colon; our secrets have none, so the last
    colon separates.
    """
    scheme, _, encoded = header.partition(" ")
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True).decode()
        client_id, colon, secret = decoded.rpartition(":")
        if scheme.lower() != "basic" or not colon:
            raise ValueError("not Basic")
        return _Proof(_unquoted(client_id), _unquoted(secret))
    except (binascii.Error, ValueError) as error:
        raise InvalidClientError("the Authorization header cannot be read") from error


def _unquoted(text: str) -> str:
    """Undo form encoding; raises ValueError for a percent sign that encodes nothing."""
    for part in text.split("%")[1:]:
        if len(part) < 2 or not all(character in "0123456789abcdefABCDEF" for character in part[:2]):
            raise ValueError("percent-encoding")
    return unquote_plus(text, errors="strict")


def _proven(client: Client | None, proof: _Proof) -> Client:
    """Return the client when its secret is one of its own, or it is public and has none; same words for all else."""
    sent = digest(proof.secret)
    if client is not None and client.confidential and proof.secret:
        matches = [hmac.compare_digest(sent, kept) for kept in client.secret_hashes]  # all: no telling which by time
        if any(matches):
            return client
    if client is not None and not client.confidential and not proof.secret:
        return client
    raise InvalidClientError("unknown client, or its authentication failed")


async def _bearer(house: House, request: Request) -> FoundAccessToken | OidcError:
    headers = request.headers.getlist("authorization")
    if not headers:
        return MissingTokenError("no access token")
    scheme, _, token = headers[0].partition(" ")
    if len(headers) > 1 or scheme.lower() != "bearer" or not token:
        return InvalidTokenError("send one access token in the Authorization header")
    try:
        async with acquire(house.pool) as connection:
            found = await queries.access_token(connection, token)
    except (*UNAVAILABLE, *UNAVAILABLE_STATES) as error:
        note_unavailable(error)
        return UnavailableError("the service is busy; try again")
    if found is None:
        return InvalidTokenError("the access token is unknown, expired or revoked")
    return found


NAVIGATION: Access[House, None] = Access(
    "navigation", "Everybody, by opening it as a page: not in a frame, not from a script.", _navigation
)
JSON_CLIENT: Access[House, JsonCall | OidcError] = Access(
    "client with JSON", "A registered confidential client, by its secret (Basic), with a JSON object.", _json_call
)
CLIENT: Access[House, ClientCall | OidcError] = Access(
    "client", "A registered client: by its secret (Basic or in the body), or a public one by its id.", _client_call
)
BEARER: Access[House, FoundAccessToken | OidcError] = Access(
    "bearer", "Whoever brings an access token in the Authorization header.", _bearer
)
