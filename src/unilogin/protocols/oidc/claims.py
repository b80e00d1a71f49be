"""What a service is told: the claims of id tokens, userinfo and introspection (docs/danish-service.md 1.4). Pure.

``sub`` and the levels always; everything else about the person as ``domain.services.release`` allows. Never a name.
"""

import base64
import hashlib
from datetime import datetime

from unilogin.domain.services.release import licensed_numbers, released
from unilogin.protocols.oidc.levels import LEVEL_NUMBER, NSIS_LEVEL, acr
from unilogin.protocols.oidc.model import ID_TOKEN_SECONDS, FoundAccessToken, Holder, Issued

Claims = dict[str, object]

SPEC_VERSION = "OIDC.3.0-UNILOGIN"
ID_TOKEN = "ID"  # noqa: S105 - the value of the claim typ
BEARER = "Bearer"


def seconds(moment: datetime) -> int:
    """Return a time as tokens carry it: whole seconds since 1970."""
    return int(moment.timestamp())


def about_person(holder: Holder) -> Claims:
    """Return the claims about the person; ``broker_id`` is the same pseudonym as ``sub``."""
    numbers = licensed_numbers(holder.licences, holder.actor_group)
    level = holder.session.level
    return {
        "sub": holder.subject,
        "broker_id": holder.subject,
        "spec_ver": SPEC_VERSION,
        "unilogin_loa": level.value,
        "loa": LEVEL_NUMBER[level],
        "nsis_loa": NSIS_LEVEL[level],
        **released(holder.service, holder.standing, actor_group=holder.actor_group, licensed=numbers),
    }


def _about_session(holder: Holder, issuer: str) -> Claims:
    session_id = str(holder.session.session_id)
    return {
        "iss": issuer,
        "aud": holder.client_id,
        "azp": holder.client_id,
        "auth_time": seconds(holder.session.auth_time),
        "acr": acr(holder.session.level),
        "sid": session_id,
        "session_state": session_id,
    }


def id_token(issued: Issued, *, issuer: str, token_id: str, nonce: str | None) -> Claims:
    """Return the claims of an id token (OpenID Connect Core §2); a refreshed one has no nonce (§12.2)."""
    issued_at = seconds(issued.at)
    return {
        **about_person(issued.holder),
        **_about_session(issued.holder, issuer),
        **({"nonce": nonce} if nonce else {}),
        "typ": ID_TOKEN,
        "iat": issued_at,
        "exp": issued_at + ID_TOKEN_SECONDS,
        "jti": token_id,
        "at_hash": at_hash(issued.access_token),
    }


def at_hash(access_token: str) -> str:
    """Return the left half of the access token's SHA-256 (OpenID Connect Core §3.1.3.6)."""
    left = hashlib.sha256(access_token.encode()).digest()[:16]
    return base64.urlsafe_b64encode(left).rstrip(b"=").decode()


def introspection(found: FoundAccessToken, *, issuer: str) -> Claims:
    """Return what the client that owns an access token is told about it (RFC 7662 §2.2; docs/danish-service.md 1.4)."""
    return {
        "active": True,
        **about_person(found.holder),
        **_about_session(found.holder, issuer),
        "client_id": found.holder.client_id,
        "username": None,
        "typ": BEARER,
        "token_type": BEARER,
        "scope": found.holder.scope,
        "iat": seconds(found.issued_at),
        "exp": seconds(found.expires_at),
    }
