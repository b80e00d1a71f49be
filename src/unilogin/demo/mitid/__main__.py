"""Start the MitID simulator.

The client secret comes by environment variable, because everyone on the machine can read the arguments of a process.
"""

import argparse
import asyncio
import os
import signal
import sys

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server

from unilogin.demo.mitid.app import build_app
from unilogin.demo.mitid.model import Settings
from unilogin.demo.mitid.names import CLIENT_ID, SECRET_VARIABLE


def main() -> None:
    """Read the arguments and serve until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m unilogin.demo.mitid", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8002)
    parser.add_argument("--client-id", default=CLIENT_ID)
    parser.add_argument("--redirect-uri", required=True, help="where the client takes answers, exactly")
    parser.add_argument("--public-url", help="the issuer; http://localhost:PORT when left out")
    given = parser.parse_args()
    secret = os.environ.pop(SECRET_VARIABLE, "")
    if not secret:
        sys.exit(f"Set {SECRET_VARIABLE} to the client secret of {given.client_id}.")
    issuer = given.public_url or f"http://localhost:{given.port}"
    settings = Settings(issuer, given.client_id, secret, given.redirect_uri)
    asyncio.run(_serve(settings, host=given.host, port=given.port))
    # The server's own threads may still want the interpreter while it is taken down, and are then aborted with SIGABRT
    # (python/cpython#87135, PyO3/pyo3#4874). Everything is closed here: leave without taking it down.
    sys.stdout.flush()
    os._exit(0)


async def _serve(settings: Settings, *, host: str, port: int) -> None:
    server = Server(
        build_app(settings),
        address=host,
        port=port,
        interface=Interfaces.ASGINL,
        websockets=False,
        log_level=LogLevels.error,
    )
    loop = asyncio.get_running_loop()
    for ending in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(ending, server.stop)
    await server.serve()


if __name__ == "__main__":
    main()
