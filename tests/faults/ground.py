"""The ground everything is tried on: a durable cluster, two nodes each on a wire of its own, a balancer before them."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx

from tests.builders.people import People, Somebody
from tests.builders.running import run as run_elsewhere
from tests.builders.services import Services
from tests.faults import invariants
from tests.faults.balancer import Balancer
from tests.faults.cluster import Cluster
from tests.faults.history import History
from tests.faults.invariants import violations
from tests.faults.node import QUICK, Node
from tests.faults.orders import Orders
from tests.faults.traveller import PastTheBalancer, Traveller, network
from tests.faults.wire import Wire
from tests.server import free_port
from unilogin.domain.audit.model import Actor
from unilogin.domain.keys.actions import ensure_key
from unilogin.domain.services.actions import Registered
from unilogin.kit.db.connection import connect
from unilogin.kit.db.migrate import migrate
from unilogin.kit.secrets import Secrets, create_secrets_file, load_secrets

Result = TypeVar("Result")
OPERATOR = Actor("operator", "tests")
NODES = 2


@dataclass(eq=False)
class Ground:
    """Everything that can be broken, and what mends it again."""

    folder: Path
    pupils: int = 6
    cluster: Cluster = field(init=False)
    wires: list[Wire] = field(init=False)
    nodes: list[Node] = field(init=False)
    balancer: Balancer = field(init=False)
    orders: Orders = field(init=False)
    secrets: Secrets = field(init=False)
    service: Registered = field(init=False)
    people: list[Somebody] = field(init=False)
    transport: httpx.AsyncHTTPTransport = field(init=False, repr=False)
    history: History = field(default_factory=History, repr=False)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop, repr=False)
    _thread: threading.Thread = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._loop.run_forever, name="faults", daemon=True)
        self._thread.start()
        self.folder.mkdir(parents=True, exist_ok=True)
        orders = self.folder / "orders"
        orders.mkdir()
        self.orders = Orders(orders)
        self.cluster = Cluster(self.folder / "postgres")
        create_secrets_file(self.folder / "secrets.toml")
        self.secrets = load_secrets(self.folder / "secrets.toml")
        run_elsewhere(self._furnish())
        self.people = [self.new_person(f"hemmelighed nummer {n} 7") for n in range(self.pupils)]
        self.service = Services(self.cluster.dsn).add()
        self.transport = network()
        self.run(self._open())
        self.nodes = [self.new_node(wire) for wire in self.wires]
        self.balancer.nodes = [node.port for node in self.nodes]
        self.mend()

    async def _furnish(self) -> None:
        await migrate(self.cluster.dsn)
        connection = await connect(self.cluster.dsn)
        async with connection.transaction():
            await ensure_key(connection, self.secrets, actor=OPERATOR)
            # An installation that has been there for a while: a clock that jumps back does not jump before its time.
            await connection.execute("update keys_signing set signs_from = signs_from - interval '1 month'")
        await connection.close()

    async def _open(self) -> None:
        self.wires = [Wire(self.cluster.socket) for _ in range(NODES)]
        self.balancer = Balancer([])
        await self.balancer.open()
        for wire in self.wires:
            await wire.open()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.balancer.port}"

    @property
    def logs(self) -> list[Path]:
        """Everything that nodes and database have said."""
        return [*self.folder.glob("node-*.log"), *self.cluster.folder.glob("postgres.log*")]

    def new_node(self, wire: Wire, module: str = QUICK, **extra: str) -> Node:
        """A node on a wire, not started yet."""
        port = free_port()
        log = self.folder / f"node-{port}.log"
        secrets_file = self.folder / "secrets.toml"
        return Node(port, self.base_url, wire.dsn, secrets_file, self.orders.folder, log, module, extra)

    @contextmanager
    def served_by(self, nodes: "list[Node]") -> Iterator[None]:
        """Let other nodes stand behind the balancer for a while, stopped at the end; ours rest meanwhile."""
        ours = self.nodes
        self.nodes = nodes
        self.balancer.nodes = [node.port for node in nodes]
        try:
            self.mend()
            yield
        finally:
            for node in nodes:
                node.kill()
            self.nodes = ours
            self.balancer.nodes = [node.port for node in ours]

    def run(self, work: Coroutine[Any, Any, Result], *, seconds: float = 300) -> Result:
        """Run work beside the wires, and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=seconds)

    def new_person(self, secret: str) -> Somebody:
        """A pupil with a password, at a school of their own."""
        return People(self.cluster.dsn, self.secrets).pupil(secret=secret)

    def traveller(self, who: Somebody | None = None, *, at: Node | None = None, timeout: float = 60) -> Traveller:
        """A new browser, before the balancer or before one node."""
        somebody = who or self.people[0]
        transport = self.transport if at is None else PastTheBalancer(self.transport, at.port)
        return Traveller(self.base_url, somebody, self.service, self.history, transport, timeout)

    def mend(self) -> None:
        """Make everything whole again: wires, nodes."""
        self.orders.forget()
        self._loop.call_soon_threadsafe(self._mend_wires)
        for node in self.nodes:
            if not node.is_alive:
                node.launch()
        for node in self.nodes:
            node.ensure()

    def _mend_wires(self) -> None:
        for wire in self.wires:
            wire.mend()

    def check(self, *, leaks: bool = True) -> None:
        """Raise AssertionError when an invariant does not hold; to look for leaks is to read everything there is."""
        found = self.run(self.violations(leaks=leaks))
        assert not found, "\n".join(found)

    async def violations(self, *, leaks: bool = True) -> list[str]:
        """What does not hold, in sentences."""
        async with self.cluster.connection() as connection:
            found = await violations(connection, self.history)
            if leaks:
                found += await invariants.leaks(connection, self.history, logs=self.logs, also=())
            return found

    def close(self) -> None:
        for node in self.nodes:
            node.kill()
        self.run(self._close())
        self.cluster.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _close(self) -> None:
        await self.transport.aclose()
        await self.balancer.close()
        for wire in self.wires:
            await wire.close()
        await asyncio.sleep(0.1)  # what was hung up says goodbye
