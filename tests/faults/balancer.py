"""What stands before the nodes: takes a connection, hands it to a node that answers, in turn. No more than TCP.

As a careful load balancer it hands a connection to another node when one does not take it, takes a node out when it
says that it is not ready and sees to it that what is under way there ends, and never repeats a request that a node may
have seen: repeating is the client's decision.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from tests.faults.streams import Listener, carry, flush, until_one_ends


@dataclass(eq=False)
class Balancer:
    """Listens on ``port``; ``nodes`` are the ports of the nodes, those taken out not among them."""

    nodes: list[int]
    _listener: Listener = field(init=False, repr=False)
    _turn: int = 0
    _under_way: "Counter[int]" = field(default_factory=Counter, repr=False)

    def __post_init__(self) -> None:
        self._listener = Listener(self._take)

    @property
    def port(self) -> int:
        return self._listener.port

    async def open(self) -> None:
        await self._listener.open()

    async def close(self) -> None:
        await self._listener.close()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._turn += 1
        turn = self._turn % len(self.nodes)
        for port in (*self.nodes[turn:], *self.nodes[:turn]):
            if port in self.nodes and await self._taken_by(port, reader, writer):
                break

    async def _taken_by(self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        self._under_way[port] += 1
        try:
            node_reader, node_writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                await until_one_ends(carry(reader, node_writer), carry(node_reader, writer))
                await flush(writer)
            finally:
                node_writer.transport.abort()
        except OSError:
            return False
        finally:
            self._under_way[port] -= 1
        return True

    async def take_out(self, port: int) -> None:
        """Hand nothing more to a node, and wait until what is under way there has ended."""
        self.nodes.remove(port)
        while self._under_way[port]:
            await asyncio.sleep(0.01)  # waits for a condition, not for luck
