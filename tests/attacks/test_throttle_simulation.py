"""RT-11: what picture codes withstand, by drawing a thousand schools under attack with the numbers of the rules.

A code is four of twenty pictures, drawn by the system: 160 000 possibilities, all as likely. The attacker sits inside
the school, knows every username, has a browser that each child trusts, and guesses all day without repeating himself.
"""

import random
from dataclasses import dataclass

import pytest

from tests.builders.throttle import most_in_a_day, most_in_a_row
from unilogin.domain.credentials.rules import PICTURES_IN_CODE
from unilogin.domain.limits import rules
from unilogin.domain.limits.model import ELSEWHERE, Kind, Place
from unilogin.kit.web.look.pictograms import PICTOGRAMS

CODES = len(PICTOGRAMS) ** PICTURES_IN_CODE
CHILDREN = 200
SCHOOLS = 1000
WINDOWS_OF_A_DAY = 8 * 6
IN_TEN_MINUTES = int(max(rules.SITE_FAILURES, rules.SITE_FAILURES_A_PUPIL * CHILDREN))
IN_A_DAY = int(max(rules.SITE_DAY_FAILURES, rules.SITE_DAY_FAILURES_A_PUPIL * CHILDREN))
"""After which the school is told."""


@dataclass(slots=True)
class Bucket:
    """One bucket of one child, by the rules."""

    place: Place
    in_a_row: int = 0
    today: int = 0

    def takes_a_guess(self) -> bool:
        allowance = rules.allowance(Kind.PICTURES, self.place)
        if self.in_a_row >= allowance.cap or self.today >= allowance.a_day:
            return False
        self.in_a_row += 1
        self.today += 1
        return True


def buckets() -> list[Bucket]:
    return [Bucket(Place(place)) for place in range(ELSEWHERE, rules.last_device(Kind.PICTURES) + 1)]


def guesses_of_a_day(*, child_signs_in: bool) -> int:
    """How many guesses one child's buckets take in a day; the child's own success begins a row anew."""
    taken = 0
    for bucket in buckets():
        while True:
            if bucket.takes_a_guess():
                taken += 1
            elif child_signs_in and bucket.in_a_row:
                bucket.in_a_row = 0
            else:
                break
    return taken


def test_there_are_as_many_codes_as_the_rules_reckon_with() -> None:
    assert CODES == 160_000


@pytest.mark.parametrize("child_signs_in", [False, True])
def test_rt_11_an_attack_of_a_whole_day_opens_less_than_one_account_in_twenty_schools(*, child_signs_in: bool) -> None:
    chance = random.Random(11)
    guesses = guesses_of_a_day(child_signs_in=child_signs_in)
    opened = sum(chance.randrange(CODES) < guesses for _ in range(SCHOOLS * CHILDREN))
    assert opened / SCHOOLS < 0.05
    assert CHILDREN * guesses / CODES < 0.05  # and not only by the luck of this draw


def test_rt_11_the_daily_budget_is_what_bounds_an_attacker_who_waits_for_the_children() -> None:
    assert guesses_of_a_day(child_signs_in=False) == most_in_a_row(Kind.PICTURES) == 30
    assert guesses_of_a_day(child_signs_in=True) == most_in_a_day(Kind.PICTURES) == 39


@pytest.mark.parametrize("a_window", [10**6, IN_TEN_MINUTES - 1, 20])
def test_rt_11_the_school_is_told_before_a_quarter_of_the_guesses_is_spent(a_window: int) -> None:
    """Whether the attacker hurries, stays just under the budget of ten minutes, or is in no hurry at all."""
    at_school = [bucket for _ in range(CHILDREN) for bucket in buckets() if bucket.place != ELSEWHERE]
    possible = sum(rules.allowance(Kind.PICTURES, bucket.place).cap for bucket in at_school)
    spent, told_after = 0, None
    for _ in range(WINDOWS_OF_A_DAY):
        in_this_window = 0
        for bucket in at_school:
            while in_this_window < a_window and bucket.takes_a_guess():
                in_this_window += 1
                spent += 1
                if told_after is None and (in_this_window >= IN_TEN_MINUTES or spent >= IN_A_DAY):
                    told_after = spent
    assert told_after is not None
    assert told_after < possible / 4
