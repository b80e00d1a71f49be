"""What people and services do when something breaks: press again, reload, begin again, ask once more. Never give up."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from random import Random
from typing import TypeVar

from tests.faults.history import Outcome, Redemption
from tests.faults.traveller import LostError, NoAnswerError, Traveller

PAUSE_SECONDS = 0.1
Result = TypeVar("Result")


async def insist(step: Callable[[], Awaitable[Result]], *, until: float, polite: bool = False) -> Result:
    """Repeat a step until it is answered; raises NoAnswerError when it is not by a moment of ``time.monotonic``.

    Who is ``polite`` comes again when told to; everybody else presses the button at once.
    """
    while True:
        try:
            return await step()
        except NoAnswerError as error:
            if time.monotonic() > until:
                raise
            await asyncio.sleep(max(PAUSE_SECONDS, error.retry_after) if polite else PAUSE_SECONDS)


async def get_in(traveller: Traveller, chance: Random, *, seconds: float = 120) -> Redemption:
    """Enter the service in spite of everything; raises when it cannot be done in the given time."""
    until = time.monotonic() + seconds
    while True:
        try:
            code = await _come_back_with_a_code(traveller, chance, until)
            redemption = await insist(lambda code=code: traveller.redeem(code), until=until)  # type: ignore[misc]
            if redemption.outcome is Outcome.DONE:
                await insist(lambda access=redemption.access: traveller.userinfo(access), until=until)  # type: ignore[misc]
                return redemption
        except LostError:
            if time.monotonic() > until:
                raise
        await asyncio.sleep(PAUSE_SECONDS)  # begin again at the service


async def _come_back_with_a_code(traveller: Traveller, chance: Random, until: float) -> str:
    await insist(traveller.come_to_the_secret, until=until)
    if traveller.is_back():
        return await traveller.arrive()
    action, fields = traveller.form({"password": str(traveller.who.secret)})
    try:
        await traveller.prove_with(action, fields)
    except NoAnswerError:
        if chance.random() < 0.5:
            raise LostError("the person goes back to the service and begins again") from None
        await asyncio.sleep(PAUSE_SECONDS)
        await insist(lambda: traveller.prove_with(action, fields), until=until)  # "send the form again?" - yes
    if traveller.is_back():
        return await traveller.arrive()
    url = traveller.moves_on_to
    return await insist(lambda: traveller.arrive(url), until=until)


async def stay_in(traveller: Traveller, redemption: Redemption, *, seconds: float = 120) -> Redemption | None:
    """Refresh; None when the refresh token turned out to be used up, so that the person has to come again."""
    until = time.monotonic() + seconds
    refreshed = await insist(lambda: traveller.refresh(redemption.refresh), until=until)
    return refreshed if refreshed.outcome is Outcome.DONE else None


async def leave(traveller: Traveller, redemption: Redemption, *, seconds: float = 120) -> None:
    """Sign out, and insist on an answer."""
    until = time.monotonic() + seconds
    await insist(lambda: traveller.sign_out(redemption.id_token), until=until)
