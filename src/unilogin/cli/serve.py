"""``unilogin serve``: workers behind one port, and a supervisor for the housekeeping and the load balancers."""

import asyncio
import os
from typing import TYPE_CHECKING, Annotated

import typer

from unilogin.cli.workplace import connect_to, database, refuse_pending_migrations, the_settings
from unilogin.kit.errors import SetupError
from unilogin.settings import Settings, name_of

if TYPE_CHECKING:
    from unilogin.kit.secrets import Secrets

BACKLOG = 4096
"""Connections that may wait to be accepted: a school's 600 pupils at eight o'clock, several times over."""

STOP_SECONDS = 20
"""How long a worker may finish what it has begun after SIGTERM (F-07)."""

PRODUCT = "unilogin.main:create_app"
DEMO = "unilogin.demo.application:create_app"


def serve(
    host: Annotated[str, typer.Option(help="Address of this machine to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8000,
    workers: Annotated[int, typer.Option(help="Worker processes; 0 for one a core.", min=0, max=256)] = 0,
) -> None:
    """Serve sign-in until SIGTERM or Ctrl-C.

    Without DATABASE_URL a PostgreSQL of its own runs in the data folder, is made at the first start and brought up to
    this release. With DATABASE_URL run 'unilogin migrate' first.
    """
    settings = the_settings()
    with database(settings, make=True) as dsn:
        asyncio.run(_prepare(settings, dsn))
        os.environ[name_of("database_url")] = dsn  # the workers are processes of their own
        from unilogin.cli.supervisor import Supervisor

        supervisor = Supervisor(settings, dsn)
        supervisor.start()
        try:
            _serve(DEMO if settings.demo else PRODUCT, host=host, port=port, workers=workers or os.cpu_count() or 1)
        finally:
            supervisor.stop()


async def _prepare(settings: Settings, dsn: str) -> None:
    """Refuse what cannot work before anything listens; make what a first start on a laptop lacks."""
    from unilogin.cli.workplace import operator
    from unilogin.domain.keys.actions import ensure_key
    from unilogin.kit.db.mark import is_demo

    secrets = _secrets(settings)
    connection = await connect_to(dsn, role=settings.role)
    try:
        await refuse_pending_migrations(connection)
        if settings.demo and not await is_demo(connection):
            raise SetupError(
                "UNILOGIN_DEMO is set, and this database is not a demo's: unset it; 'unilogin demo' sets it"
            )
        async with connection.transaction():
            await ensure_key(connection, secrets, actor=operator())
    finally:
        await connection.close()


def _secrets(settings: Settings) -> "Secrets":
    from unilogin.kit.secrets import create_secrets_file, load_secrets

    if settings.database_url is None and not settings.secrets_path.exists():
        create_secrets_file(settings.secrets_path)
    return load_secrets(settings.secrets_path)


def _serve(target: str, *, host: str, port: int, workers: int) -> None:
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces
    from granian.log import LogLevels

    Granian(
        target,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        factory=True,
        workers=workers,
        http=HTTPModes.http1,  # the proxy in front speaks HTTP/2 with browsers
        websockets=False,
        backlog=BACKLOG,
        respawn_failed_workers=True,
        respawn_interval=0.5,
        workers_kill_timeout=STOP_SECONDS,
        log_level=LogLevels.warning,
    ).serve()
