"""What happened, in words: which rows of the audit log their subject is told, and by which sentence. Pure.

A subject learns what happened and when, and what kind of somebody did it; never which employee (N-112).
"""

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import groupby

from unilogin.apps.account.model import Happening
from unilogin.domain.audit.events import Event
from unilogin.kit.danish_time import danish_time

TOLD: tuple[Event, ...] = (
    Event.SIGNIN_SUCCEEDED,
    Event.SIGNIN_FAILED,
    Event.SIGNIN_REFUSED,
    Event.SESSION_ENDED,
    Event.CODE_ISSUED,
    Event.PASSWORD_ASSIGNED,
    Event.PASSWORD_CHOSEN,
    Event.PASSWORD_TYPE_FORCED,
    Event.WINDOW_OPENED,
    Event.WINDOW_CLAIMED,
    Event.WINDOW_TRIED,
    Event.WINDOW_CANCELLED,
    Event.WINDOW_UNDONE,
    Event.PERMIT_GIVEN,
    Event.PERMIT_REFUSED,
    Event.NAMES_SHOWN,
    Event.PUPIL_USERNAME_SHOWN,
    Event.ACCOUNT_BLOCKED,
    Event.ACCOUNT_UNBLOCKED,
    Event.USERNAME_CHANGED,
    Event.ACCOUNTS_MERGED,
    Event.ACCOUNT_SPLIT,
    Event.CORRECTION_UNDONE,
    Event.PASSKEY_ADDED,
    Event.PASSKEY_REMOVED,
    Event.PASSKEY_SUSPECTED,
    Event.VOUCH_GIVEN,
    Event.VOUCH_REFUSED,
    Event.PLACE_CLOSED,
    Event.THROTTLE_REOPENED,
    Event.PERSON_SOUGHT_BY_CPR,
    Event.PERSON_CREATED,
    Event.PERSON_CHANGED,
    Event.CPR_CHANGE_ACCEPTED,
    Event.MEMBERSHIP_STARTED,
    Event.MEMBERSHIP_CHANGED,
    Event.MEMBERSHIP_ENDED,
    Event.RIGHT_GRANTED,
    Event.RIGHT_REVOKED,
    Event.CHILD_VIEWED,
    Event.CHILD_USERNAME_SHOWN,
)
"""What people are told of their own account. The rest is either about nobody, or the machinery of what is told."""

_VARIANTS = {
    Event.SESSION_ENDED: {
        "logout": "logout",
        "new password": "password",
        "other device": "device",
        "proved more": "raised",
        "passkey removed": "passkey",
    },
    Event.WINDOW_OPENED: {"parent": "parent", "teacher": "teacher"},
    Event.WINDOW_CANCELLED: {"parent": "parent", "teacher": "teacher"},
    Event.PERMIT_GIVEN: {"parent": "parent", "mitid": "mitid"},
    Event.VOUCH_GIVEN: {"parent": "parent", "teacher": "teacher"},
    Event.VOUCH_REFUSED: {"parent": "parent", "teacher": "teacher"},
}


def code_of(happening: Happening) -> str:
    """Return the code of the sentence for something that happened."""
    code = f"account.history.{happening.action}"
    variants = _VARIANTS.get(Event(happening.action))
    if variants is None:
        return code
    return f"{code}.{variants.get(happening.word or '', 'otherwise')}"


def by_day(happenings: Iterable[Happening]) -> Iterator[tuple[date, list[Happening]]]:
    """Put what happened together by the day it happened on, by Danish clocks; the order stays."""
    for day, held in groupby(happenings, key=lambda happening: danish_time(happening.at).date()):
        yield day, list(held)
