"""``unilogin check``: is this installation in order?"""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from unilogin.cli.findings import (
    EVERYWHERE,
    PRODUCTION,
    Finding,
    check_address,
    check_production_settings,
    check_secrets,
    run_checks,
)
from unilogin.cli.shown import AsJson, say, show_json, show_table
from unilogin.cli.workplace import connect_to, database, the_settings
from unilogin.kit.errors import SetupError

if TYPE_CHECKING:
    from unilogin.settings import Settings

_SIGNS = {True: "✓", False: "✗", None: "–"}


def check(
    production: Annotated[bool, typer.Option("--production", help="Also what only a real installation needs.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say whether this installation is in order, and what to do.

    Looks at settings, database, role, migrations, secrets, keys and clock. Exit code 1 if something is wrong.
    """
    try:
        settings = the_settings()
    except SetupError as error:
        findings = [Finding("settings", ok=False, seen="refused", todo=line) for line in str(error).splitlines()]
    else:
        findings = [Finding("settings", ok=True, seen="all known"), check_address(settings), check_secrets(settings)]
        findings += _at_the_database(settings, production=production)
        findings += check_production_settings(settings) if production else []
    if as_json:
        show_json([asdict(finding) for finding in findings])
    else:
        show_table(("", "What", "Seen", "What to do"), ((_SIGNS[f.ok], f.subject, f.seen, f.todo) for f in findings))
    if any(finding.ok is False for finding in findings):
        raise typer.Exit(1)
    if not as_json:
        say("All is in order.")


def _at_the_database(settings: "Settings", *, production: bool) -> list[Finding]:
    import asyncio

    async def look(dsn: str) -> list[Finding]:
        connection = await connect_to(dsn, role=settings.role)
        try:
            return await run_checks((*EVERYWHERE, *PRODUCTION) if production else EVERYWHERE, connection, settings)
        finally:
            await connection.close(timeout=5)

    try:
        with database(settings) as dsn:
            return asyncio.run(look(dsn))
    except SetupError as error:
        return [Finding("database", ok=False, seen="out of reach", todo=str(error))]
