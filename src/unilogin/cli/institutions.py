"""``unilogin institutions``: the list of schools and day-cares."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from unilogin.cli.shown import AsJson, say, show_json, show_table
from unilogin.cli.workplace import act, look, operator

commands = typer.Typer(help="Institutions: schools, day-cares and others.", no_args_is_help=True)


@commands.command("import")
def import_list(
    file: Annotated[Path, typer.Argument(help="CSV with a header: number,name,kind,cvr,municipality,public_law_body.")],
    as_json: AsJson = False,
) -> None:
    """Create or change the institutions in a CSV file.

    All of them or none; repeating it changes nothing. Kinds: folkeskole, friskole, gymnasium, erhvervsskole,
    dagtilbud, andet. public_law_body is yes or no: whether MitID
    may be used there. Comma or semicolon, UTF-8.
    """
    from unilogin.cli.institution_list import read_list
    from unilogin.domain.directory.actions import save_institutions

    drafts = read_list(file)
    created, changed = act(lambda tx: save_institutions(tx, drafts, actor=operator()))
    if as_json:
        show_json({"created": created, "changed": changed, "unchanged": len(drafts) - created - changed})
    else:
        say(f"{created} created, {changed} changed, {len(drafts) - created - changed} as before.")


@commands.command("list")
def list_all(as_json: AsJson = False) -> None:
    """Show all institutions."""
    from unilogin.domain.directory.queries import institutions

    found = look(institutions)
    if as_json:
        show_json([asdict(one) for one in found])
        return
    rows = ((o.number, o.name, o.kind, o.cvr, o.municipality, o.public_law_body, o.active) for o in found)
    show_table(("Number", "Name", "Kind", "CVR", "Municipality", "Public-law body", "Active"), rows)
