"""Proof Key for Code Exchange (RFC 7636), S256 only. Pure."""

import base64
import hashlib
import re

from unilogin.protocols.oidc.errors import InvalidGrantError

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # §4.2: 32 bytes in base64url
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # §4.1


def is_challenge(text: str) -> bool:
    """Tell whether a text can be a challenge."""
    return _CHALLENGE.fullmatch(text) is not None


def challenge_of(verifier: str) -> str | None:
    """Return the challenge a verifier answers, None for none: a code issued with one is never redeemed without (V-06).

    Raises:
        InvalidGrantError: no verifier looks like this.
    """
    if not verifier:
        return None
    if not _VERIFIER.fullmatch(verifier):
        raise InvalidGrantError("code_verifier must be 43 to 128 unreserved characters")
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
