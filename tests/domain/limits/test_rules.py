"""The numbers of throttling, by table."""

from ipaddress import ip_network
from uuid import UUID

import pytest

from tests.builders.throttle import MOST_IN_A_ROW, most_in_a_day, most_in_a_row
from unilogin.domain.limits import rules
from unilogin.domain.limits.fingerprints import Fingerprints
from unilogin.domain.limits.model import ELSEWHERE, FIRST_DEVICE, HOME, Circumstances, Kind, Place, Site

MINE, OTHER = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize("kind", Kind)
def test_n_23_all_buckets_of_an_account_together_take_at_most_100_wrong_guesses_in_a_row(kind: Kind) -> None:
    assert most_in_a_row(kind) <= MOST_IN_A_ROW


@pytest.mark.parametrize(
    ("kind", "place", "waits"),
    [
        (Kind.TYPED, FIRST_DEVICE, [0, 0, 0, 1, 2, 4, 8, 15, 30, 60]),
        (Kind.TYPED, Place(FIRST_DEVICE + 4), [0, 0, 0, 1, 2, 4, 8, 15, 30, 60]),
        (Kind.TYPED, HOME, [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, *[900] * 10]),
        (Kind.TYPED, ELSEWHERE, [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, *[900] * 10]),
        (Kind.PICTURES, FIRST_DEVICE, [0, 0, 0, 1, 2]),
        (Kind.PICTURES, HOME, [0, 0, 0, 0, 0, 1, 2, 4, 8, 16]),
        (Kind.PICTURES, ELSEWHERE, [0, 0, 0, 0, 0]),
    ],
)
def test_waits_and_caps(kind: Kind, place: Place, waits: list[float]) -> None:
    allowance = rules.allowance(kind, place)
    assert list(allowance.waits) == waits
    assert allowance.cap == len(waits)


@pytest.mark.parametrize(
    ("kind", "devices", "in_a_row", "in_a_day"),
    [(Kind.TYPED, 5, 100, 7 * rules.NO_BUDGET), (Kind.PICTURES, 3, 30, 39)],
)
def test_how_much_an_account_takes(kind: Kind, devices: int, in_a_row: int, in_a_day: int) -> None:
    assert rules.last_device(kind) == FIRST_DEVICE + devices - 1
    assert most_in_a_row(kind) == in_a_row
    assert most_in_a_day(kind) == in_a_day


@pytest.mark.parametrize(
    ("slot", "failures", "kind", "trusted"),
    [
        (None, 0, Kind.TYPED, False),
        (2, 0, Kind.TYPED, True),
        (2, 9, Kind.TYPED, True),
        (2, 10, Kind.TYPED, False),
        (6, 0, Kind.TYPED, True),
        (4, 4, Kind.PICTURES, True),
        (4, 5, Kind.PICTURES, False),
        (5, 0, Kind.PICTURES, False),
    ],
)
def test_r1_a_device_is_trusted_until_its_bucket_is_full(
    slot: int | None, failures: int, kind: Kind, *, trusted: bool
) -> None:
    place = None if slot is None else Place(slot)
    circumstances = Circumstances(
        hour=0,
        slot=place,
        slot_failures=failures,
        site=None,
        net_slowed=False,
        paused_seconds=0,
        pictures_share=0.3,
    )
    assert rules.trusted_slot(circumstances, kind) == (place if trusted else None)


@pytest.mark.parametrize(
    ("site", "own", "decoy", "home"),
    [
        ([MINE], [MINE], False, True),
        ([MINE, OTHER], [OTHER], False, True),
        ([MINE], [OTHER], True, False),
        ([], [MINE], True, False),
        ([], [], True, False),
        ([MINE], [], True, True),
        ([MINE], [], False, False),
    ],
)
def test_which_school_is_home(site: list[UUID], own: list[UUID], *, decoy: bool, home: bool) -> None:
    assert rules.is_home(site, own, decoy=decoy) is home


def test_half_of_the_unknown_names_are_at_home_at_a_site_and_stay_so() -> None:
    fingerprints = Fingerprints(b"k" * 32)
    site = Site(ip_network("203.0.113.0/24"), frozenset([MINE]), slowed=False)
    names = [fingerprints.account(f"none{number:04}") for number in range(1000)]
    first = [fingerprints.decoy_home(name, site) for name in names]
    assert 430 < sum(first) < 570
    assert first == [fingerprints.decoy_home(name, site) for name in names]


def test_prints_cannot_be_compared_over_accounts_hours_or_installations() -> None:
    mine, theirs = Fingerprints(b"k" * 32), Fingerprints(b"l" * 32)
    one, two = mine.account("anna1234"), mine.account("bent1234")
    prints = mine.prints(one, b"secret", site=None, hour=7)
    assert prints.again != mine.prints(two, b"secret", site=None, hour=7).again
    assert prints.spray == mine.prints(two, b"secret", site=None, hour=7).spray
    assert prints.spray != mine.prints(one, b"secret", site=None, hour=8).spray
    assert prints.spray == mine.prints(one, b"secret", site=None, hour=8).earlier_spray
    assert prints.spray != theirs.prints(theirs.account("anna1234"), b"secret", site=None, hour=7).spray
    assert "6b6b" not in repr(mine)
    assert "kkkk" not in repr(mine)
