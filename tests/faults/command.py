"""The product's command line, that obeys orders at its fault points: ``python -m tests.faults.command keys rotate``."""

import os
from pathlib import Path

from tests.faults.clock import shift_clock


def run() -> None:
    shift_clock()
    from tests.faults.orders import FOLDER, Orders
    from unilogin.cli.app import main
    from unilogin.kit import faults

    faults.install(Orders(Path(os.environ[FOLDER])).obey)
    main()


if __name__ == "__main__":
    run()
