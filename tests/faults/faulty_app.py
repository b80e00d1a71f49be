"""The application of the tests: the one of production, that obeys orders at its fault points.

Only this factory and ``command`` install a hook, and production imports neither.
"""

import os
from pathlib import Path

from starlette.types import ASGIApp

from tests.faults.clock import shift_clock
from tests.faults.orders import FOLDER, Orders


def create_app() -> ASGIApp:
    """Return the application with its fault points alive."""
    shift_clock()
    from unilogin import main
    from unilogin.kit import faults

    faults.install(Orders(Path(os.environ[FOLDER])).obey)
    return main.create_app()
