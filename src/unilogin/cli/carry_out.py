"""``unilogin roster carry-out``: what offices have decided or handed in. The server starts it for each of them.

A process of its own, as for deliveries: to release a large one takes minutes and memory, and no page waits so long.
"""

from typing import TYPE_CHECKING

from unilogin.cli.workplace import connect_to, database, refuse_pending_migrations, the_settings
from unilogin.kit.priority import stand_back, stay_within

if TYPE_CHECKING:
    from unilogin.settings import Settings


def carry_out() -> None:
    """Carry out what offices have ordered: release deliveries, take them back, read files, change systems. Then end.

    The server runs it by itself for each order. Two at a time share the work.
    """
    import asyncio

    settings = the_settings()
    stand_back(somebody_waits=True)
    stay_within()
    with database(settings) as dsn:
        asyncio.run(_carry_out(dsn, settings))


async def _carry_out(dsn: str, settings: "Settings") -> None:
    from unilogin.kit.secrets import load_secrets
    from unilogin.roster.formats.unilogin_import import NAMESPACES
    from unilogin.roster.switching import ordering, uploads
    from unilogin.roster.tasks import carry_out_next

    secrets, namespaces = load_secrets(settings.secrets_path), (*NAMESPACES, *settings.more_namespaces)
    connection = await connect_to(dsn, role=settings.role, paced=True)
    try:
        await refuse_pending_migrations(connection)
        while await carry_out_next(connection, secrets=secrets, namespaces=namespaces):
            pass
        while await uploads.carry_out_next(connection, secrets=secrets, namespaces=namespaces):
            pass
        while await ordering.carry_out_next(connection, secrets=secrets, namespaces=namespaces):
            pass
    finally:
        await connection.close(timeout=5)
