"""When something happened, in words: today, yesterday, or the date. Pure."""

from datetime import datetime, timedelta

from babel.dates import format_date

from unilogin.kit.danish_time import danish_time
from unilogin.kit.text import Language, Texts


def said_when(texts: Texts, language: Language, moment: datetime, *, now: datetime) -> str:
    """Return a moment as people say it, by Danish clocks."""
    local, today = danish_time(moment), danish_time(now).date()
    clock = said_clock(language, moment)
    if local.date() == today:
        return texts(language, "shell.when.today", clock=clock)
    if local.date() == today - timedelta(days=1):
        return texts(language, "shell.when.yesterday", clock=clock)
    return texts(language, "shell.when.day", day=said_day(language, moment, now=now), clock=clock)


def said_day(language: Language, moment: datetime, *, now: datetime) -> str:
    """Return the day of a moment; with the year when it is another one."""
    local = danish_time(moment)
    day = "d. MMMM" if language == "da" else "d MMMM"
    return format_date(local, day if local.year == danish_time(now).year else f"{day} y", locale=_LOCALES[language])


def said_clock(language: Language, moment: datetime) -> str:
    """Return the time of day of a moment, as it is written in each language."""
    return danish_time(moment).strftime("%H.%M" if language == "da" else "%H:%M")


_LOCALES = {"da": "da", "en": "en_GB"}
