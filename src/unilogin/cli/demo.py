"""``unilogin demo``: a whole municipality on one machine."""

from pathlib import Path
from typing import Annotated

import typer

from unilogin.cli.workplace import the_settings


def demo(
    port: Annotated[
        int, typer.Option(help="Port of the server; the learning service and the MitID simulator get the next two.")
    ] = 8000,
    data: Annotated[
        Path | None, typer.Option(help="Folder that keeps the demo between two starts; UNILOGIN_DATA if left out.")
    ] = None,
    reset: Annotated[bool, typer.Option("--reset", help="Start over: forget everything in the folder.")] = False,
) -> None:
    """Serve an invented municipality on this machine.

    With people to sign in as, a learning service to sign in to, and a MitID simulator. Needs nothing but this program.
    A second start keeps the data. Refuses a database that is not a demo's.
    """
    settings = the_settings()

    from unilogin.demo.start import run

    own = settings.database_url.get_secret_value() if settings.database_url else None
    run(port=port, data=data or settings.data, reset=reset, database_url=own)
