"""A school at work while something breaks: people get in and leave, one after the other, side by side."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import TypeVar

from tests.faults.ground import Ground
from tests.faults.stories import get_in, leave
from tests.faults.traveller import Traveller

Result = TypeVar("Result")


async def come_and_go(ground: Ground, number: int, enough: asyncio.Event, *, seconds: float = 120) -> list[Traveller]:
    """One person in one browser after the other; returns the browsers."""
    chance, travellers = Random(number), []
    while not enough.is_set():
        travellers.append(ground.traveller(ground.people[number]))
        redemption = await get_in(travellers[-1], chance, seconds=seconds)
        await leave(travellers[-1], redemption, seconds=seconds)
    return travellers


async def while_busy(
    ground: Ground,
    break_it: Callable[[], Awaitable[Result]],
    *,
    people: int = 4,
    before: float = 0.5,
    after: float = 1.0,
) -> tuple[list[Traveller], Result]:
    """Break something while people come and go; return their browsers and what breaking returned."""
    enough = asyncio.Event()
    working = [asyncio.ensure_future(come_and_go(ground, number, enough)) for number in range(people)]
    await asyncio.sleep(before)  # the load is on
    result = await break_it()
    await asyncio.sleep(after)
    enough.set()
    groups = await asyncio.gather(*working)
    return [traveller for group in groups for traveller in group], result
