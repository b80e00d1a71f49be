"""F-17: the way to the database is cut in the middle of a word, half closed, or silent. Nobody waits for ever.

Silence is the worst: no reset, no end, just nothing, as when a route is lost. Then only our own clocks help.
"""

import asyncio
import os
import signal
import socket
import time
from typing import Any

import pytest

from tests.faults.ground import Ground
from tests.faults.orders import Order
from tests.faults.test_exhaustion import LATE_SECONDS, LONGEST_SECONDS, locked
from tests.faults.traveller import NoAnswerError, Traveller
from unilogin.kit.db.connection import (
    ANSWER_SECONDS,
    GOODBYE_SECONDS,
    IDLE_IN_TRANSACTION_SECONDS,
    acquire,
    close_pool,
    connect,
    open_pool,
)

WATCHED = ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT", "TCP_USER_TIMEOUT")


async def refused_kindly(traveller: Traveller) -> None:
    with pytest.raises(NoAnswerError) as caught:
        await traveller.come_to_the_secret()
    assert caught.value.is_kind


def test_f_17_a_silent_database_keeps_nobody_longer_than_five_seconds(ground: Ground) -> None:
    node, wire = ground.nodes[0], ground.wires[0]

    async def story() -> None:
        traveller = ground.traveller(at=node)
        redemption = await traveller.enter()
        wire.become_black_hole()
        crowd = [ground.traveller(at=node) for _ in range(12)]
        refreshing = asyncio.ensure_future(traveller.refresh(redemption.refresh))
        await asyncio.gather(*(refused_kindly(person) for person in crowd))
        with pytest.raises(NoAnswerError) as caught:
            await refreshing
        assert caught.value.is_kind
        assert max(person.slowest for person in (*crowd, traveller)) < LONGEST_SECONDS + LATE_SECONDS
        wire.mend()
        began = time.monotonic()
        await ground.traveller(at=node).enter()
        assert time.monotonic() - began < LATE_SECONDS

    ground.run(story())


def test_f_17_a_wire_cut_in_the_middle_of_a_statement_is_noticed_at_once(ground: Ground) -> None:
    async def story() -> None:
        traveller = ground.traveller(at=ground.nodes[0])
        async with locked(ground, "lock table signin_journey in access exclusive mode"):
            waiting = asyncio.ensure_future(refused_kindly(traveller))
            await asyncio.sleep(0.3)
            ground.wires[0].cut()
            await waiting
        assert traveller.slowest < ANSWER_SECONDS, "not only when it has waited long enough for an answer"

    ground.run(story())


def test_f_17_connections_that_ended_while_nobody_looked_cost_nobody_anything(ground: Ground) -> None:
    async def story() -> None:
        await asyncio.gather(*(ground.traveller(person, at=ground.nodes[0]).enter() for person in ground.people))
        ground.wires[0].half_close()
        await asyncio.sleep(0.1)
        await ground.traveller(at=ground.nodes[0]).enter()

    ground.run(story())


def test_f_17_a_slow_wire_is_slow_and_right(ground: Ground) -> None:
    ground.wires[0].delay = 0.005
    ground.run(ground.traveller(at=ground.nodes[0]).enter())


def test_f_17_a_node_that_freezes_in_a_transaction_loses_its_locks(ground: Ground) -> None:
    """Frozen, not dead: the connection stands, the transaction is open. The other node goes on with the same person."""
    frozen = ground.nodes[0]
    worker = frozen.worker()
    assert worker is not None

    async def held() -> int:
        async with ground.cluster.connection() as connection:
            waiting = "select count(*) from pg_stat_activity where state = 'idle in transaction'"
            return int(await connection.fetchval(waiting))

    async def story() -> None:
        traveller = ground.traveller(at=frozen)
        await traveller.come_to_the_secret()
        ground.orders.give(Order("signin.session.opened", "wait", 0.2))
        proving = asyncio.ensure_future(traveller.prove())
        await asyncio.to_thread(ground.orders.wait_until_obeyed, "signin.session.opened")
        os.kill(worker, signal.SIGSTOP)
        try:
            began = time.monotonic()
            while await held():
                assert time.monotonic() - began < IDLE_IN_TRANSACTION_SECONDS + LATE_SECONDS
                await asyncio.sleep(0.2)
            await ground.traveller(at=ground.nodes[1]).enter()
        finally:
            os.kill(worker, signal.SIGCONT)
        with pytest.raises(NoAnswerError) as caught:
            await proving
        assert caught.value.is_kind
        assert traveller.session is None

    ground.run(story())


def test_f_17_the_kernel_watches_the_wire_of_a_patient_command(ground: Ground) -> None:
    """A command may wait for its answer as long as it takes; a peer that is gone is noticed all the same."""

    async def story() -> None:
        connection: Any = await connect(ground.wires[0].dsn)
        wire = connection._transport.get_extra_info("socket")
        assert wire.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        told = [wire.getsockopt(socket.IPPROTO_TCP, getattr(socket, name)) for name in WATCHED]
        assert told == [10, 5, 3, 25_000]
        connection.terminate()

    ground.run(story())


def test_f_07_f_17_a_worker_ends_although_the_database_says_nothing(ground: Ground) -> None:
    async def story() -> None:
        pool = await open_pool(ground.wires[1].dsn, role=None)
        async with acquire(pool) as connection:
            await connection.fetchval("select 1")
        ground.wires[1].become_black_hole()
        began = time.monotonic()
        await close_pool(pool)
        assert time.monotonic() - began < GOODBYE_SECONDS + LATE_SECONDS

    ground.run(story())
