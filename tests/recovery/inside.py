"""What the database says after a visit."""

from tests.builders.people import People, Somebody
from tests.builders.running import connect, run


def sessions_now(people: People, somebody: Somebody) -> list[tuple[str, str]]:
    """By which method and how sure somebody is signed in now, once for each session."""
    rows = read(
        people.dsn,
        "select method, level from sessions_session where account_id = $1 and ended_at is null order by auth_time",
        somebody.account_id,
    )
    return [(str(method), str(level)) for method, level in rows]


def events_about(people: People, somebody: Somebody) -> list[tuple[str, str]]:
    """What the log says of somebody, in order: the event, and who did it."""
    rows = read(
        people.dsn,
        "select action, actor_id from audit_event where account_id = $1 order by sequence",
        somebody.account_id,
    )
    return [(str(action), str(actor)) for action, actor in rows]


def read(dsn: str, sql: str, *arguments: object) -> list[tuple[object, ...]]:
    """Read rows."""
    return run(_read(dsn, sql, *arguments))


async def _read(dsn: str, sql: str, *arguments: object) -> list[tuple[object, ...]]:
    connection = await connect(dsn)
    try:
        return [tuple(row.values()) for row in await connection.fetch(sql, *arguments)]
    finally:
        await connection.close()
