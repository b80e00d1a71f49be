"""Writes the reference of settings and of commands from the program itself.

Run ``.venv/bin/python docs/reference/generate.py`` after a change of either; a test says when.
"""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from typer.main import get_command

from unilogin.cli.app import assembled
from unilogin.settings import PLAIN_DATABASE_URL, Settings, allowed, name_of

HERE = Path(__file__).parent
NOTE = "<!-- Written by docs/reference/generate.py. Change what it is made from, and run it again. -->\n"

SETTINGS_PAGE = f"""\
# Every setting
{NOTE}
From [`settings.py`](../../src/unilogin/settings.py). They are read from the environment when a process starts. A
setting that is unknown, misspelt, empty or dangerous refuses to start and says what to do; `unilogin check` says
whether all is in order. `{PLAIN_DATABASE_URL}` means the same as `{name_of("database_url")}`.

| Setting | Value | Without it | What it is |
|---|---|---|---|
{{settings}}
"""


def write_settings() -> str:
    """Every setting with its values, its default and what it is for."""
    rows = (
        f"| `{name_of(name)}` | {cell(allowed(field))} | {default(field.default)} | {cell(field.description or '')} |"
        for name, field in Settings.model_fields.items()
    )
    return SETTINGS_PAGE.format(settings="\n".join(rows))


def default(value: object) -> str:
    """A default as one would write it into the environment."""
    if value in (None, ""):
        return "–"
    return f"`{('yes' if value else 'no') if isinstance(value, bool) else value}`"


COMMANDS_PAGE = f"""\
# Every command
{NOTE}
What `unilogin … --help` says, of all commands. Exit codes: 0 done; 1 the work was refused or failed; 2 wrong usage,
settings or surroundings, and nothing was tried. Errors go to standard error, one sentence each; with `--json` the
answer on standard output is for a script. Without `DATABASE_URL` a command works on the database in the data folder: it
joins the one a server runs there, or starts it for the moment. The audit log names the operating system's user.

{{commands}}
"""


def write_commands() -> str:
    """Every command with its arguments and options."""
    return COMMANDS_PAGE.format(commands="\n".join(described("unilogin", get_command(assembled())))).rstrip() + "\n"


def described(name: str, command: Any) -> Iterator[str]:
    """A command, or the commands of a group below their group."""
    inner = getattr(command, "commands", {})
    if inner:
        if name != "unilogin":
            yield from (f"## {name}", "", cell(command.help or ""), "")
        for word, one in inner.items():
            yield from described(f"{name} {word}", one)
        return
    context = command.context_class(command, info_name=name)
    records = [parameter.get_help_record(context) for parameter in command.get_params(context)]
    yield from (f"{'##' if name.count(' ') == 1 else '###'} {name}", "", cell(command.help or ""), "")
    rows = [f"| `{left}` | {right} |" for left, right in map(told, records) if "--help" not in left]
    yield from ("| | |", "|---|---|", *rows, "") if rows else ()


def told(record: tuple[str, str]) -> tuple[str, str]:
    """An argument or option and what it is, as cells of a table."""
    name, _, kind = record[0].partition(" ")
    kind = re.sub(r"<(?:list\[)?([^<>\]]*)\]?>", r"\1", kind)
    kind = "" if name.isupper() and kind == "str" else KINDS.get(kind, kind)
    return f"{name} {kind}".strip().replace("|", "\\|"), cell(record[1]).replace("  [", " [")


KINDS = {"str": "TEXT", "int": "N", "int range": "N", "path": "PATH", "Path": "PATH"}


def cell(text: str) -> str:
    """A text on one line of a table; paragraphs become one."""
    return " ".join(text.split()).replace("|", "\\|")


PAGES: Mapping[str, Callable[[], str]] = {"settings.md": write_settings, "commands.md": write_commands}
"""Page → what writes it."""


def main() -> int:
    """Write the pages; say which changed."""
    for name, write in PAGES.items():
        path, text = HERE / name, write()
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            sys.stdout.write(f"docs/reference/{name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
