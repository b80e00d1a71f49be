"""F-01, I-1: the whole installation on one machine, its own PostgreSQL included, is killed with -9 and started again.

What every demo and every small installation is: ``unilogin serve`` without DATABASE_URL.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import asyncpg
import httpx
import pytest

from tests.builders.people import People, Somebody
from tests.builders.running import run
from tests.builders.services import Services
from tests.faults.history import History
from tests.faults.invariants import leaks, violations
from tests.faults.node import SERVED, Node
from tests.faults.stories import get_in, leave, stay_in
from tests.faults.traveller import Traveller, network
from tests.server import free_port
from unilogin.domain.services.actions import Registered
from unilogin.kit.db.embedded import running_dsn
from unilogin.kit.secrets import load_secrets

PEOPLE = 3
Result = TypeVar("Result")


@dataclass(eq=False)
class Installation:
    """Everything on one machine."""

    folder: Path
    history: History = field(default_factory=History)
    node: Node = field(init=False)
    people: list[Somebody] = field(init=False)
    service: Registered = field(init=False)

    def __post_init__(self) -> None:
        port, orders = free_port(), self.folder / "orders"
        orders.mkdir(parents=True)
        data, log = self.folder / "data", self.folder / "node.log"
        self.node = Node(
            port,
            f"http://127.0.0.1:{port}",
            "",
            data / "secrets.toml",
            orders,
            log,
            SERVED,
            {"UNILOGIN_DATA": str(data)},
        )
        self.node.ensure(seconds=120)
        secrets = load_secrets(data / "secrets.toml")
        self.people = [People(self.dsn, secrets).pupil(secret=f"hjemme på maskinen {n} 5") for n in range(PEOPLE)]
        self.service = Services(self.dsn).add()

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def dsn(self) -> str:
        found = running_dsn(self.data)
        assert found is not None
        return found

    def run(self, work: Callable[[httpx.AsyncHTTPTransport], Coroutine[Any, Any, Result]]) -> Result:
        """Run work beside the tests, with a network of its own."""

        async def with_network() -> Result:
            async with network() as transport:
                return await work(transport)

        return run(with_network())

    def kill(self, *, database_too: bool) -> None:
        """kill -9 of the server and its workers, and of PostgreSQL; else that sees that it is alone, and ends."""
        postmaster = int((self.data / "cluster/postmaster.pid").read_text().split("\n", 1)[0])
        self.node.kill()
        if database_too:
            os.kill(postmaster, signal.SIGKILL)

    async def check(self) -> list[str]:
        connection = await asyncpg.connect(self.dsn)
        try:
            found = await violations(connection, self.history)
            logs = [self.node.log, self.data / "postgres.log"]
            return found + await leaks(connection, self.history, logs=logs, also=())
        finally:
            await connection.close()


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    made = Installation(tmp_path_factory.mktemp("installation"))
    yield made
    made.node.stop()


async def days(here: Installation, transport: httpx.AsyncHTTPTransport, seed: str) -> None:
    """Everybody comes, stays a while and leaves, whatever happens meanwhile."""

    async def day(person: Somebody) -> None:
        traveller = Traveller(here.node.base_url, person, here.service, here.history, transport)
        chance = Random(f"{seed} {person.username}")
        redemption = await get_in(traveller, chance, seconds=120)
        for _ in range(5):
            stayed = await stay_in(traveller, redemption, seconds=120)
            redemption = stayed or await get_in(traveller, chance, seconds=120)
        await leave(traveller, redemption, seconds=120)

    await asyncio.gather(*(day(person) for person in here.people))


def killed_and_started_again(here: Installation, seed: str, *, database_too: bool) -> None:
    print(f"seed {seed}")

    async def story(transport: httpx.AsyncHTTPTransport) -> None:
        going_on = asyncio.ensure_future(days(here, transport, seed))
        await asyncio.sleep(Random(seed).uniform(0.02, 0.6))  # the moment is the fault that is injected
        await asyncio.to_thread(here.kill, database_too=database_too)
        await asyncio.to_thread(here.node.ensure, seconds=120)
        await going_on

    here.run(story)
    assert not run(here.check())


@pytest.mark.parametrize("database_too", [False, True], ids=["server", "server and database"])
def test_f_01_i_1_killing_the_server_with_9_loses_nothing_that_was_acknowledged(
    installation: Installation, database_too: bool
) -> None:
    killed_and_started_again(installation, f"0 {database_too}", database_too=database_too)


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("database_too", [False, True], ids=["server", "server and database"])
def test_f_01_i_1_killing_the_server_with_9_at_any_of_twenty_moments_loses_nothing(
    installation: Installation, database_too: bool
) -> None:
    for seed in range(1, 21):
        killed_and_started_again(installation, f"{seed} {database_too}", database_too=database_too)
