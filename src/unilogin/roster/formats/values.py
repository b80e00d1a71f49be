"""Single values of the formats: dates, times, addresses of mail, numbers of phones."""

import re
from datetime import UTC, date, datetime, timedelta, timezone

_DATE_IN_ZONE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:Z|[+-][0-9]{2}:[0-9]{2})")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2})?")

_LOCAL = r"(?:[!#-'*+\-/-9=?A-Z^-~]|[^\x00-\x7f])+"
_LABEL = r"(?:[0-9A-Za-z]|[^\x00-\x7f])"
_EMAIL = re.compile(rf"{_LOCAL}(?:\.{_LOCAL})*@(?:{_LABEL}+(?:-+{_LABEL}+)*\.)+{_LABEL}{{2,}}(?:-+{_LABEL}+)*")
_PHONE = re.compile(r"[^0-9]*(?:[0-9][ ()\-]*){6}.*")


def read_date(text: str) -> date:
    """Return an xs:date, whose time zone says nothing; raises ValueError."""
    if len(text) != 10 or text[4] != "-" or text[7] != "-":  # fromisoformat knows other forms, too
        if _DATE_IN_ZONE.fullmatch(text) is None:
            raise ValueError("no date")
        text = text[:10]
    return date.fromisoformat(text)


def read_time(text: str) -> datetime:
    """Return an xs:dateTime; one without a zone is Danish time. Raises ValueError."""
    if _TIME.fullmatch(text) is None:
        raise ValueError("no time")
    read = datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=_danish_zone(read))


def _danish_zone(local: datetime) -> timezone:
    """Summer time from the last Sunday of March to that of October, by law of the EU; needs no zone files."""
    summer = _last_sunday(local.year, 3) <= local.replace(tzinfo=UTC) < _last_sunday(local.year, 10)
    return timezone(timedelta(hours=2 if summer else 1))


def _last_sunday(year: int, month: int) -> datetime:
    last = datetime(year, month, 31, 2, tzinfo=UTC)
    return last - timedelta(days=(last.weekday() + 1) % 7)


def is_email(text: str) -> bool:
    """Tell whether a text has the form the format asks of a mail address (RFC 3696 and 6531, without quotes)."""
    return _EMAIL.fullmatch(text) is not None


def is_phone(text: str) -> bool:
    """Tell whether six digits stand somewhere: the numbers of Greenland and the Faroes have six."""
    return _PHONE.fullmatch(text) is not None
