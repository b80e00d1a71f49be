"""What counts as told, and what a logout token says. Pure."""

from datetime import timedelta

from unilogin.protocols.oidc.claims import Claims, seconds
from unilogin.protocols.oidc.notices.model import Notice

GIVE_UP_AFTER = timedelta(hours=24)
"""No session of a service's should live longer than a school day and a night."""

LEASE_SECONDS = 30
"""How long a courier may be busy with what it has claimed; longer than all its calls may take."""

CLAIMED_AT_ONCE = 4

TOKEN_SECONDS = 120
TYP = "logout+jwt"
EVENT = "http://schemas.openid.net/event/backchannel-logout"


def is_told(status: int) -> bool:
    """Tell whether an answer means that the service has understood; 204 is some frameworks' 200 (§2.8)."""
    return status in (200, 204)


def logout_token(notice: Notice, *, issuer: str, token_id: str) -> Claims:
    """Return the claims of a logout token (§2.4): never a nonce, so that it can be no id token."""
    issued_at = seconds(notice.claimed_at)
    return {
        "iss": issuer,
        "sub": notice.subject,
        "aud": notice.client_id,
        "iat": issued_at,
        "exp": issued_at + TOKEN_SECONDS,
        "jti": token_id,
        "sid": str(notice.session_id),
        "events": {EVENT: {}},
    }
