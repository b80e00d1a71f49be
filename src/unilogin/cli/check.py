"""``unilogin check``: is this installation in order?"""

import asyncio
from dataclasses import asdict
from typing import Annotated

import typer

from unilogin.cli.findings import (
    EVERYWHERE,
    PRODUCTION,
    Finding,
    check_address,
    check_production_settings,
    run_checks,
)
from unilogin.cli.shown import AsJson, say, show_json, show_table
from unilogin.cli.workplace import connect_to, database, the_settings

_SIGNS = {True: "✓", False: "✗", None: "–"}


def check(
    production: Annotated[bool, typer.Option("--production", help="Also what only a real installation needs.")] = False,
    as_json: AsJson = False,
) -> None:
    """Look at settings, database, secrets, keys and clock, and say what to do. Exit code 1 if something is wrong."""
    settings = the_settings()

    async def look(dsn: str) -> list[Finding]:
        connection = await connect_to(dsn, role=settings.role)
        try:
            checks = (*EVERYWHERE, *PRODUCTION) if production else EVERYWHERE
            return [*await run_checks(checks, connection, settings)]
        finally:
            await connection.close()

    with database(settings) as dsn:
        findings = [check_address(settings), *asyncio.run(look(dsn))]
    findings += check_production_settings(settings) if production else []
    if as_json:
        show_json([asdict(finding) for finding in findings])
    else:
        show_table(("", "What", "Seen", "What to do"), ((_SIGNS[f.ok], f.subject, f.seen, f.todo) for f in findings))
    if any(finding.ok is False for finding in findings):
        raise typer.Exit(1)
    if not as_json:
        say("All is in order.")
