"""Which of two accounts goes on, with which CPR number, and when they must not become one. Pure."""

from datetime import timedelta

from unilogin.domain.directory.cpr import CprKind
from unilogin.domain.identity.model import NotDone, Side, Use

CLEARLY_LATER = timedelta(days=30)
"""Who signed in that much later with one account than with the other has left the other one behind."""

_WORTH = (CprKind.REAL, CprKind.REPLACEMENT, CprKind.LETTERS, CprKind.TEST)


TAKEN_BACK_WITHIN_DAYS = 365
"""A correction can be taken back for a whole school year; what it changed is forgotten then."""


def goes_on(first: Use, second: Use) -> tuple[bool, str]:
    """Tell whether the first account goes on rather than the second, and why: the one whose loss would be felt.

    In order: one that was used beats one that never was; one used clearly later; the one that more services know; the
    one used later; the one with a secret; the older one.
    """
    if (first.last_sign_in is None) != (second.last_sign_in is None):
        return first.last_sign_in is not None, "used"
    if first.last_sign_in and second.last_sign_in:
        apart = first.last_sign_in - second.last_sign_in
        if abs(apart) > CLEARLY_LATER:
            return apart > timedelta(0), "used clearly later"
    if first.services != second.services:
        return first.services > second.services, "known to more services"
    if first.last_sign_in != second.last_sign_in and first.last_sign_in and second.last_sign_in:
        return first.last_sign_in > second.last_sign_in, "used later"
    if first.has_secret != second.has_secret:
        return first.has_secret, "has a password or passkey"
    return first.created_at <= second.created_at, "older"


def takes_other_number(kept: CprKind | None, other: CprKind | None) -> bool:
    """Tell whether the person goes on with the number of the account that does not: a register's number beats others.

    Somebody who came with a replacement number and was given a real one later has two accounts, and the real number.
    """
    if other is None:
        return False
    return kept is None or _WORTH.index(other) < _WORTH.index(kept)


def why_not_merge(kept: Side, other: Side, *, related: bool, two_numbers: bool) -> NotDone | None:
    """Return why two accounts must not become one, or None. ``two_numbers``: somebody has said that they are one's."""
    if kept.account_id == other.account_id:
        return NotDone.SAME
    if kept.merged or other.merged:
        return NotDone.MERGED_BEFORE
    if kept.blocked != other.blocked:
        return NotDone.BLOCKED
    if related:
        return NotDone.RELATED
    if kept.number is CprKind.REAL and other.number is CprKind.REAL and not two_numbers:
        return NotDone.TWO_NUMBERS
    return None
