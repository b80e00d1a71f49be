"""Windows of five minutes: opened again and again, claimed once, in time, by whom they are for."""

import pytest

from tests.builders.clock import Clock
from tests.builders.people import People, Somebody
from tests.builders.running import run
from tests.recovery.families import Families
from tests.recovery.inside_windows import Windows
from unilogin.domain.credentials.windows import WindowKind, WindowState
from unilogin.kit.db.connection import connect

PARENT = WindowKind.PARENT


@pytest.fixture
def family(own_people: People) -> tuple[Somebody, Somebody, Families]:
    parent, child = own_people.teacher(), own_people.pupil(level="2", secret=None)
    families = Families(own_people)
    families.custody(parent, child)
    return parent, child, families


def test_rw_2_of_fifty_claims_at_once_one_wins(people: People, windows: Windows) -> None:
    teacher, pupil = people.teacher(), people.pupil(level="2")
    windows.open(teacher, pupil)
    won = [window for window in windows.claim(pupil, times=50) if window]
    assert len(won) == 1
    assert windows.latest(teacher, pupil)[pupil.username].state is WindowState.CLAIMED
    assert windows.claim(pupil) == [None]


def test_rw_2_with_two_windows_open_still_one_wins(people: People, families: Families, windows: Windows) -> None:
    teacher, parent, pupil = people.teacher(), people.teacher(), people.pupil(level="2")
    families.custody(parent, pupil)
    windows.open(teacher, pupil)
    windows.open(parent, pupil, kind=PARENT)
    won = [window for window in windows.claim(pupil, times=50) if window]
    assert [window.kind for window in won] == [PARENT]
    for opener in (teacher, parent):
        assert windows.latest(opener, pupil)[pupil.username].state is WindowState.CLAIMED


@pytest.mark.parametrize(("seconds", "wins"), [(4 * 60 + 59.9, True), (5 * 60 + 0.1, False)])
def test_rw_3_v_52_after_five_minutes_it_is_over(
    database: str, own_people: People, seconds: float, *, wins: bool
) -> None:
    """No job and no worker runs here: the claiming statement decides, with the database's clock."""
    windows, clock = Windows(database), Clock(database)
    teacher, pupil = own_people.teacher(), own_people.pupil(level="2")
    run(clock.move(0))
    run(_stand_still(database))
    windows.open(teacher, pupil)
    run(clock.move(seconds))
    assert (windows.claim(pupil) != [None]) is wins


async def _stand_still(dsn: str) -> None:
    """Let the clock go on only when it is moved: the machine may be slow."""
    connection = await connect(dsn)
    await connection.execute(
        "create or replace function kit_now() returns timestamptz language sql stable parallel safe"
        " return timestamptz '2026-03-02 10:00+01' + (select moved from tests_clock)"
    )
    await connection.close()


def test_to_press_twice_is_to_press_once(people: People, windows: Windows) -> None:
    teacher, pupil = people.teacher(), people.pupil(level="2")
    first, second = windows.open(teacher, pupil), windows.open(teacher, pupil)
    assert first.window_id == second.window_id
    assert second.expires_at > first.expires_at


def test_a_cancelled_window_opens_nothing_and_only_its_opener_cancels(people: People, windows: Windows) -> None:
    teacher, other, pupil = people.teacher(), people.teacher(), people.pupil(level="2")
    window = windows.open(teacher, pupil)
    assert not windows.cancel(window.window_id, other)
    assert windows.cancel(window.window_id, teacher)
    assert not windows.cancel(window.window_id, teacher)
    assert windows.claim(pupil) == [None]


def test_custody_lost_after_the_opening_opens_nothing(
    database: str, family: tuple[Somebody, Somebody, Families]
) -> None:
    parent, child, families = family
    windows = Windows(database)
    windows.open(parent, child, kind=PARENT)
    families.custody(parent, child, custody=False)
    assert windows.claim(child) == [None]
    families.custody(parent, child)
    assert windows.claim(child) != [None]


def test_a_blocked_pupil_claims_nothing(people: People, windows: Windows) -> None:
    teacher, pupil = people.teacher(), people.pupil(level="2")
    windows.open(teacher, pupil)
    people.block(pupil)
    assert windows.claim(pupil) == [None]
