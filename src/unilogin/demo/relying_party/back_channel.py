"""What Unilogin says from machine to machine: somebody has logged out (OpenID Connect Back-Channel Logout 1.0 §2.6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

EVENT = "http://schemas.openid.net/event/backchannel-logout"
TYP = "logout+jwt"
LEEWAY_SECONDS = 60


class LogoutRefusedError(Exception):
    """The token is not Unilogin's word to us; nobody is signed out because of it."""


@dataclass(frozen=True, slots=True)
class LogoutToken:
    """Whose visit is over: a session's, or all of a person's when no session is named."""

    token_id: str
    expires: int
    session_id: str | None
    subject: str | None

    def means(self, claims: Mapping[str, object]) -> bool:
        """Tell whether a visit with these claims is over."""
        if self.session_id is not None:
            return claims.get("sid") == self.session_id
        return claims.get("sub") == self.subject


def read_logout_token(text: str, keys: Mapping[str, Any], *, issuer: str, client_id: str) -> LogoutToken:
    """Check a logout token in every point of §2.6.

    Raises:
        LogoutRefusedError: it is not Unilogin's word to us.
        InvalidKeyIdError: it names a key that is not among these.

    """
    registry = jwt.JWTClaimsRegistry(
        leeway=LEEWAY_SECONDS,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": client_id},
        iat={"essential": True},
        exp={"essential": True},
        jti={"essential": True},
        events={"essential": True},
    )
    try:
        token = jwt.decode(text, KeySet.import_key_set(dict(keys)), algorithms=["RS256"])  # type: ignore[arg-type]  # JSON
        registry.validate(token.claims)
    except InvalidKeyIdError:
        raise
    except (JoseError, ValueError, TypeError) as error:
        raise LogoutRefusedError(type(error).__name__) from error
    claims, events = token.claims, token.claims["events"]
    if token.header.get("typ") != TYP:  # an id token is signed with the same key
        raise LogoutRefusedError("typ")
    if not isinstance(events, dict) or not isinstance(events.get(EVENT), dict):
        raise LogoutRefusedError("events")
    if "nonce" in claims:
        raise LogoutRefusedError("nonce")
    session_id, subject = claims.get("sid"), claims.get("sub")
    if not all(isinstance(name, str | None) for name in (session_id, subject)) or not (session_id or subject):
        raise LogoutRefusedError("neither sid nor sub")
    return LogoutToken(claims["jti"], int(claims["exp"]) + LEEWAY_SECONDS, session_id, subject)
