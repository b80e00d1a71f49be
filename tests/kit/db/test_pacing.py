"""Large work leaves a busy machine to those who sign in."""

import pytest

from unilogin.kit.db.pacing import Pace

SECOND = 10**9


@pytest.mark.parametrize(
    ("ran", "waited", "expected"),
    [
        (SECOND, 0, 0.0),  # it ran whenever it wanted to: nobody else is here
        (SECOND, SECOND, 2.0),
        (0, SECOND, 4.0),  # it was never let
        (0, 0, 0.0),  # the kernel does not tell
    ],
)
def test_the_pause_grows_with_how_long_others_were_preferred(ran: int, waited: int, expected: float) -> None:
    assert Pace().pause(1.0, ran, waited) == expected


def test_only_what_happened_since_the_last_time_counts_and_no_pause_is_endless() -> None:
    pace = Pace()
    pace.pause(1.0, 5 * SECOND, 50 * SECOND)
    assert pace.pause(1.0, 6 * SECOND, 50 * SECOND) == 0.0
    assert pace.pause(3600.0, 6 * SECOND, 60 * SECOND) == 60.0
