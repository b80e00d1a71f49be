"""``unilogin``: every command, each importing what it needs when it runs, so that help is quick."""

import os
import sys
import traceback
from typing import Annotated, NoReturn

import typer

from unilogin.cli import (
    audit,
    carry_out,
    check,
    deliver,
    demo,
    institutions,
    keys,
    merging,
    migrate,
    notices,
    people,
    providers,
    renaming,
    rights,
    roster,
    roster_cpr,
    roster_deliveries,
    roster_files,
    roster_switch,
    senders,
    serve,
    services,
    sites,
    unlock,
    watch,
)
from unilogin.cli.shown import clean
from unilogin.kit.errors import SetupError, UniloginError

app = typer.Typer(
    name="unilogin",
    help="Unilogin: the digital identity of pupils, parents and school staff.",
    epilog="Exit codes: 0 done, 1 refused or failed, 2 wrong usage, settings or surroundings.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("serve")(serve.serve)
app.command("demo")(demo.demo)
app.command("migrate")(migrate.migrate)
app.command("check")(check.check)
app.add_typer(institutions.commands, name="institutions")
app.add_typer(roster.commands, name="roster")
for of_deliveries in (
    roster_deliveries.history,
    roster_deliveries.parked,
    roster_deliveries.show,
    roster_deliveries.release,
    roster_deliveries.reject,
    roster_deliveries.undo,
    roster_deliveries.limits,
    roster_deliveries.custody,
):
    roster.commands.command(of_deliveries.__name__)(of_deliveries)
roster.commands.add_typer(roster_cpr.commands, name="cpr")
roster.commands.add_typer(roster_switch.commands, name="switch")
roster.commands.command("generate")(roster_files.generate)
roster.commands.command("export")(roster_files.export)
roster.commands.command("watch")(watch.watch)
roster.commands.command("carry-out")(carry_out.carry_out)
senders.commands.command("deliver")(deliver.deliver)
app.add_typer(senders.commands, name="senders")
app.add_typer(services.commands, name="services")
app.add_typer(providers.commands, name="providers")
app.add_typer(keys.commands, name="keys")
people.commands.command("unlock")(unlock.unlock)
people.commands.command("new-username")(renaming.new_username)
for of_people in (merging.merge, merging.split, merging.unmerge, merging.corrections):
    people.commands.command()(of_people)
app.add_typer(people.commands, name="people")
app.add_typer(rights.commands, name="rights")
app.add_typer(sites.commands, name="sites")
app.add_typer(notices.commands, name="notices")
app.add_typer(audit.commands, name="audit")

WORK_FAILED = 1
SETUP_WRONG = 2


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"unilogin {version('unilogin')}")
        raise typer.Exit


@app.callback()
def _every_command(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Take what is said before the command."""


def main() -> None:
    """Run a command; what is wrong is told in a sentence, never with a traceback (N-75)."""
    try:
        app()
    except UniloginError as error:
        _stop(str(error), SETUP_WRONG if isinstance(error, SetupError) else WORK_FAILED)
    except Exception as error:
        if os.environ.get("UNILOGIN_LOG_LEVEL") == "debug":
            traceback.print_exc()
        _stop(_in_words(error), WORK_FAILED)


def _in_words(error: Exception) -> str:
    """What can be said of an error nobody expected. Its own words stay away: they may quote people's data."""
    if type(error).__module__.startswith("asyncpg") or isinstance(error, ConnectionError):
        what = f"The database gave up in the middle ({type(error).__name__})"
        todo = "look whether the work was done, and run it again"
    else:
        what = f"Something went wrong that should not ({type(error).__name__})"
        todo = "please report it"
    return f"{what}: {todo}. With UNILOGIN_LOG_LEVEL=debug all of it is shown."


def _stop(sentence: str, code: int) -> NoReturn:
    for line in sentence.splitlines():
        typer.echo(f"unilogin: {clean(line)}", err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
