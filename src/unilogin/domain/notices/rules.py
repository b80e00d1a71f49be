"""How often people are written to, what a notice may say, and when a letter is tried again. Pure."""

import re
from collections.abc import Mapping
from datetime import timedelta

from unilogin.domain.notices.model import Notice

GATHERED_FOR = timedelta(hours=1)
"""At most one letter about the same in so long: whoever does a thing a hundred times fills nobody's mailbox."""

REMINDED_EVERY = timedelta(days=7)
"""A reminder that is due at every sign-in is worth a letter a week."""

GIVE_UP_AFTER = timedelta(hours=24)
"""News of yesterday's password helps nobody any more; it still stands on the account's own page."""

REFUSALS = 3
"""So many times a mail server may say "never" before it is believed: it says so too while it is set up wrongly."""

NO_SERVER = "no_server"
"""What becomes of a letter where no mail server is set: it was never on its way."""

CARRIED_AT_ONCE = 5
LEASE_SECONDS = 120
"""How long a courier may be busy with the letters it has claimed; longer than they may take together."""

_FIRST_PAUSE = 30.0
_FACTOR = 3.0
_LONGEST_PAUSE = 3600.0
_FIRST_REST = 5.0
_LONGEST_REST = 300.0

ONCE = timedelta(days=36_500)

_QUIET = {Notice.PASSWORD_CHANGE_DUE: REMINDED_EVERY, Notice.MITID_FIRST: ONCE}

_WORD = re.compile(r"[a-z_]{1,40}")


def gathered_for(notice: Notice) -> timedelta:
    """Return how long after one letter the next of its kind waits and gathers what happens meanwhile."""
    return timedelta() if notice in _QUIET else GATHERED_FOR


def quiet_for(notice: Notice) -> timedelta:
    """Return how long after one notice the same is not worth another, not even on one's own page."""
    return _QUIET.get(notice, timedelta())


def checked_detail(detail: Mapping[str, str]) -> dict[str, str]:
    """Return the detail of a notice: words of ours alone, so that no name, username or number gets into a letter."""
    if wrong := [key for key, value in detail.items() if not _WORD.fullmatch(key) or not _WORD.fullmatch(value)]:
        raise ValueError(f"a notice's detail holds words of small letters only, not: {', '.join(wrong)}")
    return dict(detail)


def masked_address(address: str, *, protected: bool) -> str:
    """Return an address as others may see it: whose it is can be told by who knows it, and by nobody else."""
    name, at, host = address.rpartition("@")
    return f"{name[:1]}•••@{host}" if at and not protected else "•••@•••"


def pause_seconds(attempts: int) -> float:
    """Return how long a letter waits after so many attempts: 30 s, 90 s, … up to an hour."""
    return min(_FIRST_PAUSE * _FACTOR ** min(attempts - 1, 20), _LONGEST_PAUSE)


def rest_seconds(failures: int) -> float:
    """Return how long a mail server that has failed so many times in a row is left alone: 5 s, 10 s, … up to 5 min."""
    return min(_FIRST_REST * 2.0 ** min(failures - 1, 20), _LONGEST_REST)
