"""F-07, F-09, F-10, F-13, F-20: what the product's own command does when stopped, cut off, busy, or short of a worker.

These nodes are served by ``unilogin serve`` itself, with its supervisor, its probes and its way to stop.
"""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from tests.faults.clock import VARIABLE
from tests.faults.ground import Ground
from tests.faults.history import Outcome
from tests.faults.load import while_busy
from tests.faults.node import SERVED, Node
from tests.faults.orders import Order
from tests.faults.test_exhaustion import locked, turned_away
from tests.faults.traveller import NoAnswerError
from unilogin.cli.serve import STOP_SECONDS

NOTICED_SECONDS = 30.0


@pytest.fixture(scope="module")
def serving(tight_ground: Ground) -> Iterator[Ground]:
    """The ground with two nodes of the product's own command behind the balancer."""
    # Longer than any test: who ends the drain asks a second time, when it has seen what it wants to see.
    nodes = [tight_ground.new_node(wire, SERVED, UNILOGIN_DRAIN_SECONDS="300") for wire in tight_ground.wires]
    with tight_ground.served_by(nodes):
        yield tight_ground


@pytest.fixture
def served(serving: Ground) -> Iterator[Ground]:
    """Whole before the test, proved to be sound after it."""
    serving.mend()
    yield serving
    serving.mend()
    serving.check(leaks=False)


async def restarted(ground: Ground, number: int) -> None:
    """Restart a node as a rolling upgrade does; the balancer knows what the node's own readiness tells, no more."""
    node = ground.nodes[number]
    node.begin_to_stop()
    await until_ready(node, wanted=False)
    await ground.balancer.take_out(node.port)
    node.begin_to_stop()
    await asyncio.to_thread(node.wait_until_gone)
    await asyncio.to_thread(node.ensure)
    await until_ready(node, wanted=True)
    ground.balancer.nodes.append(node.port)


async def until_ready(node: Node, *, wanted: bool) -> None:
    """Probe a node, as a balancer does, until it is ready or until it is not."""
    async with asyncio.timeout(120):
        while await asyncio.to_thread(node.is_ready) is not wanted:
            await asyncio.sleep(0.05)


async def until_asked_to_go_elsewhere(ground: Ground, node: Node) -> None:
    """Ask on a connection that is kept, which is answered until an answer says that it is the last."""
    headers = {"host": urlsplit(ground.base_url).netloc}
    async with (
        asyncio.timeout(120),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{node.port}", headers=headers, timeout=120) as proxy,
    ):
        while True:
            answer = await proxy.get("/hjaelp")
            assert answer.status_code == 200
            if answer.headers.get("connection") == "close":
                return


def test_f_07_a_rolling_restart_is_seen_by_nobody(served: Ground) -> None:
    async def roll() -> None:
        for number in range(len(served.nodes)):
            await restarted(served, number)

    travellers, _ = served.run(while_busy(served, roll, people=2))
    assert [str(error) for traveller in travellers for error in traveller.unanswered] == []


def test_f_07_until_nobody_comes_any_more_all_are_answered_and_then_what_has_begun_is_finished(served: Ground) -> None:
    node = served.nodes[0]

    async def story() -> None:
        traveller = served.traveller(served.people[5], at=node)
        await traveller.come_to_the_secret()
        served.orders.give(Order("signin.session.opened", "wait", 1.0))
        proving = asyncio.ensure_future(traveller.prove())
        await asyncio.to_thread(served.orders.wait_until_obeyed, "signin.session.opened")
        node.tell_another_thread(signal.SIGTERM)  # whoever takes it
        await until_ready(node, wanted=False)
        await until_asked_to_go_elsewhere(served, node)
        node.begin_to_stop()
        began = time.monotonic()
        assert await proving is Outcome.DONE
        await asyncio.to_thread(node.wait_until_gone)
        assert time.monotonic() - began < STOP_SECONDS
        assert not await asyncio.to_thread(node.answers)
        traveller.go_to(served.nodes[1].port)
        await traveller.redeem(await traveller.arrive())

    assert STOP_SECONDS <= 20
    served.run(story())


def test_f_09_a_node_cut_off_from_the_database_is_not_ready_and_the_other_serves(served: Ground) -> None:
    async def story() -> None:
        served.wires[0].cut()
        began = time.monotonic()
        while await asyncio.to_thread(served.nodes[0].is_ready):
            assert time.monotonic() - began < NOTICED_SECONDS
            await asyncio.sleep(0.1)
        assert await asyncio.to_thread(served.nodes[1].is_ready)
        assert (await turned_away(served.traveller(at=served.nodes[0]))).is_kind
        await served.traveller(at=served.nodes[1]).enter()
        served.wires[0].mend()
        while not await asyncio.to_thread(served.nodes[0].is_ready):
            assert time.monotonic() - began < 3 * NOTICED_SECONDS
            await asyncio.sleep(0.1)

    served.run(story())


def test_f_13_a_node_whose_pool_is_full_is_busy_and_not_dead(served: Ground) -> None:
    """Its probes use a connection of their own: the balancer does not take it out, which would make it worse."""

    async def story() -> None:
        crowd = [served.traveller(at=served.nodes[0]) for _ in range(12)]
        async with locked(served, "lock table signin_journey in access exclusive mode"):
            turned = asyncio.gather(*(turned_away(traveller) for traveller in crowd))
            await asyncio.sleep(0.2)
            assert await asyncio.to_thread(served.nodes[0].is_ready)
            assert all(error.is_kind for error in await turned)

    served.run(story())


def test_f_01_a_worker_that_is_killed_is_replaced_and_the_person_gets_in(served: Ground) -> None:
    node = served.nodes[0]
    worker = node.worker()
    assert worker is not None
    traveller = served.traveller(at=node)
    served.run(traveller.come_to_the_secret())
    os.kill(worker, signal.SIGKILL)
    deadline = time.monotonic() + 120
    while True:
        try:
            served.run(traveller.sign_in())
            break
        except NoAnswerError:
            assert time.monotonic() < deadline
    assert node.is_alive
    assert node.worker() not in (None, worker)


def test_f_10_a_node_started_without_a_database_says_so_and_ends(served: Ground) -> None:
    """The supervisor of the machine starts it again; half a node never takes requests."""
    served.wires[0].cut()
    node = served.new_node(served.wires[0], SERVED)
    node.launch()
    node.wait_until_gone()
    assert "is the way there open?" in node.log.read_text()


@pytest.mark.parametrize("seconds", ["-600", "60"])
def test_f_20_a_clock_that_is_wrong_is_reported(served: Ground, seconds: str) -> None:
    """Nothing is decided by it; but logs lie and time-outs are guesses, so the operator is told."""
    node = served.new_node(served.wires[0], SERVED, **{VARIABLE: seconds})
    checked = node.command("check")
    assert checked.returncode != 0
    assert "clock" in checked.stdout + checked.stderr
    right = served.nodes[0].command("check")
    assert "let NTP set the clocks" not in right.stdout + right.stderr
