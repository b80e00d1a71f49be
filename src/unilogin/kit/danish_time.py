"""Danish time, for what people read. Nothing is ever decided by it.

By the rule itself (Directive 2000/84/EC: summer time from the last Sunday in March to the last in October, at 01:00
UTC), not by the tables of the machine: small machines have none, and a page without its times would be a fault.
"""

from datetime import UTC, datetime, timedelta

_WINTER, _SUMMER = timedelta(hours=1), timedelta(hours=2)
_CHANGES_AT = 1


def danish_time(moment: datetime) -> datetime:
    """Return a moment as the clocks in Denmark show it, without a zone."""
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    is_summer = _last_sunday(utc.year, 3) <= utc < _last_sunday(utc.year, 10)
    return utc + (_SUMMER if is_summer else _WINTER)


def moment_of(clock: datetime) -> datetime:
    """Return the moment at which the clocks in Denmark show this; of an hour that comes twice, the first time."""
    for ahead in (_SUMMER, _WINTER):
        moment = (clock - ahead).replace(tzinfo=UTC)
        if danish_time(moment) == clock:
            return moment
    return (clock - _WINTER).replace(tzinfo=UTC)  # the hour that there is not in March


def _last_sunday(year: int, month: int) -> datetime:
    """Return when the clocks change in a month of 31 days, in UTC."""
    last = datetime(year, month, 31, _CHANGES_AT)  # noqa: DTZ001 - UTC, compared with UTC
    return last - timedelta(days=last.isoweekday() % 7)
