"""F-41: the database was gone at eight, a whole school has been reloading, and now it is back. Everybody gets in."""

import asyncio
import time
from pathlib import Path
from random import Random

import pytest

from tests.faults.ground import Ground
from tests.faults.stories import insist
from tests.faults.traveller import LostError, Traveller

OUTAGE_SECONDS = 1.0
IN_AGAIN_SECONDS = 120.0
MOST_GROWTH_MB = 60


def memory(ground: Ground) -> list[float]:
    """Megabytes that each worker keeps."""
    sizes = []
    for node in ground.nodes:
        lines = Path(f"/proc/{node.worker()}/status").read_text().splitlines()
        sizes.append(next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")))
    return sizes


async def reload_until_in(traveller: Traveller, chance: Random) -> float:
    """A pupil who does what the pages say, and reloads when they say nothing; returns when they were in."""
    until = time.monotonic() + IN_AGAIN_SECONDS
    await asyncio.sleep(chance.uniform(0, 1))
    while True:
        try:
            await insist(traveller.come_to_the_secret, until=until, polite=True)
            if not traveller.is_back():
                action, fields = traveller.form({"password": str(traveller.who.secret)})
                await insist(lambda: traveller.prove_with(action, fields), until=until, polite=True)  # noqa: B023
            url = None if traveller.is_back() else traveller.moves_on_to
            code = await insist(lambda: traveller.arrive(url), until=until, polite=True)  # noqa: B023
            await insist(lambda: traveller.redeem(code), until=until, polite=True)  # noqa: B023
        except LostError:
            if time.monotonic() > until:
                raise
        else:
            return time.monotonic()


def herd(ground: Ground, people: int) -> None:
    async def story() -> tuple[float, list[float], list[Traveller]]:
        await asyncio.to_thread(ground.cluster.stop, "immediate")
        crowd = [ground.traveller(ground.people[n % len(ground.people)]) for n in range(people)]
        coming = [asyncio.ensure_future(reload_until_in(t, Random(n))) for n, t in enumerate(crowd)]
        await asyncio.sleep(OUTAGE_SECONDS)
        await asyncio.to_thread(ground.cluster.start)
        back = time.monotonic()
        return back, [await one for one in coming], crowd

    before = memory(ground)
    back, arrived, crowd = ground.run(story(), seconds=IN_AGAIN_SECONDS + 120)
    assert max(arrived) - back < IN_AGAIN_SECONDS
    rude = [str(error) for traveller in crowd for error in traveller.unanswered if not error.is_kind]
    assert not rude
    assert all(now - then < MOST_GROWTH_MB for now, then in zip(memory(ground), before, strict=True))
    print(f"{people} people: the last was in {max(arrived) - back:.1f} s after the database was back")


def test_f_41_a_class_that_reloads_gets_in_by_itself(ground: Ground) -> None:
    herd(ground, 30)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_f_41_a_school_that_reloads_gets_in_by_itself(ground: Ground) -> None:
    herd(ground, 400)
