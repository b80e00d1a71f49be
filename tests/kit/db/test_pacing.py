"""Large work leaves a busy machine to those who sign in."""

import pytest

from unilogin.kit.db.pacing import FREE_SECONDS, Pace

SECOND = 10**9


@pytest.mark.parametrize(
    ("ran", "waited", "expected"),
    [
        (SECOND, 0, 0.0),  # it ran whenever it wanted to: nobody else is here
        (SECOND, SECOND, 1.0),
        (0, SECOND, 2.0),  # it was never let
        (0, 0, 0.0),  # the kernel does not tell
    ],
)
def test_the_pause_grows_with_how_long_others_were_preferred(ran: int, waited: int, expected: float) -> None:
    pace = Pace()
    assert pace.is_due(0.5)
    assert pace.pause(ran, waited) == expected


def test_little_work_is_not_paused_and_only_what_happened_since_the_last_pause_counts() -> None:
    pace = Pace()
    assert not pace.is_due(FREE_SECONDS * 0.75)
    assert pace.is_due(FREE_SECONDS * 0.75)
    assert pace.pause(0, SECOND) == pytest.approx(FREE_SECONDS * 1.5 * 4)
    assert not pace.is_due(0.01)
    assert pace.is_due(1.0)
    assert pace.pause(SECOND, SECOND) == 0.0


def test_no_pause_is_endless() -> None:
    pace = Pace()
    assert pace.is_due(3600.0)
    assert pace.pause(0, SECOND) == 2.0
