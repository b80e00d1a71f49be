"""What is believed of a sender, as rules: how old a message may be, and what a system may be called."""

from datetime import UTC, datetime, timedelta

import pytest

from unilogin.roster.senders.errors import SenderError
from unilogin.roster.senders.rules import believed_until, check_system_id

NOW = datetime(2026, 8, 10, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("begins", "lasts", "until"),
    [
        (0, 300, 420),
        (-300, 300, 120),
        (-419, 300, 1),
        (-421, 300, None),  # its Expires is past by more than two clocks may differ
        (120, 300, 540),
        (121, 300, None),  # from the future
        (0, 600, 720),
        (0, 601, None),  # believed for longer than a message is on its way
        (0, 0, None),
        (0, -300, None),
    ],
)
def test_a_message_is_believed_while_it_is_of_now(begins: int, lasts: int, until: int | None) -> None:
    created = NOW + timedelta(seconds=begins)
    found = believed_until(created=created, expires=created + timedelta(seconds=lasts), now=NOW)
    assert found == (None if until is None else NOW + timedelta(seconds=until))


@pytest.mark.parametrize("system_id", ["", " AB", "-AB", "A B", "AB\n", "Å1", "A" * 65])
def test_an_id_is_what_can_stand_anywhere(system_id: str) -> None:
    with pytest.raises(SenderError):
        check_system_id(system_id)


@pytest.mark.parametrize("system_id", ["1", "ABprove1", "a.b_c-d", "A" * 64])
def test_such_an_id_is_taken(system_id: str) -> None:
    check_system_id(system_id)
