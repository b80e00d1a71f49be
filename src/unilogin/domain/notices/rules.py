"""How often people are written to, and what a notice may say. Pure."""

import re
from collections.abc import Mapping
from datetime import timedelta

from unilogin.domain.notices.model import Notice

GATHERED_FOR = timedelta(hours=1)
"""At most one letter about the same in so long: whoever does a thing a hundred times fills nobody's mailbox."""

REMINDED_EVERY = timedelta(days=7)
"""A reminder that is due at every sign-in is worth a letter a week."""

_WORD = re.compile(r"[a-z_]{1,40}")


def gathered_for(notice: Notice) -> timedelta:
    """Return how long after one letter the next of its kind waits and gathers what happens meanwhile."""
    return timedelta() if notice is Notice.PASSWORD_CHANGE_DUE else GATHERED_FOR


def quiet_for(notice: Notice) -> timedelta:
    """Return how long after one notice the same is not worth another, not even on one's own page."""
    return REMINDED_EVERY if notice is Notice.PASSWORD_CHANGE_DUE else timedelta()


def checked_detail(detail: Mapping[str, str]) -> dict[str, str]:
    """Return the detail of a notice: words of ours alone, so that no name, username or number gets into a letter."""
    if wrong := [key for key, value in detail.items() if not _WORD.fullmatch(key) or not _WORD.fullmatch(value)]:
        raise ValueError(f"a notice's detail holds words of small letters only, not: {', '.join(wrong)}")
    return dict(detail)
