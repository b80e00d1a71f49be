"""The worker processes: granian, told how we want it, and what each worker does before it serves.

Each worker is a new process, not a copy of this one: a copy would hold our open files, among them the lock on the data
folder and the pipe that keeps the embedded PostgreSQL running, and keep both when this process is killed.
"""

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Final

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import MPServer
from starlette.types import ASGIApp

from unilogin.kit.errors import SetupError
from unilogin.kit.live import GOING
from unilogin.kit.logs import log, server_log_config
from unilogin.kit.web.frame import LEAVING

BACKLOG = 4096
"""Connections that may wait to be accepted: a school's 600 pupils at eight o'clock, several times over."""

HEADER_MILLISECONDS = 15_000
"""How long a browser may take over a request's headers, and how long it may stay connected without one."""

BUFFER_BYTES = 64 * 1024
"""What is read ahead of one connection; longer headers are refused."""

_TURN_SECONDS: Final = 0.1

_HUGE_PAGES: Final = Path("/sys/kernel/mm/transparent_hugepage/enabled")
_MALLOC: Final = "glibc.malloc.hugetlb=1:glibc.malloc.arena_max=1"
"""One heap in pages of 2 MB: a hash walks at random through 19 MB, and finds its way in these a tenth quicker. And the
memory of a hash is given back after it; with a heap for each thread the worker holds on to that of every thread."""


class Workers:
    """The workers of one port."""

    def __init__(
        self, target: str, *, address: str, port: int, workers: int, drain_seconds: int, stop_seconds: int
    ) -> None:
        multiprocessing.set_start_method("spawn", force=True)
        for told in (LEAVING, GOING):  # and so do the workers, until the application listens: else it would end them
            signal.signal(told, signal.SIG_IGN)
        if _has_huge_pages():  # else giving memory back after each hash costs more than it is worth
            os.environ.setdefault("GLIBC_TUNABLES", _MALLOC)  # read by a process when it begins; not by this one
        self._drain_seconds = drain_seconds
        self._stop_seconds = stop_seconds
        self._server = _Server(
            target,
            address=address,
            port=port,
            interface=Interfaces.ASGI,
            workers=workers,
            http=HTTPModes.http1,  # the proxy in front speaks HTTP/2 with browsers
            http1_settings=HTTP1Settings(header_read_timeout=HEADER_MILLISECONDS, max_buffer_size=BUFFER_BYTES),
            websockets=False,
            backlog=BACKLOG,
            respawn_failed_workers=True,
            respawn_interval=0.5,
            workers_kill_timeout=stop_seconds,
            log_level=LogLevels.info,
            log_dictconfig=dict(server_log_config()),
        )

    def serve_until_stopped(self, *, on_stopping: Callable[[], None]) -> None:
        """Serve until SIGTERM or Ctrl-C, of which ``on_stopping`` is told at once; after SIGTERM the drain comes first.

        Raises:
            SystemExit: workers fail as soon as they start.
        """
        self._server.main_loop_interrupt = _Interrupt()
        self._server.on_stopping = on_stopping
        self._server.drain_seconds = self._drain_seconds
        self._server.serve(target_loader=partial(load_application, stop_seconds=self._stop_seconds))


def _has_huge_pages() -> bool:
    """Whether this machine gives pages of 2 MB to who asks for them."""
    try:
        return "[never]" not in _HUGE_PAGES.read_text()
    except OSError:
        return False


class _Interrupt(threading.Event):
    """An event that is waited for in short turns, and without a lock, for it is set by what a signal interrupts.

    Python deals with a signal in the main thread: when another thread has taken it, not before the main thread wakes.
    And one that is just being made, as for a probe of the internal port, may take it: SIGTERM was unheard for ever.
    """

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set, or for so many seconds."""
        ends = None if timeout is None else time.monotonic() + timeout
        while not self.is_set() and (ends is None or time.monotonic() < ends):
            time.sleep(_TURN_SECONDS)
        return self.is_set()


class _Server(MPServer):
    """Granian's server, which tells when it is asked to stop, and for which being asked to stop is no failure."""

    on_stopping: Callable[[], None] = staticmethod(lambda: None)
    drain_seconds = 0
    _is_leaving = False

    def signal_handler_interrupt(self, *args: object, **kwargs: object) -> None:
        """Stop; on a first SIGTERM only when the load balancers have had time to send people elsewhere (F-07).

        A connection that comes as the port closes is lost, whatever a server does: so nobody may be coming by then.
        """
        self.on_stopping()
        first, self._is_leaving = not self._is_leaving, True
        if not (first and self.drain_seconds and args[:1] == (signal.SIGTERM,)):
            self._stop()
            return
        log("server").info("draining", seconds=self.drain_seconds)
        self._tell(LEAVING)
        drain = threading.Timer(self.drain_seconds, self._stop)
        drain.daemon = True
        drain.start()

    def _stop(self) -> None:
        self._tell(GOING)
        super().signal_handler_interrupt()  # type: ignore[no-untyped-call]  # granian types it not

    def _tell(self, what: signal.Signals) -> None:
        for worker in list(self.wrks):
            with suppress(ProcessLookupError, TypeError):  # gone, or not begun
                os.kill(worker.inner.pid, what)

    def shutdown(self, exit_code: int = 0) -> None:
        try:
            super().shutdown(exit_code)  # type: ignore[no-untyped-call]  # granian types it not
        except SystemExit:
            if not self.interrupt_signal:  # Ctrl-C reaches the workers too, and one may be gone before it is told to go
                raise


def load_application(target: str, *, stop_seconds: int) -> ASGIApp:
    """Make the application, in the worker; ``target`` is module:factory."""
    _end_with_the_supervisor(stop_seconds)
    module, _, factory = target.partition(":")
    try:
        application: ASGIApp = getattr(import_module(module), factory)()
    except SetupError as error:
        log("server").error("worker not started", why=str(error))
        sys.exit(2)
    return application


def _end_with_the_supervisor(stop_seconds: int) -> None:
    """Stop as on SIGTERM when the supervisor has been killed: nobody else would ever stop this worker."""
    supervisor = multiprocessing.parent_process()
    if supervisor is None:
        return

    def wait() -> None:
        supervisor.join()
        os.kill(os.getpid(), GOING)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(stop_seconds)
        os._exit(1)

    threading.Thread(target=wait, name="supervisor's end", daemon=True).start()
