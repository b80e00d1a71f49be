"""A real server for tests: its own process, its own port, the same start as in production."""

import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that answers at ``base_url``; its log is a file that tests may search."""

    base_url: str
    log: Path
    process: "subprocess.Popen[bytes]"

    @property
    def issuer(self) -> str:
        """The issuer identifier."""
        return f"{self.base_url}/auth/realms/broker"

    def stop(self) -> None:
        """Stop it as an operator would, and wait."""
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def is_worker(process: psutil.Process) -> bool:
    """Tell a worker from Python's own process that keeps count of resources, and from one that is dead."""
    try:
        return "spawn_main" in " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return False


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(dsn: str, secrets_file: Path, *, port: int) -> dict[str, str]:
    """Return the environment a server or command runs in: ours alone, nothing of the machine's settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("UNILOGIN_", "DATABASE_URL"))}
    return kept | {
        "UNILOGIN_DATABASE_URL": dsn,
        "UNILOGIN_SECRETS_FILE": str(secrets_file),
        "UNILOGIN_BASE_URL": f"http://localhost:{port}",
        "UNILOGIN_INTERNAL_PORT": "0",
    }


def start_server(
    dsn: str, secrets_file: Path, *, workers: int = 1, extra: dict[str, str] | None = None, port: int | None = None
) -> RunningServer:
    """Start ``unilogin serve`` on a free port and wait until it answers."""
    port = port or free_port()
    log = secrets_file.parent / f"server-{port}.log"
    command = [sys.executable, "-m", "unilogin.cli.app", "serve", "--port", str(port), "--workers", str(workers)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=environment(dsn, secrets_file, port=port) | (extra or {}),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    running = RunningServer(f"http://localhost:{port}", log, process)
    _wait_until_it_answers(running)
    return running


def _wait_until_it_answers(running: RunningServer, *, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if running.process.poll() is not None:
            break
        try:
            httpx.get(f"{running.base_url}/hjaelp", timeout=10)
        except httpx.TransportError:
            time.sleep(0.05)  # waits for a condition, not for luck
        else:
            return
    message = f"the server did not start:\n{running.log.read_text(errors='replace')[-3000:]}"
    raise RuntimeError(message)
