"""What stops a delivery: its time, its institution; and what it may not do even when it is loaded."""

from datetime import datetime, timedelta

from unilogin.domain.directory.model import Institution
from unilogin.roster.errors import DeliveryRefusedError
from unilogin.roster.messages import Refused
from unilogin.roster.model import Header

CLOCK_TOLERANCE = timedelta(minutes=15)
"""A source's clock may be so far ahead of ours. Further, and its next deliveries would be refused as older."""

MOST_FINDINGS = 10_000
"""Stored and shown of one delivery; more are only counted. A school with so many has one mistake, made often."""


def check_institution(header: Header, institution: Institution | None) -> Institution:
    """Return the institution the delivery is for; raises DeliveryRefusedError when there is none that is open."""
    if institution is None:
        raise DeliveryRefusedError(Refused.INSTITUTION_UNKNOWN, number=header.institution_number)
    if not institution.active:
        raise DeliveryRefusedError(Refused.INSTITUTION_CLOSED, number=header.institution_number)
    return institution


def check_time(header: Header, *, last: datetime | None, now: datetime) -> None:
    """A delivery must be later than the last one of its institution and source, and not from the future (F-30).

    Raises:
        DeliveryRefusedError: it is not.

    """
    if header.source_time > now + CLOCK_TOLERANCE:
        raise DeliveryRefusedError(Refused.TIME_IN_FUTURE, time=_shown(header.source_time))
    if last is not None and header.source_time <= last:
        last_there = last.astimezone(header.source_time.tzinfo)
        raise DeliveryRefusedError(Refused.TIME_NOT_LATER, time=_shown(header.source_time), last=_shown(last_there))


def _shown(time: datetime) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S")
