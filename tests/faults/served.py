"""Serves the application that obeys orders by the product's own command: ``python -m tests.faults.served PORT``."""

import sys

from tests.faults.clock import shift_clock


def main() -> None:
    shift_clock()
    from unilogin.cli import serve

    serve.PRODUCT = "tests.faults.faulty_app:create_app"
    serve.serve(host="127.0.0.1", port=int(sys.argv[1]), workers=1)


if __name__ == "__main__":
    main()
