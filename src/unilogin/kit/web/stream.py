"""Server-sent events: an answer that goes on. What reads slowly is waited for; who is gone is let go at once."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import ExitStack

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from unilogin.kit.web.frame import CONTENT_SECURITY_POLICY, EVENT_STREAM

MAY_FOLLOW = {"Content-Security-Policy": f"{CONTENT_SECURITY_POLICY}; connect-src 'self'"}
"""Headers of a page whose script follows a stream of its own server, and of no other."""

HEARTBEAT = b":\n\n"

_HEADERS = (
    EVENT_STREAM,
    (b"cache-control", b"no-store, no-transform"),  # a proxy that compresses would hold back what is small
    (b"x-accel-buffering", b"no"),
)


def event(name: str, content: Mapping[str, object], *, event_id: str = "") -> bytes:
    """Return one event; JSON has no line ends of its own."""
    head = f"id: {event_id}\n" if event_id else ""
    return f"{head}event: {name}\ndata: ".encode() + msgspec.json.encode(content) + b"\n\n"


class EventStream(Response):
    """Sends what ``pieces`` yields until it ends, or until the reader is gone; then lets go of what was ``held``."""

    def __init__(self, pieces: AsyncGenerator[bytes, None], *, held: ExitStack) -> None:
        self.status_code = 200
        self.background = None
        self._pieces = pieces
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        writing = asyncio.create_task(self._write(send))
        leaving = asyncio.create_task(_until_gone(receive))
        try:
            await asyncio.wait((writing, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (writing, leaving):
                task.cancel()
            await asyncio.gather(writing, leaving, return_exceptions=True)
            await self._pieces.aclose()
            self._held.close()
        if not writing.cancelled() and (error := writing.exception()) is not None:
            raise error

    async def _write(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": list(_HEADERS)})
        async for piece in self._pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
