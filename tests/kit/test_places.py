"""Places for heavy work: one works, a few wait, the rest is told to come again."""

import asyncio

import pytest

from tests.builders.running import run
from unilogin.kit.places import FullError, Places


async def hold(places: Places, released: asyncio.Event) -> None:
    async with places.one():
        await released.wait()


def test_who_finds_the_queue_full_is_told_so() -> None:
    async def story() -> None:
        places, released = Places(at_once=1, waiting=1, seconds=60), asyncio.Event()
        working, waiting = (asyncio.create_task(hold(places, released)) for _ in range(2))
        await asyncio.sleep(0)
        with pytest.raises(FullError):
            await hold(places, released)
        released.set()
        await asyncio.gather(working, waiting)
        await hold(places, released)

    run(story())


def test_who_waits_too_long_is_told_so_and_leaves_the_queue() -> None:
    async def story() -> None:
        places, released = Places(at_once=1, waiting=1, seconds=0), asyncio.Event()
        working = asyncio.create_task(hold(places, released))
        await asyncio.sleep(0)
        for _ in range(3):
            with pytest.raises(FullError, match="in vain"):
                await hold(places, released)
        released.set()
        await working
        await hold(places, released)

    run(story())
