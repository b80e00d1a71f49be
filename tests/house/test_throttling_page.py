"""What the schools are told about throttling is what the rules say."""

import re

import pytest

from tests.builders.throttle import most_in_a_row
from tests.house.source import ROOT
from unilogin.domain.credentials.admission import QUEUE_SECONDS
from unilogin.domain.credentials.windows import WRONG_CODES
from unilogin.domain.limits import rules
from unilogin.domain.limits.model import ELSEWHERE, FIRST_DEVICE, HOME, Kind, Place

PAGE = " ".join((ROOT / "docs/throttling.md").read_text("utf-8").split())


TYPED, PICTURES = Kind.TYPED, Kind.PICTURES


def cap(kind: Kind, place: Place) -> int:
    return rules.allowance(kind, place).cap


def day(place: Place) -> int:
    return rules.allowance(PICTURES, place).a_day


def devices(kind: Kind) -> int:
    return rules.last_device(kind) - FIRST_DEVICE + 1


@pytest.mark.parametrize(
    "told",
    [
        f"(at most {devices(TYPED)}; for picture codes {devices(PICTURES)}) |",
        f"| {cap(TYPED, FIRST_DEVICE)}; pictures {cap(PICTURES, FIRST_DEVICE)} |",
        f"own school | {cap(TYPED, HOME)}; pictures {cap(PICTURES, HOME)}",
        f"anywhere else | {cap(TYPED, ELSEWHERE)}; pictures {cap(PICTURES, ELSEWHERE)}",
        f"together make {most_in_a_row(TYPED)}",
        f"for picture codes {most_in_a_row(PICTURES)}.",
        "then 1, 2, 4, 8, 15, 30, 60 seconds",
        f"{day(FIRST_DEVICE)} wrong codes a day on a known device, {day(HOME)} at the school,",
        f"{day(ELSEWHERE)} elsewhere, whatever succeeds in between",
        f"after {rules.NET_BURST} wrong tries at once or 60 in ten minutes",
        f"(at least {rules.SITE_FAILURES}) in ten minutes",
        f"(at least {rules.SITE_UNKNOWN})",
        f"(at least {rules.SITE_DAY_FAILURES}) in a day",
        f"failed on {rules.SPRAY_AT_A_SITE} accounts of one school or on {rules.SPRAY_ANYWHERE} anywhere",
        f"fails on {rules.ACCOUNTS_OF_A_DEVICE} different accounts",
        f"{WRONG_CODES} wrong ones close that pupil's window",
        f"{rules.CHECKS_A_NET} wrong ones in ten minutes, whatever the pupil, and {rules.CHECKS_A_SCHOOL} from",
    ],
)
def test_a_number_told_is_a_number_of_the_rules(told: str) -> None:
    assert told in PAGE


def test_the_words_for_numbers_fit_too() -> None:
    assert rules.LONGEST_WAIT == 15 * 60
    assert "a quarter of an hour" in PAGE
    assert rules.ANSWER_SECONDS == 0.25
    assert "a quarter of a second" in PAGE
    assert rules.TURN_SECONDS == 2
    assert "two seconds later" in PAGE
    assert QUEUE_SECONDS == 2
    assert "at most two seconds" in PAGE
    assert rules.PAUSE_SECONDS == 5 * 60
    assert "a break of five minutes" in PAGE
    assert rules.SPRAY_REFUSED_SECONDS == 3600
    assert "for an hour" in PAGE
    assert re.search(r"half as many wrong tries as you have pupils", PAGE)
    assert (rules.SITE_FAILURES_A_PUPIL, rules.SITE_UNKNOWN_A_PUPIL, rules.SITE_DAY_FAILURES_A_PUPIL) == (0.5, 0.1, 2)
