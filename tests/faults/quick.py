"""Serves the application that obeys orders, and has a new worker at once when one dies: ``… quick PORT``.

The same application and the same server as in production, without what surrounds them there. Workers are copies of a
process that has loaded everything, so that a test may kill one every second.
"""

import multiprocessing
import sys
from functools import partial
from importlib import import_module

from granian.constants import HTTPModes, Interfaces
from granian.server import MPServer
from starlette.types import ASGIApp

from tests.faults.clock import shift_clock


class _Server(MPServer):
    """Granian's server, that does not lose heart when workers die often."""

    def _respawn_workers(self, workers: object, spawn_target: object, target_loader: object, delay: float = 0) -> None:
        super()._respawn_workers(workers, spawn_target, target_loader, delay)
        self.respawned_wrks.clear()


def load(target: str) -> ASGIApp:
    """Make the application, in the worker."""
    module, _, factory = target.partition(":")
    application: ASGIApp = getattr(import_module(module), factory)()
    return application


def main() -> None:
    shift_clock()
    import_module("unilogin.main")
    import_module("tests.faults.faulty_app")
    multiprocessing.set_start_method("fork")
    target = "tests.faults.faulty_app:create_app"
    server = _Server(
        target,
        port=int(sys.argv[1]),
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=False,
        backlog=1024,
        respawn_failed_workers=True,
        respawn_interval=0.05,
        workers_kill_timeout=20,
    )
    server.serve(target_loader=partial(load))


if __name__ == "__main__":
    main()
