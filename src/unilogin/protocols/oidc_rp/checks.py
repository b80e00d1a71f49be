"""What an id token must say, in which order: ``ID_TOKEN_CHECKS``. Pure; each raises or passes.

OpenID Connect Core §3.1.3.7. The signature was checked before; ``Expected`` is what was asked for.
"""

import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from unilogin.protocols.oidc_rp.errors import DistrustError
from unilogin.protocols.oidc_rp.model import Expected

Claims = Mapping[str, object]

LEEWAY = timedelta(seconds=60)
"""How far a provider's clock may be off."""

OLDEST = timedelta(minutes=10)
"""How long ago an id token may have been made: it is fetched at once."""

_MOST_CHARACTERS = 255


def moment(value: object) -> datetime | None:
    """Return the time a claim tells; None for anything but seconds since 1970. Some brokers write them as text."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:12])
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 10**11:
        return None
    return datetime.fromtimestamp(value, tz=UTC)


def check_issuer(claims: Claims, expected: Expected) -> None:
    """Step 2: exactly the configured issuer."""
    if claims.get("iss") != expected.issuer:
        raise DistrustError("iss")


def check_audience(claims: Claims, expected: Expected) -> None:
    """Steps 3 to 5: made for us and for nobody else (V-27)."""
    if claims.get("aud") not in (expected.client_id, [expected.client_id]):
        raise DistrustError("aud")
    if claims.get("azp", expected.client_id) != expected.client_id:
        raise DistrustError("azp")


def check_subject(claims: Claims, expected: Expected) -> None:
    """§2: a subject of at most 255 ASCII characters."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= _MOST_CHARACTERS or not subject.isascii():
        raise DistrustError("sub")


def check_expiry(claims: Claims, expected: Expected) -> None:
    """Step 9: not over, and valid already."""
    expires, starts = moment(claims.get("exp")), moment(claims.get("nbf", claims.get("iat")))
    if expires is None or expires + LEEWAY <= expected.now:
        raise DistrustError("exp")
    if starts is None or starts - LEEWAY > expected.now:
        raise DistrustError("nbf")


def check_age(claims: Claims, expected: Expected) -> None:
    """Step 10: made now, not in the future and not long ago."""
    issued = moment(claims.get("iat"))
    if issued is None or not expected.now - OLDEST <= issued <= expected.now + LEEWAY:
        raise DistrustError("iat")


def check_nonce(claims: Claims, expected: Expected) -> None:
    """Step 11: the answer to this very request, of this browser (N-52)."""
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), expected.nonce.encode()):
        raise DistrustError("nonce")


def check_auth_time(claims: Claims, expected: Expected) -> None:
    """Step 13: proved since we asked. An old session at the provider is nobody's proof on a shared computer (V-41)."""
    if "auth_time" not in claims and not expected.auth_time:
        return
    proved = moment(claims.get("auth_time"))
    if proved is None or not expected.started_at - LEEWAY <= proved <= expected.now + LEEWAY:
        raise DistrustError("auth_time")


ID_TOKEN_CHECKS: tuple[Callable[[Claims, Expected], None], ...] = (
    check_issuer,
    check_audience,
    check_subject,
    check_expiry,
    check_age,
    check_nonce,
    check_auth_time,
)


def check_id_token(claims: Claims, expected: Expected) -> None:
    """Run every check in order; raises the first DistrustError."""
    for check in ID_TOKEN_CHECKS:
        check(claims, expected)
