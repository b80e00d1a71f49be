"""Numbered SQL files, forward only: each in its own transaction, under an advisory lock and a lock time-out.

A file already applied must not change: its hash is stored and compared. Forward-only and hand-written because the
well-kept runners either bring a second driver or an ORM; the rules (docs/adr) are few enough to read here.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable

import asyncpg

from unilogin.kit.db.connection import Connection
from unilogin.kit.errors import SetupError

LOCK_KEY = 0x554E494C  # "UNIL": one migrator at a time in a cluster
LOCK_TIMEOUT = "4s"  # a migration gives up rather than queue in front of sign-in (F-16)


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its number, name, SQL and the hash that says it never changed."""

    number: int
    name: str
    sql: str

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the SQL, hexadecimal."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


class MigrationError(SetupError):
    """The database does not fit this release."""

    code = "migration"


def migrations_of(folder: Traversable | None = None) -> tuple[Migration, ...]:
    """Return the migrations that travel with the package, in order; raises MigrationError when two have one number."""
    place = folder or resources.files("unilogin.migrations")
    files = sorted(entry.name for entry in place.iterdir() if entry.name.endswith(".sql"))
    found = tuple(
        Migration(int(name[:4]), name.removesuffix(".sql"), (place / name).read_text(encoding="utf-8"))
        for name in files
    )
    if len({migration.number for migration in found}) != len(found):
        raise MigrationError(f"two migrations have one number: {', '.join(files)}")
    return found


async def applied(connection: Connection) -> dict[int, str]:
    """Return number → fingerprint of what this database has; empty for a new one."""
    if await connection.fetchval("select to_regclass('public.kit_migration') is null"):
        return {}
    rows = await connection.fetch("select number, fingerprint from kit_migration order by number")
    return {row["number"]: row["fingerprint"] for row in rows}


def pending(known: dict[int, str], wanted: Sequence[Migration]) -> tuple[Migration, ...]:
    """Return what is still to be applied.

    Raises:
        MigrationError: the database is newer than this release, or an applied file has changed since.

    """
    if extra := set(known) - {migration.number for migration in wanted}:
        raise MigrationError(
            f"the database has migration {max(extra)}, unknown to this one: a newer release made it. "
            "Start that release, or restore a backup from before the upgrade."
        )
    for migration in wanted:
        if known.get(migration.number, migration.fingerprint) != migration.fingerprint:
            raise MigrationError(
                f"migration {migration.name} was applied in another form: the files must not be edited"
            )
    return tuple(migration for migration in wanted if migration.number not in known)


async def migrate(dsn: str, *, folder: Traversable | None = None) -> list[str]:
    """Bring the database up to this release; return the names applied. Safe to repeat and to run twice at once."""
    connection = await asyncpg.connect(dsn, timeout=5)
    try:
        await connection.execute("select pg_advisory_lock($1)", LOCK_KEY)
        await connection.execute(f"set lock_timeout = '{LOCK_TIMEOUT}'")
        todo = pending(await applied(connection), migrations_of(folder))
        for migration in todo:
            await _apply(connection, migration)
        return [migration.name for migration in todo]
    finally:
        await connection.close()


async def _apply(connection: "asyncpg.Connection[asyncpg.Record]", migration: Migration) -> None:
    async with connection.transaction():
        await connection.execute(migration.sql)
        await connection.execute(
            "create table if not exists kit_migration (number integer primary key, name text not null,"
            " fingerprint text not null, applied_at timestamptz not null default now())"
        )
        await connection.execute(
            "insert into kit_migration (number, name, fingerprint) values ($1, $2, $3)",
            migration.number,
            migration.name,
            migration.fingerprint,
        )
        await connection.execute(
            "do $$ begin if exists (select from pg_roles where rolname = 'unilogin_run') then"
            " grant select on kit_migration to unilogin_run; end if; end $$"
        )
