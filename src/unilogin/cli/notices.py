"""``unilogin notices``: do people get the letters about their sign-in?"""

from dataclasses import asdict

import typer

from unilogin.cli.shown import AsJson, show_json, show_table
from unilogin.cli.workplace import look

commands = typer.Typer(help="Letters to people about their sign-in.", no_args_is_help=True)


@commands.callback()
def _group() -> None:
    """Keep 'list' a command of its own although it is the only one."""


@commands.command("list")
def list_all(as_json: AsJson = False) -> None:
    """Show how the letters of each kind fare, of the last half year.

    A letter that the mail server does not take is tried again for a day. Nobody's name or address is shown. 'No
    address' counts what happened to people whom nobody can write to; they see it on their own page.
    """
    from unilogin.domain.notices.queries import carried

    found = look(carried)
    if as_json:
        show_json([asdict(one) for one in found])
        return
    columns = ("Kind", "Happened", "No address", "Sent", "Waiting", "Since", "Not sent", "Last answer")
    rows = (
        (
            one.notice,
            one.noted,
            one.nobody,
            one.sent,
            one.waiting,
            f"{one.waiting_since:%Y-%m-%d %H:%M:%SZ}" if one.waiting_since else "",
            one.not_sent,
            one.last_answer,
        )
        for one in found
    )
    show_table(columns, rows)
