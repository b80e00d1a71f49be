"""The application of the tests: the one of production, that obeys orders at its fault points.

``FAULTS_FOLDER`` is where the orders are. Only this factory installs a hook, and production never imports it.
"""

import asyncio
import os
import signal
from pathlib import Path

from starlette.types import ASGIApp

from tests.faults.orders import InjectedError, Orders
from unilogin import main
from unilogin.kit import faults


def create_app() -> ASGIApp:
    """Return the application with its fault points alive."""
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
