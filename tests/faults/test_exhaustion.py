"""F-13: no connection to spare, no place in the database, a lock somebody holds. Bounded waits, kind words, no help."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import asyncpg
import pytest

from tests.faults.ground import Ground
from tests.faults.traveller import NoAnswerError, Traveller
from unilogin.kit.db.connection import ACQUIRE_SECONDS, ANSWER_SECONDS, STATEMENT_SECONDS

LONGEST_SECONDS = ACQUIRE_SECONDS + ANSWER_SECONDS
LATE_SECONDS = 10  # the machine may be busy with other things; without a bound it would be a minute and more
MORE_THAN_THE_POOL = 14
SERVING = "select count(*) from pg_stat_activity where application_name = 'unilogin'"


@asynccontextmanager
async def locked(ground: Ground, statement: str, *arguments: object) -> AsyncIterator[None]:
    """Hold a lock for as long as the block lasts."""
    async with ground.cluster.connection() as connection, connection.transaction():
        await connection.execute(statement, *arguments)
        yield


async def turned_away(traveller: Traveller) -> NoAnswerError:
    with pytest.raises(NoAnswerError) as caught:
        await traveller.come_to_the_secret()
    return caught.value


def test_f_13_a_full_pool_turns_people_away_within_a_second_and_recovers(ground: Ground) -> None:
    node = ground.nodes[0]

    async def story() -> None:
        crowd = [ground.traveller(at=node) for _ in range(MORE_THAN_THE_POOL)]
        async with locked(ground, "lock table signin_journey in access exclusive mode"):
            errors = await asyncio.gather(*(turned_away(traveller) for traveller in crowd))
        assert all(error.is_kind for error in errors)
        waits = sorted(traveller.slowest for traveller in crowd)
        assert waits[-1] < LONGEST_SECONDS + LATE_SECONDS
        assert waits[MORE_THAN_THE_POOL - 8 - 1] < 0.8 * waits[-1]  # those who got no connection at all know sooner
        began = time.monotonic()
        await ground.traveller(at=node).enter()
        assert time.monotonic() - began < LATE_SECONDS

    ground.run(story())


def test_f_13_one_locked_row_holds_up_nobody_else(ground: Ground) -> None:
    node = ground.nodes[0]

    async def story() -> None:
        held_up = ground.traveller(ground.people[1], at=node)
        await held_up.come_to_the_secret()
        journey = held_up.page.url.path.split("/")[2]
        row = "select from signin_journey where journey_id = $1::text::uuid for update"
        async with locked(ground, row, journey):
            waiting = asyncio.ensure_future(held_up.prove())
            await ground.traveller(ground.people[2], at=node).enter()
            with pytest.raises(NoAnswerError) as caught:
                await waiting
        assert caught.value.is_kind
        assert STATEMENT_SECONDS * 0.9 < held_up.slowest < LONGEST_SECONDS + LATE_SECONDS
        assert held_up.session is None

    ground.run(story())


async def every_place(ground: Ground, stack: AsyncExitStack) -> int:
    """Take every connection that the database has left, those kept for superusers too."""
    for taken in range(1000):
        try:
            await stack.enter_async_context(ground.cluster.connection())
        except asyncpg.TooManyConnectionsError:
            return taken
    raise AssertionError("the database has no end")


def test_f_13_a_database_without_a_place_left_is_a_kind_refusal(ground: Ground) -> None:
    async def story() -> None:
        async with AsyncExitStack() as stack, ground.cluster.connection() as connection:
            for wire in ground.wires:
                wire.cut()  # what the nodes had is gone, and they have to ask for new ones
            while await connection.fetchval(SERVING):
                await asyncio.sleep(0.01)
            assert await every_place(ground, stack) > 10
            for wire in ground.wires:
                wire.mend()
            for node in ground.nodes:
                traveller = ground.traveller(at=node)
                assert (await turned_away(traveller)).is_kind
                assert traveller.slowest < LONGEST_SECONDS + LATE_SECONDS
        await asyncio.gather(*(ground.traveller(at=node).enter() for node in ground.nodes))

    ground.run(story())
