"""``unilogin migrate``: bring the database up to this release."""

from typing import Annotated

import typer

from unilogin.cli.shown import say
from unilogin.cli.workplace import connect_to, database, the_settings


def migrate(
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit with 1 if something is pending.")
    ] = False,
) -> None:
    """Bring the database up to this release.

    Safe to repeat, and to run on several nodes at once; the release before this one goes on serving.
    """
    import asyncio

    from unilogin.kit.db.migrate import applied, migrations_of, pending
    from unilogin.kit.db.migrate import migrate as apply

    settings = the_settings()
    owner = settings.migrate_database_url

    async def look(dsn: str) -> list[str]:
        connection = await connect_to(dsn, role=None)
        try:
            return [migration.name for migration in pending(await applied(connection), migrations_of())]
        finally:
            await connection.close()

    with database(settings, make=not check, bring_up=False) as serving_dsn:
        dsn = owner.get_secret_value() if owner else serving_dsn
        names = asyncio.run(look(dsn) if check else apply(dsn))
    for name in names:
        say(f"{'pending' if check else 'applied'}: {name}")
    if not names:
        say("The database has everything this release needs.")
    if check and names:
        raise typer.Exit(1)
