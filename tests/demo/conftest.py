"""A demo as ``make demo`` starts it, shared by the tests that only look at it."""

import fcntl
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever needs the demo may be the one that prepares it, or waits for that, on a busy machine."""
    for item in items:
        if "prepared" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.timeout(900))


@dataclass(frozen=True, slots=True)
class RunningDemo:
    """A demo that is ready; ``told`` is its ``/demo.json``."""

    base_url: str
    home: str
    data: Path
    log: Path
    process: "subprocess.Popen[bytes]"
    told: dict[str, Any]

    def person(self, *, class_name: str | None = None, name: str | None = None) -> dict[str, Any]:
        """Return the first person of a class, or the one of a name."""
        return next(
            person
            for person in self.told["people"]
            if person["class"] == class_name or (name is not None and person["name"] == name)
        )


def free_ports() -> int:
    """Return a port that is free, and the next two as well."""
    while True:
        with socket.socket() as first, socket.socket() as second, socket.socket() as third:
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            try:
                second.bind(("127.0.0.1", port + 1))
                third.bind(("127.0.0.1", port + 2))
            except OSError:
                continue
            return port


def start_demo(data: Path, *arguments: str, port: int | None = None, **variables: str) -> "subprocess.Popen[bytes]":
    """Start ``unilogin demo`` and return at once; its output goes to ``demo.log`` beside the data folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("UNILOGIN_", "DATABASE_URL"))}
    command = [sys.executable, "-m", "unilogin.cli.app", "demo", "--data", str(data)]
    command += ["--port", str(port or free_ports()), *arguments]
    with (data.parent / "demo.log").open("ab") as log:
        return subprocess.Popen(command, env=kept | variables, stdout=log, stderr=subprocess.STDOUT)


def until_ready(process: "subprocess.Popen[bytes]", data: Path, *, port: int) -> RunningDemo:
    """Wait until a started demo answers."""
    log = data.parent / "demo.log"
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and process.poll() is None:
        try:
            told = httpx.get(f"http://localhost:{port}/demo.json", timeout=60)
            httpx.get(f"http://localhost:{port + 1}/", timeout=60)
            httpx.get(f"http://localhost:{port + 2}/", timeout=60)
        except httpx.TransportError:
            time.sleep(0.1)  # waits for a condition, not for luck
            continue
        base_url, home = f"http://localhost:{port}", f"http://localhost:{port + 1}"
        return RunningDemo(base_url, home, data, log, process, json.loads(told.content))
    message = f"the demo did not start:\n{log.read_text(errors='replace')[-3000:]}"
    raise RuntimeError(message)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A demo's folder as it is when the demo was killed, started again and stopped with Ctrl-C.

    ``told`` are the people's ids that its first and second start told; ``ended`` is how the second ended.
    """

    data: Path
    told: list[list[str]]
    ended: int


def uniids(demo: RunningDemo) -> list[str]:
    """Who is in a demo."""
    return [person["uniid"] for person in demo.told["people"]]


def _prepare(folder: Path) -> None:
    """Start twice: giving three hundred people their passwords is most of the work, and is done once a run."""
    data, port, told = folder / "var", free_ports(), []
    for end in (signal.SIGKILL, signal.SIGINT):
        process = start_demo(data, port=port)
        told.append(uniids(until_ready(process, data, port=port)))
        process.send_signal(end)
        ended = process.wait(120)
        secrets = data / "secrets.toml"  # as an older release left it
        secrets.write_text(re.sub("^audit_checkpoint .*$", "", secrets.read_text(), flags=re.M))
    (folder / "told.json").write_text(json.dumps([told, ended]))


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """Made by the first of the processes that share the tests; the others wait for it."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "demo-prepared"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "told.json").exists():
            shutil.rmtree(folder / "var", ignore_errors=True)
            _prepare(folder)
    told, ended = json.loads((folder / "told.json").read_text())
    return Prepared(folder / "var", told, ended)


@pytest.fixture(scope="session")
def demo(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    data = tmp_path_factory.mktemp("demo") / "var"
    shutil.copytree(prepared.data, data, ignore=shutil.ignore_patterns("socket", "lock"))
    port = free_ports()
    process = start_demo(data, port=port)
    try:
        yield until_ready(process, data, port=port)
    finally:
        process.terminate()
        process.wait(120)
