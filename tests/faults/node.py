"""One node: the server as it runs in production, with the application that obeys orders."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.house.source import ROOT
from tests.server import environment

DRAIN_SECONDS = 20
"""How long a node may take to finish what it has begun after SIGTERM (F-07)."""


@dataclass(eq=False)
class Node:
    """A server process and its worker, on a port of its own; what it says goes to ``log``."""

    port: int
    base_url: str
    dsn: str
    secrets_file: Path
    orders: Path
    log: Path
    extra: Mapping[str, str] = field(default_factory=dict)
    _process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def launch(self) -> None:
        """Begin to start; ``wait_until_ready`` says when it answers."""
        # Ends with the tests, however they end.
        command = ["setpriv", "--pdeathsig", "TERM", "--", sys.executable, "-m", "granian"]
        command += ["--interface", "asgi", "--factory", "--workers", "1"]
        command += ["--port", str(self.port), "--workers-kill-timeout", str(DRAIN_SECONDS)]
        ours = {
            "FAULTS_FOLDER": str(self.orders),
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}",
            "UNILOGIN_BASE_URL": self.base_url,
        }
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                [*command, "tests.faults.faulty_app:create_app"],
                env=environment(self.dsn, self.secrets_file, port=0) | ours | dict(self.extra),
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # one signal reaches server and worker
            )

    def wait_until_ready(self, *, seconds: float = 20) -> None:
        """Wait until it answers; raises RuntimeError with the end of its log when it does not."""
        deadline = time.monotonic() + seconds
        while self.is_alive and time.monotonic() < deadline:
            if self.answers():
                return
            time.sleep(0.02)  # waits for a condition, not for luck
        message = f"a node did not start:\n{self.log.read_text(errors='replace')[-3000:]}"
        raise RuntimeError(message)

    def answers(self) -> bool:
        """Whether it takes requests: any answer will do."""
        try:
            httpx.get(f"http://127.0.0.1:{self.port}/", timeout=2)
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

    def wait_until_gone(self, *, seconds: float = DRAIN_SECONDS + 5) -> None:
        assert self._process is not None
        self._process.wait(seconds)

    def stop(self) -> None:
        if self.is_alive:
            self.begin_to_stop()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.wait_until_gone()
        self.kill()

    def worker(self) -> int:
        """The process that serves, a child of the server: for measures and for kills."""
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        serving = [int(pid) for pid in children if b"resource_tracker" not in Path(f"/proc/{pid}/cmdline").read_bytes()]
        return serving[0]
