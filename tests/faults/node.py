"""One node: the server as it runs in production, with the application that obeys orders."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.faults.orders import FOLDER
from tests.house.source import ROOT
from tests.server import environment, free_port
from unilogin.cli.serve import STOP_SECONDS

QUICK = "tests.faults.quick"
"""Made to be killed often."""

SERVED = "tests.faults.served"
"""Exactly as the product's command serves: with its supervisor, its internal port and its way to stop."""


@dataclass(eq=False)
class Node:
    """A server process and its worker, on a port of its own; what it says goes to ``log``."""

    port: int
    base_url: str
    dsn: str
    secrets_file: Path
    orders: Path
    log: Path
    module: str = QUICK
    extra: Mapping[str, str] = field(default_factory=dict)
    internal_port: int = field(default_factory=free_port)
    _process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def environment(self) -> dict[str, str]:
        """What the node, or a command beside it, runs in."""
        ours = {
            FOLDER: str(self.orders),
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}",
            "UNILOGIN_BASE_URL": self.base_url,
            "UNILOGIN_DATA": str(self.log.with_suffix("")),
            "UNILOGIN_INTERNAL_PORT": str(self.internal_port),
        }
        whole = environment(self.dsn, self.secrets_file, port=0) | ours | dict(self.extra)
        if not self.dsn:  # a PostgreSQL of its own, and keys it makes itself
            del whole["UNILOGIN_DATABASE_URL"], whole["UNILOGIN_SECRETS_FILE"]
        return whole

    def launch(self) -> None:
        """Begin to start; ``ensure`` waits until it answers."""
        # Ends with the tests, however they end.
        command = ["setpriv", "--pdeathsig", "TERM", "--", sys.executable, "-m", self.module, str(self.port)]
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                env=self.environment(),
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # one signal reaches server and worker
            )

    def ensure(self, *, seconds: float = 120) -> None:
        """Start it unless it runs, and wait until it answers; raises RuntimeError when it does not."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not self.is_alive:
                self.launch()
            if self.answers():
                return
            time.sleep(0.02)  # waits for a condition, not for luck
        message = f"a node did not start:\n{self.log.read_text(errors='replace')[-3000:]}"
        raise RuntimeError(message)

    def answers(self) -> bool:
        """Whether it takes requests: any answer will do."""
        try:
            httpx.get(f"http://127.0.0.1:{self.port}/", timeout=10)
        except httpx.TransportError:
            return False
        return True

    def kill(self) -> None:
        """kill -9, server and worker at once."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def begin_to_stop(self) -> None:
        """SIGTERM, as an operator or a rolling upgrade sends it."""
        assert self._process is not None
        self._process.terminate()

    def tell_another_thread(self, what: signal.Signals) -> None:
        """Let a signal be taken by a thread that is not the first: what the kernel may do with any signal."""
        assert self._process is not None
        pid = self._process.pid
        threads = [int(task.name) for task in Path(f"/proc/{pid}/task").iterdir()]
        assert ctypes.CDLL(None).tgkill(pid, max(threads), what) == 0

    def wait_until_gone(self, *, seconds: float = STOP_SECONDS + 60) -> None:
        assert self._process is not None
        self._process.wait(seconds)

    def stop(self) -> None:
        if self.is_alive:
            self.begin_to_stop()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.wait_until_gone()
        self.kill()

    def is_ready(self) -> bool:
        """What the node says of itself on the internal port, to load balancers."""
        try:
            return httpx.get(f"http://127.0.0.1:{self.internal_port}/readyz", timeout=30).status_code == 200
        except httpx.TransportError:
            return False

    def worker(self) -> int | None:
        """The process that serves, a child of the server, for measures and for kills; None when there is none."""
        assert self._process is not None
        tasks = Path(f"/proc/{self._process.pid}/task").glob("*/children")
        children = [int(pid) for listed in tasks for pid in listed.read_text().split()]
        return next((pid for pid in children if _serves(pid)), None)

    def begin_command(self, *arguments: str) -> "subprocess.Popen[str]":
        """Begin to run the product's command line beside the node; it obeys orders too."""
        return subprocess.Popen(
            [sys.executable, "-m", "tests.faults.command", *arguments],
            env=self.environment(),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def command(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a command to its end."""
        with self.begin_command(*arguments) as process:
            said, complained = process.communicate(timeout=120)
        return subprocess.CompletedProcess(arguments, process.returncode, said, complained)


def _serves(pid: int) -> bool:
    """Whether a child is a worker, and not one that has died and was not noticed yet."""
    try:
        said = Path(f"/proc/{pid}/cmdline").read_bytes()  # empty when it has died
    except OSError:
        return False
    return bool(said) and b"resource_tracker" not in said
