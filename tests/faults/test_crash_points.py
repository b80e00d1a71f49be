"""F-01, F-02: a node is killed, or fails, exactly between two steps that belong together.

The browser has a valid cookie or none, the service its tokens or none, whoever tries again gets in; nothing is half.
"""

import asyncio
from random import Random

import pytest

from tests.faults.ground import Ground
from tests.faults.orders import Act, Order
from tests.faults.stories import get_in, leave, stay_in
from unilogin.kit.faults import POINTS

SIGN_IN = POINTS[:6]
SEEDS = range(3)
MANY_SEEDS = range(3, 53)
SIDE_BY_SIDE = 3


async def day(ground: Ground, chance: Random, number: int, *, whole: bool) -> None:
    """One person gets in; for a whole day they also stay in and leave."""
    traveller = ground.traveller(ground.people[number])
    redemption = await get_in(traveller, chance)
    if whole:
        redemption = await stay_in(traveller, redemption) or await get_in(traveller, chance)
        await leave(traveller, redemption)


async def days(ground: Ground, seed: str, *, whole: bool) -> None:
    """Several people side by side, each with chances of their own from the same seed."""
    await asyncio.gather(
        *(day(ground, Random(f"{seed} {number}"), number, whole=whole) for number in range(SIDE_BY_SIDE))
    )


def break_at(ground: Ground, point: str, seed: int, *, whole: bool) -> None:
    """Break a node at a point, which way and whom it hits being drawn; all who travel get in all the same."""
    chance = Random(f"{point} {seed}")
    act: Act = "raise" if seed and chance.random() < 0.3 else "crash"
    ground.orders.give(Order(point, act), after=chance.randrange(SIDE_BY_SIDE))
    print(f"seed {seed}: {act} at {point}")
    ground.run(days(ground, f"{point} {seed}", whole=whole))
    assert [order.point for order in ground.orders.obeyed()] == [point]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("point", SIGN_IN)
def test_f_01_f_02_a_node_dies_between_two_steps_of_a_sign_in(ground: Ground, point: str, seed: int) -> None:
    break_at(ground, point, seed, whole=False)


@pytest.mark.parametrize("point", ["oidc.refresh.used", "oidc.session.ended"])
def test_f_02_a_node_dies_between_a_refresh_or_a_sign_out_and_its_answer(ground: Ground, point: str) -> None:
    break_at(ground, point, 0, whole=True)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("point", POINTS[:8])
def test_f_01_f_02_fifty_more_seeds_at_every_point(ground: Ground, point: str) -> None:
    for seed in MANY_SEEDS:
        break_at(ground, point, seed, whole=True)
        ground.mend()
    ground.check()
