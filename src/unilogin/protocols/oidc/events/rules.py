"""What a security event token says, what counts as delivered, and how a poll reads. Pure."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from unilogin.kit.errors import UniloginError
from unilogin.protocols.oidc.claims import Claims, seconds
from unilogin.protocols.oidc.events.model import Event, Poll

TYP = "secevent+jwt"
MEDIA_TYPE = f"application/{TYP}"
IDENTIFIER_CHANGED = "https://schemas.openid.net/secevent/risc/event-type/identifier-changed"

GIVE_UP_AFTER = timedelta(days=7)
"""A service may be away over a holiday; afterwards it can still fetch what it missed."""

KEPT_DAYS = 90
"""So long a service may fetch what it missed."""

KEPT_HANDED_DAYS = 400
"""So long it is known who was told: a correction may be taken back, and they are told that, too."""

LEASE_SECONDS = 30
CLAIMED_AT_ONCE = 4
MOST_AT_ONCE = 100


class PollError(UniloginError):
    """A poll that cannot be read."""

    code = "poll"


def event_token(event: Event, *, issuer: str) -> Claims:
    """Return the claims of a security event token (RFC 8417 §2.2): without ``sub`` and ``exp``, so it is no id token.

    RISC names e-mail addresses and telephone numbers as identifiers that change. Ours are the subject that the service
    alone knows (``iss_sub``) and, for services that are told it, the uniid (``opaque``; RFC 9493 §3.2). The ``txn`` of
    an event that takes another one back is the ``jti`` of that one.
    """
    return {
        "iss": issuer,
        "aud": event.client_id,
        "iat": seconds(event.claimed_at),
        "jti": str(event.event_id),
        "txn": str(event.takes_back or event.event_id),  # the event that began it, whether it stands or is taken back
        "toe": seconds(event.happened_at),
        "sub_id": _subject(event, issuer),
        "events": {IDENTIFIER_CHANGED: {"new-value": event.new_value}},
    }


def _subject(event: Event, issuer: str) -> Mapping[str, str]:
    if event.format == "iss_sub":
        return {"format": "iss_sub", "iss": issuer, "sub": event.old_value}
    return {"format": "opaque", "id": event.old_value}


def is_delivered(status: int) -> bool:
    """Tell whether a receiver has taken a pushed token: 202 (RFC 8935 §2.2); frameworks say 200 and 204 as well."""
    return status in (200, 202, 204)


def read_poll(asked: Mapping[str, object]) -> Poll:
    """Return what a poll asks for; raises PollError. Members that nobody has told us of are ignored (RFC 8936 §2.2)."""
    most = asked.get("maxEvents", MOST_AT_ONCE)
    if isinstance(most, bool) or not isinstance(most, int) or most < 0:
        raise PollError("maxEvents is a number from 0")
    acks, errors = asked.get("ack", []), asked.get("setErrs", {})
    if not isinstance(acks, list) or not isinstance(errors, dict):
        raise PollError("ack is a list, setErrs an object")
    refused = ((_id(token), _word(error)) for token, error in errors.items())
    return Poll(min(most, MOST_AT_ONCE), tuple(_id(token) for token in acks), tuple(refused))


def _id(token: object) -> UUID:
    try:
        return UUID(str(token))
    except ValueError as error:
        raise PollError("ack and setErrs name events by their jti") from error


def _word(error: object) -> str:
    """Return the code of an error and nothing else of what a stranger wrote (RFC 8935 §2.4)."""
    code = error.get("err") if isinstance(error, dict) else None
    known = ("invalid_request", "invalid_key", "invalid_issuer", "invalid_audience", "authentication_failed")
    return str(code) if code in (*known, "access_denied") else "error"
