"""F-10: PostgreSQL is restarted, or dies, under load. Errors only in the gap, all of them kind, nothing half, no help.

Stopped fast and immediately as pg_ctl does it, killed with -9 whole, and one backend killed with -9, upon which
PostgreSQL drops everybody and recovers by itself.
"""

import asyncio
import time

import pytest

from tests.faults.cluster import Manner
from tests.faults.ground import Ground
from tests.faults.load import while_busy
from tests.faults.traveller import Traveller

RECOVERED_SECONDS = 30.0


def proved_kind(travellers: list[Traveller], *, up_again: float) -> None:
    """Nobody saw anything but our own words, and soon after the gap nobody saw even those."""
    unanswered = [error for traveller in travellers for error in traveller.unanswered]
    rude = [str(error) for error in unanswered if not error.is_kind]
    assert not rude
    late = [error.at - up_again for error in unanswered if error.at > up_again + RECOVERED_SECONDS]
    assert not late


@pytest.mark.parametrize("manner", ["fast", "immediate", "kill"])
def test_f_10_a_restart_under_load_is_a_gap_and_nothing_else(ground: Ground, manner: Manner) -> None:
    async def restart() -> float:
        await asyncio.to_thread(ground.cluster.restart, manner)
        return time.monotonic()

    travellers, up_again = ground.run(while_busy(ground, restart))
    proved_kind(travellers, up_again=up_again)


def test_f_10_one_backend_killed_drops_everybody_for_a_moment(ground: Ground) -> None:
    async def kill() -> float:
        await ground.cluster.kill_a_backend()
        return time.monotonic()

    travellers, up_again = ground.run(while_busy(ground, kill))
    proved_kind(travellers, up_again=up_again)


def test_f_10_while_the_database_is_down_pages_and_machines_are_told_so(ground: Ground) -> None:
    async def story(traveller: Traveller) -> None:
        redemption = await traveller.enter()
        await asyncio.to_thread(ground.cluster.stop, "fast")
        for ask in (traveller.come_to_the_secret, lambda: traveller.refresh(redemption.refresh)):
            with pytest.raises(Exception, match="503") as caught:
                await ask()
            assert caught.value.is_kind  # type: ignore[attr-defined]
        assert traveller.slowest < 15
        await asyncio.to_thread(ground.cluster.start)
        await traveller.refresh(redemption.refresh)

    ground.run(story(ground.traveller()))
