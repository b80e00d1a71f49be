"""Whether a code or refresh token may be used as it is presented. Pure; each check raises or passes.

They run before anything is used up, so that an invalid replay can neither spend a code nor revoke a family (N-31).
"""

import base64
import hashlib
import hmac
import re

from unilogin.domain.services.model import Client
from unilogin.protocols.oidc.errors import InvalidGrantError, InvalidScopeError
from unilogin.protocols.oidc.model import FoundCode, FoundRefreshToken, Holder
from unilogin.protocols.oidc.rules import still_entitled

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # RFC 7636 §4.1

CODE_REFUSED = "the code is unknown, used, expired, revoked, or was not issued for this client and request"
REFRESH_REFUSED = "the refresh token is unknown, used, expired, revoked, or another client's"


def check_code(found: FoundCode | None, *, client: Client, redirect_uri: str, verifier: str) -> FoundCode:
    """Return a code that this client may redeem with this redirect URI and verifier, used already or not.

    Raises:
        InvalidGrantError: the same words for every reason, so that nobody learns which part was right.
    """
    if found is None or found.expired or found.holder.client_id != client.client_id:  # V-08
        raise InvalidGrantError(CODE_REFUSED)
    if found.redirect_uri != redirect_uri:  # RFC 6749 §4.1.3
        raise InvalidGrantError(CODE_REFUSED)
    if not verifier_fits(verifier, found.code_challenge):
        raise InvalidGrantError(CODE_REFUSED)
    check_holder(found.holder, CODE_REFUSED)
    return found


def verifier_fits(verifier: str, challenge: str | None) -> bool:
    """Tell whether a PKCE verifier belongs to a challenge; none belongs to none (RFC 7636 §4.6; V-06, V-07)."""
    if challenge is None:
        return not verifier
    if not _VERIFIER.fullmatch(verifier):
        return False
    hashed = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return hmac.compare_digest(hashed, challenge)


def check_refresh_token(found: FoundRefreshToken | None, *, client: Client, scope: str) -> FoundRefreshToken:
    """Return a refresh token that this client may use for this scope, used already or not.

    Raises:
        InvalidGrantError: as for ``check_code``.
        InvalidScopeError: more is asked for than was granted (RFC 6749 §6).
    """
    if found is None or found.expired or found.holder.client_id != client.client_id:
        raise InvalidGrantError(REFRESH_REFUSED)
    check_holder(found.holder, REFRESH_REFUSED)
    if not set(scope.split()) <= set(found.holder.scope.split()):
        raise InvalidScopeError("scope must not be wider than what was granted")
    return found


def check_holder(holder: Holder, words: str) -> None:
    """The person may still enter the service as they did."""
    if not still_entitled(holder):
        raise InvalidGrantError(words)
