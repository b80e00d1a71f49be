"""``unilogin serve``: what it refuses, what it says of itself, and that it never leaves anything behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.cli.conftest import run_command
from tests.postgres import TestServer
from tests.server import environment, free_port, is_worker


@dataclass(frozen=True, slots=True)
class Serving:
    """A server of this test's own."""

    process: "subprocess.Popen[bytes]"
    port: int
    internal_port: int
    env: Mapping[str, str]
    log: Path

    def answers(self) -> bool:
        try:
            return httpx.get(f"http://localhost:{self.port}/hjaelp", timeout=30).status_code == 200
        except httpx.TransportError:
            return False

    def internal(self, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.internal_port}{path}", timeout=60)

    def readiness(self) -> tuple[int, dict[str, Any]]:
        """The status of /readyz, and what it found by subject."""
        answer = self.internal("/readyz")
        return answer.status_code, {one["subject"]: one for one in answer.json()["checks"]}

    def workers(self) -> list[psutil.Process]:
        return [child for child in psutil.Process(self.process.pid).children() if is_worker(child)]


def until(condition: Callable[[], bool], *, seconds: float = 120) -> bool:
    """Wait for a condition, not for luck."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


@contextmanager
def serving(env: Mapping[str, str], log: Path, *, workers: int = 1) -> Iterator[Serving]:
    port, internal_port = free_port(), free_port()
    env = {
        **env,
        "UNILOGIN_BASE_URL": f"http://localhost:{port}",
        "UNILOGIN_INTERNAL_PORT": str(internal_port),
    }
    command = [sys.executable, "-m", "unilogin.cli.app", "serve", "--workers", str(workers)]
    with log.open("ab") as output:
        process = subprocess.Popen(command, env=env, stdout=output, stderr=output, start_new_session=True)
    server = Serving(process, port, internal_port, env, log)
    try:
        assert until(lambda: server.answers() or process.poll() is not None), "no answer"
        assert process.poll() is None, log.read_text()
        yield server
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(120)


@pytest.fixture(scope="module")
def mine(postgres: TestServer, template: str, secrets_file: Path, folder: Path) -> dict[str, str]:
    """An environment whose database and secrets file are this module's own."""
    own = folder / "secrets.toml"
    own.write_bytes(secrets_file.read_bytes())
    own.chmod(0o600)
    return environment(postgres.create_database("serve", template), own, port=0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("serve")


@pytest.fixture(scope="module")
def server(mine: dict[str, str], folder: Path) -> Iterator[Serving]:
    """A server for tests that leave it as it was; it stops on SIGTERM as it should, when its drain is over."""
    with serving(mine | {"UNILOGIN_DRAIN_SECONDS": "1"}, folder / "log", workers=2) as running:
        yield running
        running.process.terminate()
        assert running.process.wait(120) == 0
        assert '"event":"draining"' in running.log.read_text().replace(": ", ":")


@pytest.fixture
def embedded(tmp_path: Path) -> dict[str, str]:
    """An environment without a database: the server brings its own."""
    env = environment("", tmp_path / "unused", port=0)
    for name in ("UNILOGIN_DATABASE_URL", "UNILOGIN_SECRETS_FILE"):
        del env[name]
    return env | {"UNILOGIN_DATA": str(tmp_path / "var")}


def refused(env: Mapping[str, str], *arguments: str) -> str:
    told = run_command("serve", *arguments, env=dict(env))
    assert told.code == 2
    assert told.err.startswith("unilogin: ")
    return told.err


def test_the_internal_port_says_that_it_lives_and_is_ready(server: Serving) -> None:
    assert server.internal("/healthz").status_code == 200
    status, found = server.readiness()
    assert status == 200
    assert [*found] == ["workers", "secrets", "database", "migrations", "signing key"]
    assert server.internal("/admin").status_code == 404


def test_the_internal_pages_are_not_on_the_public_port(server: Serving) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        assert httpx.get(f"http://localhost:{server.port}{path}").status_code == 404


def test_a_node_that_lost_its_secrets_is_alive_and_not_ready(server: Serving) -> None:
    own = Path(server.env["UNILOGIN_SECRETS_FILE"])
    own.chmod(0o644)
    try:
        assert until(lambda: server.readiness()[0] == 503)
        assert "chmod 600" in server.readiness()[1]["secrets"]["todo"]
        assert server.internal("/healthz").status_code == 200
    finally:
        own.chmod(0o600)
    assert until(lambda: server.readiness()[0] == 200)


def test_a_worker_that_dies_is_replaced_and_the_log_says_so_in_json(server: Serving) -> None:
    first, *_ = server.workers()
    first.kill()
    assert until(lambda: len(server.workers()) == 2 and first not in server.workers())
    assert until(server.answers)
    lines = server.log.read_text().splitlines()
    assert [line for line in lines if not line.startswith('{"')] == []
    assert any("Unexpected exit" in json.loads(line)["event"] for line in lines)


def test_a_taken_port_is_refused_and_not_shared(server: Serving, mine: dict[str, str]) -> None:
    assert f"Port {server.port} of 127.0.0.1 is in use" in refused(mine, "--port", str(server.port))
    internal = mine | {"UNILOGIN_INTERNAL_PORT": str(server.internal_port)}
    assert f"Port {server.internal_port}" in refused(internal, "--port", str(free_port()))


def test_a_request_with_endless_headers_is_cut_off(server: Serving) -> None:
    with socket.create_connection(("127.0.0.1", server.port), 10) as stranger:
        stranger.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ")
        answer = b""
        try:
            for _ in range(64):
                stranger.sendall(b"x" * 16_384)
            answer = stranger.recv(1024)
        except ConnectionError:
            answer = answer or b"cut off"
    assert answer.startswith((b"HTTP/1.1 431", b"HTTP/1.1 400", b"cut off"))


def test_a_node_without_its_database_is_alive_and_not_ready(
    mine: dict[str, str], tmp_path: Path, postgres: TestServer, template: str
) -> None:
    lost = mine | {"UNILOGIN_DATABASE_URL": postgres.create_database("serve_lost", template)}
    with serving(lost, tmp_path / "log") as server:
        postgres.drop_database("serve_lost")
        assert until(lambda: server.readiness()[0] == 503)
        assert server.readiness()[1]["database"]["ok"] is False
        assert server.internal("/healthz").status_code == 200
        family = psutil.Process(server.process.pid).children(recursive=True)
        os.killpg(server.process.pid, signal.SIGINT)  # Ctrl-C reaches everybody at the terminal
        assert server.process.wait(120) == 0
        assert until(lambda: not any(alive(one) for one in family))


def test_a_killed_server_leaves_nobody_behind_and_gives_its_database_back(
    embedded: dict[str, str], tmp_path: Path
) -> None:
    with serving(embedded, tmp_path / "log", workers=2) as server:
        made = run_command("keys", "list", "--json", env=dict(server.env)).json  # beside the running server
        family = psutil.Process(server.process.pid).children(recursive=True)
        server.process.kill()
        assert until(lambda: not any(alive(one) for one in family))
        assert not server.answers()
    with serving(embedded, tmp_path / "log") as server:
        assert run_command("keys", "list", "--json", env=dict(server.env)).json == made
        assert run_command("check", env=dict(server.env)).code == 0


def test_an_address_of_another_machine_is_refused(mine: dict[str, str]) -> None:
    assert "no address 192.0.2.1" in refused(mine, "--host", "192.0.2.1", "--port", str(free_port()))


def test_a_name_is_no_address(mine: dict[str, str]) -> None:
    told = run_command("serve", "--host", "login.kommune.dk", env=mine)
    assert told.code == 2
    assert "no IP address" in told.err


def test_a_database_that_was_never_migrated_is_refused(mine: dict[str, str], postgres: TestServer) -> None:
    empty = mine | {
        "UNILOGIN_DATABASE_URL": postgres.create_database("serve_unmigrated"),
        "UNILOGIN_DATABASE_ROLE": "",
    }
    assert "unilogin migrate" in refused(empty, "--port", str(free_port()))


def test_only_a_first_start_on_a_laptop_makes_the_secrets_file(mine: dict[str, str], tmp_path: Path) -> None:
    """Anywhere else a new one would lock everybody out."""
    missing = tmp_path / "secrets.toml"
    assert "create-secrets" in refused(mine | {"UNILOGIN_SECRETS_FILE": str(missing)}, "--port", str(free_port()))
    assert not missing.exists()


def alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_what_the_server_starts_for_offices_complains_in_its_log(mine: dict[str, str], tmp_path: Path) -> None:
    told = run_command("roster", "carry-out", env=mine | {"UNILOGIN_SECRETS_FILE": str(tmp_path / "none.toml")})
    assert (told.code, told.out) == (1, "")
    assert "none.toml" in json.loads(told.err)["why"]
