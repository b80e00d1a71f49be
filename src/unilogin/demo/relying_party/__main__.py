"""Start Regneriget, the demo learning service.

The client secret comes by environment variable, because everyone on the machine can read the arguments of a process.
"""

import argparse
import asyncio
import importlib
import os
import signal
import sys
import warnings

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server

from unilogin.demo.relying_party.model import Settings
from unilogin.demo.relying_party.names import SECRET_VARIABLE


def main() -> None:
    """Read the arguments and serve until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m unilogin.demo.relying_party", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--issuer", required=True, help="for example http://localhost:8000/auth/realms/broker")
    parser.add_argument("--client-id", required=True)
    parser.add_argument("--public-url", help="where browsers find it; http://localhost:PORT when left out")
    given = parser.parse_args()
    secret = os.environ.pop(SECRET_VARIABLE, "")
    if not secret:
        sys.exit(f"Set {SECRET_VARIABLE} to the client secret of {given.client_id}.")
    settings = Settings(
        issuer=given.issuer,
        client_id=given.client_id,
        client_secret=secret,
        public_url=given.public_url or f"http://localhost:{given.port}",
    )
    asyncio.run(_serve(settings, host=given.host, port=given.port))
    # The server's own threads may still want the interpreter while it is taken down, and are then aborted with SIGABRT
    # (python/cpython#87135, PyO3/pyo3#4874). Everything is closed here: leave without taking it down.
    sys.stdout.flush()
    os._exit(0)


async def _serve(settings: Settings, *, host: str, port: int) -> None:
    # Authlib would rather have httpx2; httpx does the same until then, and the terminal is for people. The filter must
    # come after Authlib's own, which is set when this module is first imported.
    importlib.import_module("authlib.deprecate")
    warnings.filterwarnings("ignore", message="The httpx module is deprecated")
    from unilogin.demo.relying_party.app import build_app

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
