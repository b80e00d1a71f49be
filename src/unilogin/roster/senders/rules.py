"""What a system may be called, and how old a signed message may be. Pure: the time comes in as an argument."""

import re
from datetime import datetime, timedelta

from unilogin.roster.senders.errors import SenderError

_SYSTEM_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

CLOCKS_DIFFER = timedelta(minutes=2)
"""Two clocks that agree within this are the same to us."""

LONGEST_LIFE = timedelta(minutes=10)
"""A message is on its way for seconds; clients say five minutes."""

ENDS_SOON = timedelta(days=30)
"""So long before a certificate or a token ends its sender and the operator are told."""

MOST_AN_HOUR = 60
"""Deliveries for one institution, whoever sends them; the same one again does not count."""


def is_system_id(text: str) -> bool:
    """Tell whether a text can be what a system is called in messages (UdbydersystemId)."""
    return _SYSTEM_ID.fullmatch(text) is not None


def check_system_id(system_id: str) -> None:
    """Raise SenderError for an id that could not stand in a message."""
    if not is_system_id(system_id):
        raise SenderError("an id is 1 to 64 letters, digits, dots, hyphens and underscores, as ABprove1")


def believed_until(*, created: datetime, expires: datetime, now: datetime) -> datetime | None:
    """Return until when a Timestamp is believed, None when it is not now: too old, too long, or from the future."""
    if not created < expires <= created + LONGEST_LIFE:
        return None
    if created > now + CLOCKS_DIFFER or expires + CLOCKS_DIFFER < now:
        return None
    return expires + CLOCKS_DIFFER
