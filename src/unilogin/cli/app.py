"""``unilogin``: every command, each importing what it needs when it runs, so that help and small files are quick."""

import gc
import os
import sys
import traceback
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Annotated, Final, NoReturn

import typer

from unilogin.cli.shown import clean
from unilogin.kit.errors import SetupError, UniloginError

COMMANDS: Final = ("serve", "demo", "migrate", "check")
"""Each is a function in the file of its name."""

GROUPS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "institutions": {},
    "roster": {
        "roster_deliveries": ("history", "parked", "show", "release", "reject", "undo", "limits", "custody"),
        "roster_cpr": (),
        "roster_switch": (),
        "roster_files": ("generate", "export"),
        "watch": ("watch",),
        "carry_out": ("carry_out",),
    },
    "senders": {"deliver": ("deliver",)},
    "services": {},
    "providers": {},
    "keys": {},
    "people": {
        "unlock": ("unlock",),
        "renaming": ("new_username",),
        "merging": ("merge", "split", "unmerge", "corrections"),
    },
    "rights": {},
    "sites": {},
    "notices": {},
    "audit": {},
}
"""Group → the other files it has commands in, and which; a file without a list is a group within the group."""

_SELDOM: Final = 100_000
"""Objects made before Python looks for circles. A program that is being read makes many and drops none of them: to look
took an eighth of the start. And the rows of people hold none, and go as soon as they are copied."""

WORK_FAILED = 1
SETUP_WRONG = 2


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"unilogin {version('unilogin')}")
        raise typer.Exit


def _every_command(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Take what is said before the command."""


def assembled(only: str | None = None) -> typer.Typer:
    """Return the program: all of it, or no more than the command or group that is called needs."""
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
    app.callback()(_every_command)
    wanted = {only} if only in COMMANDS or only in GROUPS else {*COMMANDS, *GROUPS}
    for name in COMMANDS:
        if name in wanted:
            app.command(name)(getattr(_file(name), name))
    for name in GROUPS:
        if name in wanted:
            app.add_typer(_group(name), name=name)
    return app


@cache
def _group(name: str) -> typer.Typer:
    """Return a group with what its other files add to it."""
    group: typer.Typer = _file(name).commands
    for file, functions in GROUPS[name].items():
        for function in functions:
            group.command()(getattr(_file(file), function))
        if not functions:
            group.add_typer(_file(file).commands, name=file.removeprefix(f"{name}_"))
    return group


def _file(name: str) -> ModuleType:
    return import_module(f"unilogin.cli.{name}")


def main() -> None:
    """Run a command; what is wrong is told in a sentence, never with a traceback (N-75)."""
    gc.set_threshold(_SELDOM)
    try:
        assembled(sys.argv[1] if len(sys.argv) > 1 else None)()
    except UniloginError as error:
        _stop(str(error), SETUP_WRONG if isinstance(error, SetupError) else WORK_FAILED)
    except Exception as error:
        if os.environ.get("UNILOGIN_LOG_LEVEL") == "debug":
            traceback.print_exc()
        _stop(_in_words(error), WORK_FAILED)
    finally:
        gc.freeze()  # all that is left goes with the process: to look through it for circles took a tenth of a start


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
