"""What stands before the nodes: takes a connection, hands it to a node that answers, in turn. No more than TCP.

As a careful load balancer it hands a connection to another node when one does not take it, and never repeats a request
that a node may have seen: repeating is the client's decision.
"""

import asyncio
import contextlib
from dataclasses import dataclass, field

from tests.faults.streams import Ends, Listener, carry, flush, until_one_ends


@dataclass(eq=False)
class Balancer:
    """Listens on ``port``; ``nodes`` are the ports of the nodes, those taken out not among them."""

    nodes: list[int]
    _listener: Listener = field(init=False, repr=False)
    _turn: int = 0

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
        node = await self._next_node()
        if node is None:
            return
        node_reader, node_writer = node
        try:
            await until_one_ends(carry(reader, node_writer), carry(node_reader, writer))
            await flush(writer)
        finally:
            node_writer.transport.abort()

    async def _next_node(self) -> Ends | None:
        self._turn += 1
        turn = self._turn % len(self.nodes)
        for port in (*self.nodes[turn:], *self.nodes[:turn]):
            with contextlib.suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", port)
        return None
