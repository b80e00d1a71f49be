"""The product's command line, that obeys orders at its fault points: ``python -m tests.faults.command keys rotate``."""

import os
from pathlib import Path

from tests.faults.orders import FOLDER, Orders
from unilogin.cli.app import main
from unilogin.kit import faults

if __name__ == "__main__":
    faults.install(Orders(Path(os.environ[FOLDER])).obey)
    main()
