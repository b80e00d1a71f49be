"""``unilogin demo``: one command from nothing to a municipality that signs in.

Every part is a process of its own: PostgreSQL, the server as ``unilogin serve`` starts it, the learning service, the
MitID simulator.
Ctrl-C or SIGTERM stops them all.
"""

import asyncio
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from unilogin.demo.load import DEMO, DemoService, load_municipality, register_mitid, register_service
from unilogin.demo.mitid.names import ALIAS
from unilogin.demo.mitid.names import SECRET_VARIABLE as MITID_SECRET_VARIABLE
from unilogin.demo.place import service_file
from unilogin.demo.relying_party.names import SECRET_VARIABLE
from unilogin.domain.keys.actions import ensure_key
from unilogin.house import REALM
from unilogin.kit.db.connection import connect, open_pool, transaction
from unilogin.kit.db.embedded import start_embedded
from unilogin.kit.db.mark import is_demo, mark_as_demo
from unilogin.kit.db.migrate import migrate
from unilogin.kit.errors import SetupError
from unilogin.kit.secrets import Secrets, add_missing_secrets, create_secrets_file, load_secrets

READY_SECONDS = 30
STOP_SECONDS = 25


class DemoError(SetupError):
    """The demo does not start; the sentence says what to do."""

    code = "demo"


def run(*, port: int, data: Path, reset: bool, database_url: str | None = None) -> int:
    """Set everything up, serve until somebody stops it, and return the exit code.

    Args:
        port: of the server; the learning service and the MitID simulator get the next ones.
        data: the folder that keeps the demo between two starts.
        reset: start over with an empty folder.
        database_url: a server of one's own in place of the embedded PostgreSQL; only a new database, or a demo's.

    Raises:
        SetupError: the folder or database belongs to something else, or a part does not start.

    """
    if reset:
        _start_over(data)
    data.mkdir(parents=True, exist_ok=True)
    with _database(data, database_url) as dsn, _stopping_on_signals() as stop:
        secrets = _secrets(data)
        prepared = asyncio.run(_prepare(dsn, secrets, data=data, port=port))
        return _serve(dsn, prepared, port=port, data=data, stop=stop)


def _start_over(data: Path) -> None:
    """Delete what the demo made, and nothing else that may lie in the folder."""
    for name in ("cluster", "socket", "lock", "postgres.log"):
        path = data / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    for file in (data / "secrets.toml", service_file(data)):
        file.unlink(missing_ok=True)


@contextmanager
def _database(data: Path, database_url: str | None) -> Iterator[str]:
    if database_url is not None:
        yield database_url
        return
    _say("Starting PostgreSQL")
    server = start_embedded(data)
    try:
        yield server.dsn
    finally:
        server.stop()


def _secrets(data: Path) -> Secrets:
    path = data / "secrets.toml"
    if not path.exists():
        create_secrets_file(path)
    add_missing_secrets(path)  # the folder may be of an older release
    return load_secrets(path)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What the parts of the demo must know of each other."""

    service: DemoService
    mitid_secret: str


async def _prepare(dsn: str, secrets: Secrets, *, data: Path, port: int) -> _Prepared:
    await _claim(dsn)
    await migrate(dsn)
    pool = await open_pool(dsn, patient=True)
    try:
        async with transaction(pool) as tx:
            await ensure_key(tx, secrets, actor=DEMO)
        await load_municipality(pool, secrets, say=_say)
        home, mitid = f"http://localhost:{port + 1}", f"http://localhost:{port + 2}"
        secret = await register_mitid(pool, secrets, issuer=mitid)
        return _Prepared(await register_service(pool, home=home, mitid=mitid, kept=service_file(data)), secret)
    finally:
        await pool.close()


async def _claim(dsn: str) -> None:
    """Mark a new database as a demo's; refuse one that is somebody's."""
    connection = await connect(dsn)
    try:
        if await is_demo(connection):
            return
        if await connection.fetchval("select to_regclass('public.kit_migration') is not null"):
            raise DemoError(
                "This database is not a demo's, and the demo shows passwords to whoever asks: "
                "leave out DATABASE_URL, choose another DATA folder, or name a new, empty database."
            )
        await mark_as_demo(connection)
    finally:
        await connection.close()


def _serve(dsn: str, prepared: _Prepared, *, port: int, data: Path, stop: "_Stop") -> int:
    stop.at_once = False
    service = prepared.service
    base_url = f"http://localhost:{port}"
    ours = {
        "UNILOGIN_DATABASE_URL": dsn,
        "UNILOGIN_DATA": str(data),
        "UNILOGIN_BASE_URL": base_url,
        "UNILOGIN_DEMO": "yes",
        "UNILOGIN_INTERNAL_PORT": "0",
        "UNILOGIN_LOG_FORMAT": "readable",
        "UNILOGIN_LOG_LEVEL": "error",
    }
    server = [sys.executable, "-m", "unilogin.cli.app", "serve", "--port", str(port)]
    learning = [sys.executable, "-m", "unilogin.demo.relying_party", "--port", str(port + 1)]
    learning += ["--issuer", base_url + REALM, "--client-id", service.client_id]
    mitid = [sys.executable, "-m", "unilogin.demo.mitid", "--port", str(port + 2)]
    mitid += ["--redirect-uri", f"{base_url}{REALM}/broker/{ALIAS}/endpoint"]
    with (
        _process(server, ours) as first,
        _process(learning, {SECRET_VARIABLE: service.client_secret}) as second,
        _process(mitid, {MITID_SECRET_VARIABLE: prepared.mitid_secret}) as third,
    ):
        parts = [first, second, third]
        for address in (f"{base_url}/demo.json", f"{service.home}/", f"{service.mitid}/"):
            _wait_until_ready(address, parts, stop=stop)
        _say(f"Ready. Open {base_url}/demo - Ctrl-C stops everything.")
        while all(part.poll() is None for part in parts):
            stop.if_wanted()
            time.sleep(0.2)
    raise DemoError("A part of the demo has stopped; what it said stands above.")


@contextmanager
def _process(command: list[str], variables: Mapping[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a part of the demo; stop it at the end, gently first."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("UNILOGIN_")}
    environment.pop("DATABASE_URL", None)
    # A session of its own: Ctrl-C reaches us alone, and we stop the parts in order.
    variables = {**environment, **variables}
    part = subprocess.Popen(  # noqa: S603 - commands of our own
        command,
        env=variables,
        start_new_session=True,
        preexec_fn=_end_with_parent,  # noqa: PLW1509 - there is one thread at this moment
    )
    try:
        yield part
    finally:
        part.terminate()
        try:
            part.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            part.kill()
            part.wait()


_PR_SET_PDEATHSIG = 1


def _end_with_parent() -> None:
    """Ask Linux to end this process when the demo is killed with -9, so that the next start finds its ports free."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _wait_until_ready(url: str, parts: list["subprocess.Popen[bytes]"], *, stop: "_Stop") -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and all(part.poll() is None for part in parts):
        stop.if_wanted()
        try:
            with urlopen(url, timeout=5):  # noqa: S310 - an address on this machine that we have just made
                return
        except (URLError, OSError):
            time.sleep(0.05)
    raise DemoError(f"{url} does not answer. Is another program using the port? PORT=… chooses another.")


class _StoppedError(Exception):
    """Somebody wants the demo to stop."""


@dataclass(slots=True)
class _Stop:
    """Whether somebody wants the demo to stop.

    ``at_once``: an exception out of whatever is done just then. Not while parts run: it would leave a lock of
    ``Popen`` held where it interrupts ``poll``, and who then waits for that part waits for ever.
    """

    at_once: bool = True
    wanted: bool = False

    def if_wanted(self) -> None:
        """Stop here, if somebody wants that."""
        if self.wanted:
            raise _StoppedError


@contextmanager
def _stopping_on_signals() -> Iterator[_Stop]:
    """Turn SIGTERM and Ctrl-C into an orderly end."""
    stop = _Stop()

    def note(number: int, frame: object) -> None:
        stop.wanted = True
        if stop.at_once:
            raise _StoppedError

    before = {number: signal.signal(number, note) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    except _StoppedError:
        _say("Stopping")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()
