"""Receiving bodies larger than a form: bounded in bytes and in time, into memory or into a file without a name."""

import asyncio
from collections.abc import AsyncIterator
from typing import IO

from starlette.requests import ClientDisconnect, Request

from unilogin.protocols.bpi.errors import OversizeError, SlowError

PIECE_SECONDS = 20.0
"""How long the next piece may take."""
WHOLE_SECONDS = 15 * 60.0
_AT_ONCE = 1024 * 1024


async def receive(request: Request, *, most: int) -> bytes:
    """Return the body; raises OversizeError or SlowError."""
    return b"".join([piece async for piece in _pieces(request, most)])


async def receive_file(request: Request, file: IO[bytes], *, most: int) -> None:
    """Write the body into a file beside the event loop; raises OversizeError or SlowError (V-102)."""
    held = bytearray()
    async for piece in _pieces(request, most):
        held += piece
        if len(held) >= _AT_ONCE:
            await asyncio.to_thread(file.write, bytes(held))
            held.clear()
    await asyncio.to_thread(file.write, bytes(held))


async def _pieces(request: Request, most: int) -> AsyncIterator[bytes]:
    """Count what really comes, whatever the length header claims."""
    if int(request.headers.get("content-length", "0") or 0) > most:
        raise OversizeError(megabytes=most // (1024 * 1024))
    came = 0
    stream = request.stream()
    ends = asyncio.get_running_loop().time() + WHOLE_SECONDS
    while True:
        try:
            async with asyncio.timeout(min(PIECE_SECONDS, ends - asyncio.get_running_loop().time())):
                piece = await anext(stream, None)
        except (TimeoutError, ClientDisconnect) as error:
            raise SlowError() from error
        if piece is None:
            return
        came += len(piece)
        if came > most:
            raise OversizeError(megabytes=most // (1024 * 1024))
        yield piece
