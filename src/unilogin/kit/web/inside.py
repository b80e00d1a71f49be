"""The way from this process into its own front door: a request that never leaves the machine.

Our own apps are customers of our own door. A node needs no route to its own public name for that, and what is said
there is said by the same code as to everybody else.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.types import ASGIApp, Message


@dataclass(frozen=True, slots=True)
class InsideAnswer:
    """What the door answered."""

    status: int
    body: bytes


class OwnDoor:
    """Posts forms to our own application. ``leads_to`` is called once, when the application stands."""

    def __init__(self) -> None:
        self._app: ASGIApp | None = None
        self._host = ""

    def leads_to(self, app: ASGIApp, *, host: str) -> None:
        """Let the door lead to this application, by the host name that it answers to."""
        self._app, self._host = app, host

    async def post(self, path: str, fields: Mapping[str, str]) -> InsideAnswer:
        """Post a form to one of our own addresses; hold no connection to the database meanwhile."""
        if self._app is None:
            raise RuntimeError("the door does not lead anywhere yet")
        # A task of its own: what the inner request notes for its log lines stays with it.
        return await asyncio.create_task(_carried(self._app, self._host, path, urlencode(fields).encode()))


async def _carried(app: ASGIApp, host: str, path: str, body: bytes) -> InsideAnswer:
    status = 0
    answer = bytearray()
    asked = False

    async def receive() -> Message:
        nonlocal asked
        if asked:
            return {"type": "http.disconnect"}
        asked = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = int(message["status"])
        else:
            answer.extend(message.get("body", b""))

    headers = [
        (b"host", host.encode()),
        (b"content-type", b"application/x-www-form-urlencoded"),
        (b"content-length", str(len(body)).encode()),
    ]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": None,
        "server": None,
    }
    await app(scope, receive, send)
    return InsideAnswer(status, bytes(answer))
