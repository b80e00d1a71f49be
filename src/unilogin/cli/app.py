"""``unilogin``: every command, each imported when it is used, so that help is quick."""

import sys

import typer

from unilogin.cli import check, demo, institutions, keys, migrate, people, rights, roster, serve, services
from unilogin.kit.errors import SetupError, UniloginError

app = typer.Typer(
    name="unilogin",
    help="Unilogin: the digital identity of pupils, parents and school staff.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("serve")(serve.serve)
app.command("demo")(demo.demo)
app.command("migrate")(migrate.migrate)
app.command("check")(check.check)
app.add_typer(institutions.commands, name="institutions")
app.add_typer(roster.commands, name="roster")
app.add_typer(services.commands, name="services")
app.add_typer(keys.commands, name="keys")
app.add_typer(people.commands, name="people")
app.add_typer(rights.commands, name="rights")

WORK_FAILED = 1
SETUP_WRONG = 2


def main() -> None:
    """Run a command; what is wrong is told in a sentence, never with a traceback.

    Exit codes: 0 done, 1 the work was refused or failed, 2 wrong usage, settings or surroundings.
    """
    try:
        app()
    except SetupError as error:
        typer.echo(f"unilogin: {error}", err=True)
        sys.exit(SETUP_WRONG)
    except UniloginError as error:
        typer.echo(f"unilogin: {error}", err=True)
        sys.exit(WORK_FAILED)


if __name__ == "__main__":
    main()
