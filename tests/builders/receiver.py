"""A service as others see it: takes posts of machines and answers as a test tells it, and shows browsers a page."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

PATIENCE_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Received:
    """What came: when, where to, with what."""

    at: float
    path: str
    headers: dict[str, str]
    fields: dict[str, str]
    body: bytes = b""


@dataclass(eq=False)
class Receiver:
    """What came, and how the next ones are answered.

    ``statuses`` are used up one a post, the last one for ever. ``delay`` is waited before the answer, in seconds, and
    ``hold`` until it is set;
    ``drip`` sends the body byte by byte; ``location`` makes the answer a redirect.
    """

    statuses: list[int] = field(default_factory=lambda: [200])
    delay: float = 0.0
    hold: threading.Event | None = None
    drip: bool = False
    body: bytes = b""
    location: str = ""
    received: list[Received] = field(default_factory=list)
    opened: list[Received] = field(default_factory=list)
    """What browsers asked for; the page that they are shown says only "Tjenesten"."""
    port: int = 0
    scheme: str = "http"
    host: str = "localhost"
    _told: threading.Condition = field(default_factory=threading.Condition)

    @property
    def url(self) -> str:
        return f"{self.origin}/logout"

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"

    def take(self, post: Received) -> int:
        """Note a post; return the status to answer with."""
        with self._told:
            self.received.append(post)
            self._told.notify_all()
            return self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]

    def open(self, visit: Received) -> None:
        """Note what a browser asks for."""
        with self._told:
            self.opened.append(visit)

    def wait_for(self, count: int = 1, *, seconds: float = PATIENCE_SECONDS) -> list[Received]:
        """Wait until so many posts have come, and return them."""
        with self._told:
            assert self._told.wait_for(lambda: len(self.received) >= count, seconds), f"{len(self.received)} came"
            return list(self.received)


@contextmanager
def receiver(
    *, tls: ssl.SSLContext | None = None, port: int = 0, family: socket.AddressFamily = socket.AF_INET
) -> Iterator[Receiver]:
    """Listen on a port of this machine."""
    taking = Receiver(scheme="https" if tls else "http")
    server = _Server("::1" if family == socket.AF_INET6 else "127.0.0.1", port, family, taking)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    taking.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield taking
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, host: str, port: int, family: socket.AddressFamily, taking: Receiver) -> None:
        self.address_family = family
        self.taking = taking
        super().__init__((host, port), _Taking)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a caller who hangs up in the middle is what some tests are about."""


class _Taking(BaseHTTPRequestHandler):
    server: _Server
    wbufsize = 0

    def do_POST(self) -> None:
        taking = self.server.taking
        sent = self.rfile.read(int(self.headers.get("content-length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        status = taking.take(Received(time.monotonic(), self.path, headers, dict(parse_qsl(sent.decode())), sent))
        time.sleep(taking.delay)  # a slow service is what the test is about
        if taking.hold is not None:
            taking.hold.wait(PATIENCE_SECONDS)
        self.send_response(status)
        if taking.location:
            self.send_header("Location", taking.location)
        self.send_header("Set-Cookie", "planted=1")
        self.send_header("Content-Length", str(len(taking.body)))
        self.end_headers()
        for piece in _pieces(taking.body, drip=taking.drip):
            self.wfile.write(piece)

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.taking.open(Received(time.monotonic(), path, headers, dict(parse_qsl(query))))
        page = b"<!doctype html><html lang=da><title>Tjenesten</title><h1>Tjenesten</h1>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


def _pieces(body: bytes, *, drip: bool) -> Iterator[bytes]:
    if not drip:
        yield body
        return
    for byte in body:
        time.sleep(0.2)  # that is the attack
        yield bytes([byte])
