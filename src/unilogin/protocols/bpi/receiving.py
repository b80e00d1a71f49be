"""Receiving bodies larger than a form: bounded in bytes and in time, into a file without a name."""

import asyncio
from typing import IO

from starlette.requests import Request

from unilogin.kit.places import Places
from unilogin.kit.web.bodies import BodySlowError, BodyTooLargeError, length_of, pieces_of
from unilogin.protocols.bpi.errors import OversizeError, SlowError

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
    try:
        if 0 < length_of(request) <= SMALL:  # the server reads no more than was claimed
            return await _receive(request, file, most=most)
        async with places.one():
            return await _receive(request, file, most=most)
    except BodyTooLargeError as error:
        raise OversizeError(megabytes=most // (1024 * 1024)) from error
    except BodySlowError as error:
        raise SlowError() from error


async def _receive(request: Request, file: IO[bytes], *, most: int) -> int:
    held = bytearray()
    size = 0
    async for piece in pieces_of(request, most=most):
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
