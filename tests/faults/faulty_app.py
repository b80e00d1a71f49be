"""The application of the tests: the one of production, that obeys orders at its fault points and may be off the time.

``FAULTS_FOLDER`` is where the orders are; ``FAULTS_CLOCK_SECONDS`` shifts the clock of this process, as a node whose
time is wrong. Only this factory installs a hook, and production never imports it.
"""

import asyncio
import datetime
import os
import signal
import time
from pathlib import Path

from starlette.types import ASGIApp

from tests.faults.orders import InjectedError, Orders


def create_app() -> ASGIApp:
    """Return the application with its fault points alive."""
    _shift_clock(float(os.environ.get("FAULTS_CLOCK_SECONDS", "0")))
    # Imported after the shift, so that whoever imports a clock by name gets the wrong one too.
    from unilogin import main
    from unilogin.kit import faults

    orders = Orders(Path(os.environ["FAULTS_FOLDER"]))

    async def obey(point: str) -> None:
        order = orders.claim(point)
        match order.act if order else "pass":
            case "crash":
                os.kill(os.getpid(), signal.SIGKILL)
            case "raise":
                raise InjectedError(point)
            case "wait" if order:
                await asyncio.sleep(order.seconds)

    faults.install(obey)
    return main.create_app()


def _shift_clock(seconds: float) -> None:
    """Make every clock that tells the date wrong; clocks that measure stay, as after a step of NTP."""
    if not seconds:
        return
    tell, real = time.time, datetime.datetime

    class Shifted(real):  # type: ignore[misc, valid-type]  # the class of another time is the point
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:
            return real.now(tz) + datetime.timedelta(seconds=seconds)

    time.time = lambda: tell() + seconds
    time.time_ns = lambda: int((tell() + seconds) * 1e9)
    datetime.datetime = Shifted  # type: ignore[misc]  # as above
