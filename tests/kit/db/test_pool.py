"""Connections are lent and taken back: the last one used first, in turn where people wait, dead ones replaced."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

import asyncpg
import pytest

from tests.builders.running import run
from unilogin.kit.db.connection import BROKEN, Pool, acquire, close_pool, open_pool
from unilogin.kit.db.pool import ServingConnection

PID = "select pg_backend_pid()"


def with_pool(dsn: str, story: Callable[[Pool], Awaitable[None]], *, size: int = 2) -> None:
    async def tell() -> None:
        pool = await open_pool(dsn, role=None, size=size)
        try:
            await story(pool)
        finally:
            await close_pool(pool)

    run(tell())


def test_the_connection_used_last_is_used_next(database: str) -> None:
    async def story(pool: Pool) -> None:
        first = await pool.fetchval(PID)
        async with acquire(pool) as held:
            assert await held.fetchval(PID) == first
            second = await pool.fetchval(PID)
        assert second != first
        assert await pool.fetchval(PID) == first

    with_pool(database, story)


def test_those_who_wait_are_served_in_turn_and_get_what_was_given_back(database: str) -> None:
    served: list[int] = []

    async def one(pool: Pool, number: int) -> None:
        async with acquire(pool):
            served.append(number)

    async def story(pool: Pool) -> None:
        async with acquire(pool):
            waiting = [asyncio.ensure_future(one(pool, number)) for number in range(5)]
            await asyncio.sleep(0)
            assert served == []
        await asyncio.gather(*waiting)
        assert served == [0, 1, 2, 3, 4]
        assert (pool.get_size(), pool.get_idle_size()) == (1, 1)

    with_pool(database, story, size=1)


def test_f_13_one_who_gets_none_in_time_is_told_so_and_takes_no_place_along(database: str) -> None:
    async def story(pool: Pool) -> None:
        async with acquire(pool):
            with pytest.raises(TimeoutError):
                await pool.fetchval(PID)
        assert await pool.fetchval("select 1") == 1

    with_pool(database, story, size=1)


def test_a_connection_that_died_is_replaced(database: str) -> None:
    async def story(pool: Pool) -> None:
        async with acquire(pool) as other, acquire(pool) as victim:
            await other.fetchval("select pg_terminate_backend($1)", await victim.fetchval(PID))
            with pytest.raises((asyncpg.PostgresError, *BROKEN)):  # or its words of farewell, out of turn
                await victim.fetchval("select 1")
        assert [await pool.fetchval("select 1") for _ in range(3)] == [1, 1, 1]

    with_pool(database, story)


def test_one_who_leaves_in_the_middle_of_a_statement_leaves_nothing_behind(database: str) -> None:
    async def leave(pool: Pool) -> None:
        async with acquire(pool) as connection, asyncio.timeout(0.05):
            await connection.fetchval("select 1 from pg_sleep(2)")

    async def story(pool: Pool) -> None:
        with pytest.raises(TimeoutError):
            await leave(pool)
        assert await pool.fetchval("select 2") == 2

    with_pool(database, story, size=1)


def test_a_transaction_that_nobody_ended_is_not_handed_on(database: str) -> None:
    async def story(pool: Pool) -> None:
        async with acquire(pool) as connection:
            await connection.execute("begin")
        async with acquire(pool) as connection:
            assert not connection.is_in_transaction()

    with_pool(database, story, size=1)


def test_f_17_a_connection_knows_since_when_it_waits(database: str) -> None:
    async def story(pool: Pool) -> None:
        async with acquire(pool) as connection:
            serving = cast(ServingConnection, connection)
            asking = asyncio.ensure_future(connection.fetchval("select 1 from pg_sleep(0.05)"))
            await asyncio.sleep(0.01)
            assert serving.asked_at is not None
            await asking
            assert serving.asked_at is None

    with_pool(database, story, size=1)


def test_a_pool_that_closes_lends_no_more(database: str) -> None:
    async def story() -> None:
        pool = await open_pool(database, size=2)
        await close_pool(pool)
        with pytest.raises(asyncpg.InterfaceError):
            await pool.fetchval("select 1")

    run(story())


def test_f_08_a_connection_lost_between_preparing_and_asking_is_a_lost_connection(database: str) -> None:
    """asyncpg forgets to look again there; the moment is made by ending the connection in it."""

    class LostInBetween(ServingConnection):
        async def _get_statement(self, *args: object, **more: object) -> object:
            statement = await super()._get_statement(*args, **more)  # type: ignore[misc]  # asyncpg's own, without types
            self.terminate()
            return statement

    async def tell() -> None:
        connection = await asyncpg.connect(database, connection_class=LostInBetween)
        with pytest.raises(BROKEN):
            await connection.fetchrow("select 1")

    run(tell())
