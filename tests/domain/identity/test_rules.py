"""Which account goes on, with which number, and when two must not become one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from unilogin.domain.directory.cpr import CprKind
from unilogin.domain.directory.model import AccountId, PersonId, Username
from unilogin.domain.identity.model import NotDone, Side, Use
from unilogin.domain.identity.rules import goes_on, takes_other_number, why_not_merge

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
OLD = datetime(2020, 8, 1, tzinfo=UTC)


def use(days: int | None, services: int = 0, *, secret: bool = True, age: int = 0) -> Use:
    seen = None if days is None else NOW - timedelta(days=days)
    return Use(seen, services, secret, OLD + timedelta(days=age))


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        (use(300), use(None, 5), "used"),
        (use(1), use(40, 9), "used clearly later"),
        (use(20, 3), use(1, 2), "known to more services"),
        (use(1, 2), use(20, 2), "used later"),
        (use(None, 0), use(None, 0, secret=False, age=-9), "has a password or passkey"),
        (use(None, 0), use(None, 0, age=9), "older"),
        (use(None, 1, secret=False), use(None, 0), "known to more services"),
    ],
)
def test_the_account_goes_on_whose_loss_would_be_felt(first: Use, second: Use, why: str) -> None:
    assert goes_on(first, second) == (True, why)
    assert goes_on(second, first) == (False, why)


@pytest.mark.parametrize(
    ("kept", "other", "takes"),
    [
        (CprKind.REPLACEMENT, CprKind.REAL, True),
        (CprKind.REAL, CprKind.REPLACEMENT, False),
        (CprKind.REAL, CprKind.REAL, False),
        (CprKind.TEST, CprKind.LETTERS, True),
        (None, CprKind.LETTERS, True),
        (CprKind.LETTERS, None, False),
        (None, None, False),
    ],
)
def test_a_number_of_the_register_beats_the_others(kept: CprKind | None, other: CprKind | None, takes: bool) -> None:
    assert takes_other_number(kept, other) is takes


def side(number: int, *, blocked: bool = False, merged: bool = False, kind: CprKind | None = None) -> Side:
    ident = UUID(int=number)
    name = Username(f"test{number:04}")
    return Side(AccountId(ident), PersonId(ident), name, "", "", blocked, merged, use(None), kind, ())


ONE = side(1)


@pytest.mark.parametrize(
    ("other", "related", "why"),
    [
        (side(2), False, None),
        (ONE, False, NotDone.SAME),
        (side(2, merged=True), False, NotDone.MERGED_BEFORE),
        (side(2, blocked=True), False, NotDone.BLOCKED),
        (side(2), True, NotDone.RELATED),
        (side(2, kind=CprKind.REAL), False, NotDone.TWO_NUMBERS),
        (side(2, kind=CprKind.REPLACEMENT), False, None),
    ],
)
def test_two_people_do_not_become_one(other: Side, related: bool, why: NotDone | None) -> None:
    one = replace(ONE, number=CprKind.REAL)
    assert why_not_merge(one, other, related=related, two_numbers=False) is why
    if why is NotDone.TWO_NUMBERS:
        assert why_not_merge(one, other, related=related, two_numbers=True) is None
