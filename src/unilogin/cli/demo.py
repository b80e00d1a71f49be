"""``unilogin demo``: a whole municipality on one machine."""

import os
from pathlib import Path
from typing import Annotated

import typer


def demo(
    port: Annotated[int, typer.Option(help="Port of the server; the learning service gets the next one.")] = 8000,
    data: Annotated[Path, typer.Option(help="Folder that keeps the demo between two starts.")] = Path("var"),
    reset: Annotated[bool, typer.Option("--reset", help="Start over: forget everything in the folder.")] = False,
) -> None:
    """Serve an invented municipality on this machine.

    With people to sign in as, and a learning service to sign in to. Needs nothing but this program. A second start
    keeps the data. Refuses a database that is not a demo's.
    """
    from unilogin.demo.start import run

    run(port=port, data=data, reset=reset, database_url=os.environ.get("DATABASE_URL"))
