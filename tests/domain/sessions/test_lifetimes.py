"""How long a session lives, by the database's clock (N-19, B-L14)."""

import pytest

from tests.builders.running import run
from unilogin.domain.directory.model import ActorGroup
from unilogin.domain.sessions.model import Device
from unilogin.domain.sessions.queries import LIVE
from unilogin.domain.sessions.rules import cookie_seconds, lifetime
from unilogin.kit.db.connection import connect

PUPIL = (ActorGroup.ELEV,)
TEACHER = (ActorGroup.MEDARBEJDER,)
PARENT_AND_PUPIL = (ActorGroup.ELEV, ActorGroup.KONTAKTPERSON)


@pytest.mark.parametrize(
    ("groups", "device", "idle_minutes", "hours"),
    [
        (PUPIL, Device.SHARED, 45, 8),
        (TEACHER, Device.SHARED, 45, 8),
        (PUPIL, Device.OWN, 480, 12),
        (TEACHER, Device.OWN, 120, 12),
        (PARENT_AND_PUPIL, Device.OWN, 120, 12),
        ((), Device.OWN, 120, 12),
    ],
)
def test_n_19_a_session_lives_by_role_and_kind_of_device(
    groups: tuple[ActorGroup, ...], device: Device, idle_minutes: int, hours: int
) -> None:
    lives = lifetime(groups, device)
    assert (lives.idle_seconds, lives.absolute_seconds) == (idle_minutes * 60, hours * 3600)
    assert cookie_seconds(device, lives) == (None if device is Device.SHARED else hours * 3600)


@pytest.mark.parametrize(
    ("seen_ago", "ends_in", "ended", "alive"),
    [
        (44 * 60 + 59, 60, False, True),
        (45 * 60 + 1, 60, False, False),
        (0, 1, False, True),
        (0, -1, False, False),
        (0, 60, True, False),
    ],
)
def test_b_l14_a_session_ends_at_its_idle_and_its_absolute_limit(
    database: str, seen_ago: int, ends_in: int, ended: bool, alive: bool
) -> None:
    async def is_alive() -> bool:
        connection = await connect(database)
        try:
            found = await connection.fetchval(
                f"select {LIVE} from (select kit_now() - $1 * interval '1 second' as seen_at, 2700 as idle_seconds,"
                " kit_now() + $2 * interval '1 second' as expires_at,"
                " case when $3 then kit_now() end as ended_at) s",
                seen_ago,
                ends_in,
                ended,
            )
        finally:
            await connection.close()
        return bool(found)

    assert run(is_alive()) is alive
