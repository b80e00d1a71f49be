"""The protocol: a request is checked, a code is given and redeemed once, tokens tell who it is."""

import asyncio
import base64
import binascii
import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import parse_qsl, unquote_plus

from unilogin.demo.mitid.identities import age_of, subject_of
from unilogin.demo.mitid.model import Identity, Settings
from unilogin.kit.jose import SigningKey

LEVEL = "https://data.gov.dk/concept/core/nsis/loa/Substantial"
TOKEN_SECONDS = 300
SLOW_SECONDS = 20
_MOST_KEPT = 5000
_LONGEST = 2048

Claims: TypeAlias = dict[str, object]


class RequestError(Exception):
    """A request that the client may not be answered at all: its address is not known to be right."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A checked authorization request."""

    query: str
    state: str
    nonce: str
    challenge: str
    language: str
    problem: str | None
    """The error code to send back at once, or None."""


@dataclass(frozen=True, slots=True)
class _Kept:
    identity: Identity
    nonce: str
    challenge: str
    slow: bool
    expires: float


class Provider:
    """One provider with one client; what it has given out is forgotten when it stops."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._key = SigningKey.generate("RS256")
        self._codes: OrderedDict[str, _Kept] = OrderedDict()
        self._tokens: OrderedDict[str, _Kept] = OrderedDict()

    def metadata(self) -> Claims:
        """What it says of itself (OpenID Connect Discovery §3)."""
        issuer = self.settings.issuer
        return {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/authorize",
            "token_endpoint": f"{issuer}/token",
            "userinfo_endpoint": f"{issuer}/userinfo",
            "jwks_uri": f"{issuer}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid", "mitid"],
            "acr_values_supported": [LEVEL],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
            "ui_locales_supported": ["da", "en"],
            "authorization_response_iss_parameter_supported": True,
        }

    def keys(self) -> Claims:
        """Its public key."""
        return {"keys": [self._key.public_jwk()]}

    def read(self, query: str) -> Asked:
        """Check a request; raises RequestError when there is nobody to answer."""
        pairs = parse_qsl(query, keep_blank_values=True)
        fields = dict(pairs)
        known = fields.get("client_id") == self.settings.client_id
        if not known or fields.get("redirect_uri") != self.settings.redirect_uri or len(fields) != len(pairs):
            raise RequestError
        good = (
            fields.get("response_type") == "code"
            and "openid" in fields.get("scope", "").split()
            and fields.get("code_challenge_method") == "S256"
            and len(fields.get("code_challenge", "")) == 43
            and max(len(fields.get(name, "")) for name in ("state", "nonce")) <= _LONGEST
        )
        return Asked(
            query,
            fields.get("state", ""),
            fields.get("nonce", ""),
            fields.get("code_challenge", ""),
            fields.get("ui_locales", "")[:2],
            None if good else "invalid_request",
        )

    def approve(self, asked: Asked, identity: Identity, *, slow: bool) -> str:
        """Return a code for somebody who has approved."""
        expires = time.monotonic() + TOKEN_SECONDS
        return _keep(self._codes, _Kept(identity, asked.nonce, asked.challenge, slow, expires))

    def is_client(self, authorization: str, fields: Mapping[str, str]) -> bool:
        """Tell whether a call is our one client's: by Basic or in the body."""
        pair = (fields.get("client_id", ""), fields.get("client_secret", ""))
        scheme, _, encoded = authorization.partition(" ")
        if scheme.lower() == "basic":
            try:
                name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
            except (binascii.Error, ValueError):
                return False
            pair = (unquote_plus(name), unquote_plus(secret))
        known = (self.settings.client_id, self.settings.client_secret)
        return all(hmac.compare_digest(one.encode(), other.encode()) for one, other in zip(pair, known, strict=True))

    async def redeem(self, fields: Mapping[str, str]) -> Claims | None:
        """Return the tokens of a code, once; None for one that is no good."""
        kept = _taken(self._codes, fields.get("code", ""))
        proof = hashlib.sha256(fields.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(proof).rstrip(b"=").decode()
        right = fields.get("redirect_uri") == self.settings.redirect_uri
        if kept is None or kept.challenge != challenge or not right or fields.get("grant_type") != "authorization_code":
            return None
        if kept.slow:
            await asyncio.sleep(SLOW_SECONDS)  # what was chosen: whoever waits must give up
        return {
            "id_token": self._key.sign(self._id_token(kept)),
            "access_token": _keep(self._tokens, kept),
            "token_type": "Bearer",
            "expires_in": TOKEN_SECONDS,
        }

    def _id_token(self, kept: _Kept) -> Claims:
        now = int(time.time())
        return {
            "iss": self.settings.issuer,
            "sub": subject_of(kept.identity),
            "aud": self.settings.client_id,
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "auth_time": now,
            "nonce": kept.nonce,
            "acr": LEVEL,
            "amr": ["code_app"],
        }

    def tell(self, access_token: str) -> Claims | None:
        """Return who an access token is about; None for one that is no good."""
        kept = self._tokens.get(access_token)
        if kept is None or kept.expires < time.monotonic():
            return None
        identity = kept.identity
        told: Claims = {
            "sub": subject_of(identity),
            "uuid": subject_of(identity),
            "cpr": identity.cpr,
            "age": age_of(identity.born),
            "cvr": identity.cvr,
            "organisation": identity.organisation,
            "rights": list(identity.rights) if identity.cvr else None,
        }
        return {name: value for name, value in told.items() if value is not None}


def _keep(kept: "OrderedDict[str, _Kept]", what: _Kept) -> str:
    token = secrets.token_urlsafe(32)
    kept[token] = what
    while len(kept) > _MOST_KEPT:
        kept.popitem(last=False)
    return token


def _taken(kept: "OrderedDict[str, _Kept]", token: str) -> _Kept | None:
    found = kept.pop(token, None)
    return found if found is not None and found.expires > time.monotonic() else None
