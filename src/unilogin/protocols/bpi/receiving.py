"""Receiving bodies larger than a form: bounded in bytes and in time, into a file without a name."""

import asyncio
from collections.abc import AsyncIterator
from typing import IO

from starlette.requests import ClientDisconnect, Request

from unilogin.kit.places import Places
from unilogin.protocols.bpi.errors import OversizeError, SlowError

PIECE_SECONDS = 20.0
"""How long the next piece may take."""
WHOLE_SECONDS = 15 * 60.0
SMALL = 256 * 1024
"""A body of this size is nothing to speak of."""
_AT_ONCE = 1024 * 1024


async def receive_file(request: Request, file: IO[bytes], *, most: int, places: Places) -> int:
    """Write the body into a file beside the event loop, and return its size (V-102).

    Raises:
        OversizeError: more bytes than ``most``, whatever the length header claims.
        SlowError: it does not come, or does not end.
        FullError: too many large ones are coming at this moment.

    """
    if 0 < _length(request) <= SMALL:  # the server reads no more than was claimed
        return await _receive(request, file, most=most)
    async with places.one():
        return await _receive(request, file, most=most)


def _length(request: Request) -> int:
    return int(request.headers.get("content-length", "0") or 0)


async def _receive(request: Request, file: IO[bytes], *, most: int) -> int:
    held = bytearray()
    size = 0
    async for piece in _pieces(request, most):
        held += piece
        size += len(piece)
        if len(held) >= _AT_ONCE:
            await asyncio.to_thread(file.write, bytes(held))
            held.clear()
    if size > len(held):
        await asyncio.to_thread(file.write, bytes(held))
    else:  # a small one, for which no thread is needed
        file.write(held)
    return size


async def _pieces(request: Request, most: int) -> AsyncIterator[bytes]:
    """Count what really comes, whatever the length header claims."""
    if _length(request) > most:
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
