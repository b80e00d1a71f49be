"""How commands show things: tables for people, JSON for scripts, progress only at a terminal."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Protocol

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a script instead of text for people.")]


class Progress(Protocol):
    """Told how far a long work is."""

    def __call__(self, done: int, total: int | None) -> None: ...


def say(sentence: str) -> None:
    """Print one line for people."""
    typer.echo(clean(sentence))


def show_json(value: object) -> None:
    """Print a value as JSON; what JSON does not know (times, ids) becomes text."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under headings, as wide as the terminal; a pipe gets every row on one line."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for row in rows:
        table.add_row(*(Text(clean(_cell(value))) for value in row))
    console = Console(width=None if sys.stdout.isatty() else 10_000, highlight=False)
    with console.capture() as captured:
        console.print(table)
    for line in captured.get().splitlines():
        typer.echo(line.rstrip())


def show_facts(facts: Iterable[tuple[str, object]]) -> None:
    """Print names and values below each other."""
    told = [(name, clean(_cell(value))) for name, value in facts]
    width = max(len(name) for name, _ in told)
    for name, value in told:
        typer.echo(f"{name:<{width}}  {value}".rstrip())


@contextmanager
def progress(title: str) -> Iterator[Progress]:
    """Show a bar on standard error while the block works; nothing when nobody watches."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich import progress as bars
    from rich.console import Console

    with bars.Progress(
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.TaskProgressColumn(),
        bars.TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bar:
        task = bar.add_task(clean(title), total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def clean(text: str) -> str:
    """Return text without signs that steer a terminal: names come from files that strangers write."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(sorted(map(str, value)) if isinstance(value, (set, frozenset)) else map(str, value))
    return str(value)
