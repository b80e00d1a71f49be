"""Where one delivery is worked on."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from unilogin.domain.audit.model import Actor
from unilogin.kit.db.connection import Transaction
from unilogin.kit.secrets import Secrets

Result = TypeVar("Result")
Progress = Callable[[int], None]
"""Told how many bytes of the file have been read."""


def nobody_watches(place: int) -> None:
    """Stand in for a caller that shows no progress."""


@dataclass(frozen=True, slots=True)
class Desk:
    """The open transaction, the thread that reads, who brought the delivery and when."""

    tx: Transaction
    thread: Executor
    secrets: Secrets
    actor: Actor
    now: datetime
    progress: Progress

    async def beside(self, work: Callable[[], Result]) -> Result:
        """Do work of the processor in the reading thread, so that nobody else waits for it."""
        return await asyncio.get_running_loop().run_in_executor(self.thread, work)
