"""``unilogin serve``: workers behind one port, and a supervisor for the housekeeping and the load balancers."""

import errno
import os
import socket
import time
from ipaddress import ip_address
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from unilogin.cli.workplace import connect_to, database, operator, refuse_pending_migrations, the_settings
from unilogin.kit.errors import SetupError
from unilogin.kit.metrics_folder import count_in_files, remove_folder

if TYPE_CHECKING:
    from unilogin.kit.secrets import Secrets
    from unilogin.settings import Settings

STOP_SECONDS = 20
"""How long a worker may finish what it has begun, once it takes nothing new (F-07)."""

PORT = 8000
"""Where it listens when neither the command nor the public address says."""

PRODUCT = "unilogin.main:create_app"
DEMO = "unilogin.demo.application:create_app"

_PORT_PATIENCE_SECONDS = 3.0


class PortError(SetupError):
    """The server cannot listen there; the sentence says why and what to do."""

    code = "port"


def serve(
    host: Annotated[str, typer.Option(help="Address of this machine to listen on; 0.0.0.0 for all.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(help=f"Port; 0 for the one in UNILOGIN_BASE_URL, else {PORT}.", min=0, max=65535)
    ] = 0,
    workers: Annotated[int, typer.Option(help="Worker processes; 0 for one a core.", min=0, max=256)] = 0,
) -> None:
    """Serve sign-in until SIGTERM or Ctrl-C.

    Without DATABASE_URL a PostgreSQL of its own runs in the data folder, is made at the first start and brought up to
    this release. With DATABASE_URL run 'unilogin migrate' first.
    """
    settings = the_settings()

    import asyncio

    from unilogin.domain.credentials.hashing import slots_of_a_worker
    from unilogin.kit.logs import set_up_logs
    from unilogin.settings import name_of

    set_up_logs(level=settings.log_level, readable=settings.log_format == "readable")
    address = _address(host)
    port = port or (urlsplit(settings.base_url).port if address.startswith(("127.", "::1")) else None) or PORT
    with database(settings, make=True) as dsn:
        asyncio.run(_prepare(settings, dsn))
        os.environ[name_of("database_url")] = dsn  # the workers are processes of their own
        count = workers or os.cpu_count() or 1
        os.environ[name_of("hash_slots")] = str(settings.hash_slots or slots_of_a_worker(workers=count))
        _run(settings, dsn, address=address, port=port, workers=count)


def _address(host: str) -> str:
    try:
        return str(ip_address("127.0.0.1" if host == "localhost" else host))
    except ValueError:
        raise typer.BadParameter(f"'{host}' is no IP address", param_hint="--host") from None


def _refuse_taken_port(address: str, port: int, *, patience: float = 0.0) -> None:
    """Raise PortError when nobody can listen there.

    Workers share their port (SO_REUSEPORT), so a second server would start and take half of the first one's requests.
    The workers of a server that was just killed may need a moment to go: hence the patience, in seconds.
    """
    deadline = time.monotonic() + patience
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    while True:
        try:
            socket.create_server((address, port), family=family).close()
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                raise PortError(_why_not_there(error, address, port)) from error
            time.sleep(0.1)
        else:
            return


def _why_not_there(error: OSError, address: str, port: int) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"Port {port} of {address} is in use: stop what listens there, or choose another port."
        case errno.EACCES:
            return f"Port {port} needs root's rights: choose one above 1023, and let the proxy in front have the other."
        case errno.EADDRNOTAVAIL:
            return f"This machine has no address {address}: choose one it has, or 0.0.0.0 for all."
        case _:
            return f"Nobody can listen on port {port} of {address}: {error.strerror}."


async def _prepare(settings: "Settings", dsn: str) -> None:
    """Refuse what cannot work before anything listens; make what a first start on a laptop lacks."""
    from unilogin.domain.keys.actions import ensure_key
    from unilogin.kit.db.mark import is_demo

    secrets = _secrets(settings)
    connection = await connect_to(dsn, role=settings.role)
    try:
        await refuse_pending_migrations(connection)
        if settings.demo and not await is_demo(connection):
            raise SetupError(
                "UNILOGIN_DEMO is set, and this database is not a demo's: unset it; 'unilogin demo' sets it."
            )
        async with connection.transaction():
            await ensure_key(connection, secrets, actor=operator())
    finally:
        await connection.close(timeout=5)


def _secrets(settings: "Settings") -> "Secrets":
    from unilogin.kit.secrets import create_secrets_file, load_secrets

    if settings.database_url is None and not settings.secrets_path.exists():
        create_secrets_file(settings.secrets_path)
    return load_secrets(settings.secrets_path)


def _run(settings: "Settings", dsn: str, *, address: str, port: int, workers: int) -> None:
    """Run the workers until a signal; raises SystemExit when they fail again and again."""
    _refuse_taken_port(address, port, patience=_PORT_PATIENCE_SECONDS)
    counted = None
    if settings.internal_port:
        _refuse_taken_port(settings.internal_host, settings.internal_port)
        counted = count_in_files(settings.data)  # before anything that counts is imported

    from unilogin.cli.supervisor import Supervisor
    from unilogin.cli.workers import Workers

    supervisor = Supervisor(settings, dsn, public=(address, port), counted=counted)
    supervisor.start()
    try:
        target = DEMO if settings.demo else PRODUCT
        server = Workers(
            target,
            address=address,
            port=port,
            workers=workers,
            drain_seconds=settings.drain_seconds,
            stop_seconds=STOP_SECONDS,
        )
        server.serve_until_stopped(on_stopping=supervisor.begin_to_stop)
    finally:
        supervisor.stop()
        if counted:
            remove_folder(counted)
