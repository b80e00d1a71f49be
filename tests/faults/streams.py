"""Two connections joined into one, and the tasks that do it: what balancer and wire have in common."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(eq=False)
class Listener:
    """Listens on a port of the loopback; whoever is being served is let go when it closes."""

    handle: Handler
    port: int = 0
    _server: asyncio.Server | None = field(default=None, repr=False)
    _serving: "set[asyncio.Task[None]]" = field(default_factory=set, repr=False)

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, backlog=512)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            await self.handle(reader, writer)
        except asyncio.CancelledError:
            pass  # let go by ``close``
        finally:
            writer.transport.abort()
            self._serving.discard(task)


async def until_one_ends(*pumps: Coroutine[Any, Any, None]) -> None:
    """Run both directions; when one has ended the other ends too."""
    tasks = [asyncio.ensure_future(pump) for pump in pumps]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry whatever comes, to the end."""
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()


async def flush(writer: asyncio.StreamWriter) -> None:
    """Let the last bytes arrive, then close."""
    with contextlib.suppress(OSError):
        writer.close()
        await writer.wait_closed()
