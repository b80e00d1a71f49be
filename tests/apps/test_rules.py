"""What things are called: devices, moments, and everything the audit log may hold."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unilogin.apps.account.history import TOLD, code_of
from unilogin.apps.account.model import Happening
from unilogin.apps.shell.moments import said_when
from unilogin.domain.audit.events import Event
from unilogin.kit.danish_time import danish_time
from unilogin.kit.text import LANGUAGES, load_texts
from unilogin.kit.web.devices import device_words

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("browser", "words"),
    [
        ("(X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 Chrome/130.0 Safari/537.36", ("Chrome", "Chromebook")),
        ("(Windows NT 10.0; Win64; x64) Chrome/130.0 Safari/537.36 Edg/130.0", ("Edge", "Windows")),
        ("(iPad; CPU OS 17_0 like Mac OS X) Version/17.0 Safari/604.1", ("Safari", "iPad")),
        ("(iPhone; CPU iPhone OS 17_0 like Mac OS X) CriOS/130.0 Mobile Safari/604.1", ("Chrome", "iPhone")),
        ("(Macintosh; Intel Mac OS X 10_15_7) Version/17.0 Safari/605.1", ("Safari", "Mac")),
        ("(X11; Ubuntu; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0", ("Firefox", "Linux")),
        ("(Linux; Android 14; SM-X210) SamsungBrowser/26.0 Chrome/122.0", ("Samsung Internet", "Android")),
        ("curl/8.5.0", (None, None)),
        ("", (None, None)),
    ],
)
def test_a_device_has_a_name_that_its_owner_knows(browser: str, words: tuple[str | None, str | None]) -> None:
    assert device_words(browser) == words


@given(st.text(max_size=300))
def test_a_browser_may_call_itself_anything(text: str) -> None:
    assert len(device_words(text)) == 2


@given(st.integers(min_value=0, max_value=40 * 366 * 24 * 60))
def test_danish_clocks_are_those_of_copenhagen(minutes: int) -> None:
    moment = datetime(1997, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    assert danish_time(moment) == moment.astimezone(ZoneInfo("Europe/Copenhagen")).replace(tzinfo=None)


@pytest.mark.parametrize("year", range(2020, 2038))
@pytest.mark.parametrize("month", [3, 10])
def test_the_hour_changes_on_the_right_night(year: int, month: int) -> None:
    moment = datetime(year, month, 24, tzinfo=UTC)
    for hours in range(8 * 24):
        at = moment + timedelta(hours=hours)
        assert danish_time(at) == at.astimezone(ZoneInfo("Europe/Copenhagen")).replace(tzinfo=None)


@pytest.mark.parametrize(
    ("moment", "danish", "english"),
    [
        (NOW, "i dag kl. 13.00", "today at 13:00"),
        (NOW - timedelta(hours=13), "i dag kl. 00.00", "today at 00:00"),
        (NOW - timedelta(days=1), "i går kl. 13.00", "yesterday at 13:00"),
        (NOW - timedelta(days=40), "13. oktober kl. 14.00", "13 October at 14:00"),
        (NOW - timedelta(days=400), "18. oktober 2025 kl. 14.00", "18 October 2025 at 14:00"),
    ],
)
def test_a_moment_is_said_as_people_say_it(moment: datetime, danish: str, english: str) -> None:
    texts = load_texts()
    assert said_when(texts, "da", moment, now=NOW) == danish
    assert said_when(texts, "en", moment, now=NOW) == english


NOT_TOLD = {
    Event.INSTITUTION_CREATED,
    Event.INSTITUTION_CHANGED,
    Event.DELIVERY_APPLIED,
    Event.DELIVERY_REFUSED,
    Event.DELIVERY_PARKED,
    Event.DELIVERY_DECIDED,
    Event.DELIVERY_REJECTED,
    Event.DELIVERY_UNDONE,
    Event.DELIVERY_LIMITS_SET,
    Event.SENDER_ADDED,
    Event.SENDER_STOPPED,
    Event.SENDER_AGREED,
    Event.SENDER_AGREEMENT_ENDED,
    Event.SENDER_CERTIFICATE_ADDED,
    Event.SENDER_CERTIFICATE_REMOVED,
    Event.SENDER_TOKEN_GIVEN,
    Event.SENDER_TOKEN_REVOKED,
    Event.SENDER_REFUSED,
    Event.SENDER_ANSWERS_SIGNED_ANEW,
    Event.SWITCH_PLANNED,
    Event.SWITCH_DECIDED,
    Event.SWITCH_RUN,
    Event.SWITCH_UNDONE,
    Event.SWITCH_WANTED,
    Event.SWITCH_NOT_RUN,
    Event.CUSTODY_ROLES_SET,
    Event.SITE_ALERTED,
    Event.SPRAY_ALERTED,
    Event.SITE_RANGE_ADDED,
    Event.SITE_RANGE_REMOVED,
    Event.SERVICE_CREATED,
    Event.SERVICE_CHANGED,
    Event.CLIENT_SECRET_ROTATED,
    Event.LICENCE_GRANTED,
    Event.PROVIDER_CREATED,
    Event.PROVIDER_CHANGED,
    Event.PROVIDER_DISABLED,
    Event.SCHOOL_DECIDED,
    Event.CLASS_LENT,
    Event.LOAN_ENDED,
    Event.KEY_CREATED,
    Event.KEY_RETIRED,
    Event.KEY_REMOVED,
    Event.AUDIT_EXPORTED,
    Event.ROSTER_EXPORTED,
    Event.EXPORT_DOMAIN_SET,
    Event.AUDIT_MONTH_DROPPED,
}
"""About no person."""

MACHINERY = {
    Event.CORRECTION_PROPOSED,
    Event.CORRECTION_DROPPED,
    Event.RETURN_WANTED,
    Event.CPR_CHANGE_DISMISSED,
    Event.MEMBERSHIP_CONFIRMED,
    Event.PERSON_NOT_ADDED,
    Event.PERSON_ERASED,
    Event.PASSWORD_REHASHED,
    Event.PASSWORD_DUE,
    Event.VOUCH_ASKED,
    Event.VOUCH_CANCELLED,
    Event.PASSKEY_RENAMED,
    Event.PASSKEY_REFUSED,
    Event.DEVICE_DISTRUSTED,
    Event.PROVIDER_ANSWER_REFUSED,
    Event.CODE_REPLAYED,
    Event.TOKENS_ISSUED,
    Event.TOKENS_REFRESHED,
    Event.REFRESH_REPLAYED,
    Event.TOKENS_REVOKED,
    Event.RIGHT_CARRIED,
}
"""How something that is told came about: one line about it is enough."""


def test_n_112_of_every_event_it_is_decided_whether_its_subject_is_told() -> None:
    decided = [*TOLD, *NOT_TOLD, *MACHINERY]
    assert sorted(decided) == sorted(set(decided))
    assert set(Event) - set(decided) == set()


@pytest.mark.parametrize("event", TOLD)
@pytest.mark.parametrize(
    "word",
    [None, "parent", "teacher", "logout", "new password", "proved more", "passkey removed", "mitid", "something new"],
)
def test_everything_that_is_told_has_a_sentence(event: Event, word: str | None) -> None:
    happening = Happening(1, NOW, event.value, "ok", "self", None, None, word)
    texts = load_texts()
    for language in LANGUAGES:
        assert texts(language, code_of(happening), service="Regneriget", place="Klitborg Skole")
