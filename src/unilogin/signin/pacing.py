"""When an answer is due: for every name after the same time, by a timer, with nothing held (R15, N-09)."""

import asyncio


def now() -> float:
    """Return a time that only measures how long an answer has taken."""
    return asyncio.get_running_loop().time()


async def not_before(moment: float) -> None:
    """Wait until an answer is due."""
    await asyncio.sleep(max(0.0, moment - now()))
