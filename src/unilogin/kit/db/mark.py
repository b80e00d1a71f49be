"""What a database is for, written on the database itself, so that it goes where the database goes.

A demo shows its people's passwords to whoever asks. The mark keeps it away from a database that somebody needs.
"""

from unilogin.kit.db.connection import Connection

_MARK = "unilogin: demo"


async def mark_as_demo(connection: Connection) -> None:
    """Mark this database as a demo's; only its owner may."""
    name = await connection.fetchval("select quote_ident(current_database())")
    await connection.execute(f"comment on database {name} is '{_MARK}'")


async def is_demo(connection: Connection) -> bool:
    """Tell whether this database is marked as a demo's."""
    return bool(
        await connection.fetchval(
            "select shobj_description(oid, 'pg_database') = $1 from pg_database where datname = current_database()",
            _MARK,
        )
    )
