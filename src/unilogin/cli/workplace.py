"""What every command starts with: the settings, the database, and who sits at the keyboard."""

import os
import pwd
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from unilogin.domain.audit.model import Actor
from unilogin.kit.errors import SetupError

if TYPE_CHECKING:
    import asyncpg

    from unilogin.kit.db.connection import Connection, Transaction
    from unilogin.settings import Settings

Result = TypeVar("Result")


class DatabaseError(SetupError):
    """There is no database to work on; the sentence says why and what to do."""

    code = "database"


def the_settings() -> "Settings":
    """Return the settings of this process; raises SettingsError."""
    from unilogin.settings import load_settings

    return load_settings(os.environ)


def operator() -> Actor:
    """Return who the audit log says did it: the user of the operating system, which no variable can change."""
    try:
        return Actor("operator", pwd.getpwuid(os.getuid()).pw_name)
    except KeyError:
        return Actor("operator", f"uid {os.getuid()}")


@contextmanager
def database(settings: "Settings", *, make: bool = False, bring_up: bool = True) -> Iterator[str]:
    """Give the address of the database while the block runs: the server's, or of the embedded one.

    An embedded database that another process runs is joined; one that nobody runs is started, brought up to this
    release unless the caller sees to that (``bring_up``), and stopped in the end. ``make`` allows to make a new one.

    Raises:
        SetupError: there is none, or it does not start.
    """
    if settings.database_url is not None:
        yield settings.dsn
        return
    import asyncio

    from unilogin.kit.db.embedded import running_dsn, start_embedded
    from unilogin.kit.db.migrate import migrate

    if not make and not (settings.data / "cluster").exists():
        raise DatabaseError(
            f"There is no database in {settings.data} yet: 'unilogin migrate' makes one there. Or set DATABASE_URL to "
            "a PostgreSQL server, or UNILOGIN_DATA to the folder of an existing one."
        )
    if (dsn := running_dsn(settings.data)) is not None:
        yield dsn
        return
    server = start_embedded(settings.data)
    try:
        if bring_up:
            asyncio.run(migrate(server.dsn))
        yield server.dsn
    finally:
        server.stop()


def look(work: "Callable[[Connection], Awaitable[Result]]") -> Result:
    """Do one piece of reading on the database of the settings; raises SetupError when it cannot be reached."""
    import asyncio

    settings = the_settings()

    async def with_connection(dsn: str) -> Result:
        connection = await connect_to(dsn, role=settings.role)
        try:
            await refuse_pending_migrations(connection)
            return await work(connection)
        finally:
            await connection.close(timeout=5)

    with database(settings) as dsn:
        return asyncio.run(with_connection(dsn))


def act(work: "Callable[[Transaction], Awaitable[Result]]") -> Result:
    """Do one piece of writing, in one transaction: all of it or nothing."""

    async def in_transaction(connection: "Connection") -> Result:
        async with connection.transaction():
            return await work(connection)

    return look(in_transaction)


async def connect_to(dsn: str, *, role: str | None, paced: bool = False) -> "asyncpg.Connection[asyncpg.Record]":
    """Open a connection for a command, ``paced`` for large work that nobody waits for.

    Raises DatabaseError with a sentence for the person who set the address.
    """
    import asyncpg

    from unilogin.kit.db.connection import connect
    from unilogin.kit.values import without_password

    try:
        return await connect(dsn, role=role, paced=paced)
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise DatabaseError(f"{_why(error, role)} The address is {without_password(dsn)}.") from error


async def refuse_pending_migrations(connection: "Connection") -> None:
    """Raise DatabaseError when the database does not fit this release."""
    from unilogin.kit.db.migrate import applied, migrations_of, pending

    todo = pending(await applied(connection), migrations_of())
    if todo:
        raise DatabaseError(f"The database lacks {len(todo)} migrations ({todo[0].name} …): run 'unilogin migrate'.")


def _why(error: Exception, role: str | None) -> str:
    import asyncpg

    match error:
        case asyncpg.InvalidAuthorizationSpecificationError():
            return "The database refuses the user or the password."
        case asyncpg.InvalidCatalogNameError():
            return "The PostgreSQL server has no database of this name: make it first (createdb)."
        case asyncpg.InvalidParameterValueError() | asyncpg.InsufficientPrivilegeError():
            return (
                f"The database does not let this user work in the role '{role}': run 'unilogin migrate', which makes "
                f"it, as the owner, then 'grant {role} to' the user (UNILOGIN_DATABASE_ROLE names the role)."
            )
        case asyncpg.CannotConnectNowError():
            return "The database is starting or stopping: try again in a moment."
        case asyncpg.TooManyConnectionsError():
            return "The database has no free connection: raise its max_connections, or lower UNILOGIN_POOL_SIZE."
        case _:
            return f"The database does not answer ({type(error).__name__}): is it running, and is the way there open?"
