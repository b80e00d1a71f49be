"""``unilogin roster carry-out``: what offices have decided or handed in. The server starts it for each of them.

A process of its own, as for deliveries: to release a large one takes minutes and memory, and no page waits so long.
"""

import sys
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

    from unilogin.kit.errors import UniloginError
    from unilogin.kit.logs import log, set_up_logs

    settings = the_settings()
    set_up_logs(level=settings.log_level, readable=settings.log_format == "readable")
    stand_back(somebody_waits=True)
    stay_within()
    try:
        with database(settings) as dsn:
            asyncio.run(_carry_out(dsn, settings))
    except UniloginError as error:  # said in the log of the server that started it, which machines read
        log("roster").error("orders not carried out", why=str(error))
        sys.exit(1)


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
