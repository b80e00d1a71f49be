"""Large bodies on their way in: bounded in bytes and in time, whatever their headers claim (V-102, B-L18)."""

import asyncio
from collections.abc import AsyncIterator

from starlette.requests import ClientDisconnect, Request

from unilogin.kit.errors import UniloginError

PIECE_SECONDS = 20.0
"""How long the next piece may take."""
WHOLE_SECONDS = 15 * 60.0


class BodyTooLargeError(UniloginError):
    """More bytes than are taken."""

    code = "body_too_large"


class BodySlowError(UniloginError):
    """It does not come, or does not end."""

    code = "body_slow"


def length_of(request: Request) -> int:
    """Return how many bytes a body claims to have, 0 when it does not say."""
    return int(request.headers.get("content-length", "0") or 0)


async def pieces_of(request: Request, *, most: int) -> AsyncIterator[bytes]:
    """Give the pieces of a body as they come.

    Raises:
        BodyTooLargeError: more bytes than ``most``, claimed or come.
        BodySlowError: the next piece, or the end, does not come in time.

    """
    if length_of(request) > most:
        raise BodyTooLargeError("claims more than is taken")
    came = 0
    stream = request.stream()
    ends = asyncio.get_running_loop().time() + WHOLE_SECONDS
    while True:
        try:
            async with asyncio.timeout(min(PIECE_SECONDS, ends - asyncio.get_running_loop().time())):
                piece = await anext(stream, None)
        except (TimeoutError, ClientDisconnect) as error:
            raise BodySlowError(type(error).__name__) from error
        if piece is None:
            return
        came += len(piece)
        if came > most:
            raise BodyTooLargeError("more than is taken")
        yield piece
