"""What a fault point shall do: an order is a file in a folder that the nodes share, and obeyed exactly once.

A node claims an order by renaming it, so of two nodes only one obeys, and a killed one leaves a trace of where it died.
"""

import asyncio
import itertools
import json
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

Act = Literal["pass", "crash", "raise", "wait"]
"""Let it pass; kill -9 of the own process; raise an error nobody expects; wait for some seconds."""


FOLDER = "FAULTS_FOLDER"
"""The variable that tells a node where its orders are."""


class InjectedError(Exception):
    """Raised at a fault point: an error that no code of ours knows."""


@dataclass(frozen=True, slots=True)
class Order:
    """What the next one who passes a point shall do."""

    point: str
    act: Act
    seconds: float = 0


@dataclass(frozen=True, slots=True)
class Orders:
    """The folder."""

    folder: Path
    _numbers: Iterator[int] = field(default_factory=itertools.count, repr=False)

    def give(self, order: Order, *, after: int = 0) -> None:
        """Give an order to the one who passes the point after ``after`` others have."""
        for _ in range(after):
            self._write(Order(order.point, "pass"))
        self._write(order)

    def _write(self, order: Order) -> None:
        path = self.folder / f"{next(self._numbers):06}.{order.point}.order"
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(order)))
        draft.rename(path)

    def claim(self, point: str) -> Order | None:
        """Take the oldest order for a point, if any."""
        for path in sorted(self.folder.glob(f"*.{point}.order")):
            claimed = path.with_suffix(f".obeyed-by-{os.getpid()}")
            try:
                path.rename(claimed)
            except FileNotFoundError:  # the other node was faster
                continue
            return Order(**json.loads(claimed.read_text()))
        return None

    async def obey(self, point: str) -> None:
        """Do what the oldest order for a point says: the hook for ``unilogin.kit.faults``."""
        order = self.claim(point)
        match order.act if order else "pass":
            case "crash":
                os.kill(os.getpid(), signal.SIGKILL)
            case "raise":
                raise InjectedError(point)
            case "wait" if order:
                await asyncio.sleep(order.seconds)

    def obeyed(self) -> list[Order]:
        """The orders that were obeyed, those to let somebody pass not among them."""
        taken = (Order(**json.loads(path.read_text())) for path in sorted(self.folder.glob("*.obeyed-by-*")))
        return [order for order in taken if order.act != "pass"]

    def wait_until_obeyed(self, point: str, *, seconds: float = 120) -> int:
        """Wait until somebody obeys an order at a point; return who, as a process number."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for path in self.folder.glob(f"*.{point}.obeyed-by-*"):
                return int(path.name.rpartition("-")[2])
            time.sleep(0.005)  # waits for a condition, not for luck
        message = f"nobody passed {point} within {seconds} s"
        raise TimeoutError(message)

    def forget(self) -> None:
        """Withdraw what nobody obeyed, and forget the rest."""
        for path in self.folder.iterdir():
            path.unlink(missing_ok=True)
