"""Bytes on a wire, as no library would send them."""

import re
import socket
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from urllib.parse import urlsplit

from tests.server import RunningServer

_STATUS = re.compile(rb"^HTTP/1\.[01] (\d{3})", re.M)


@dataclass(frozen=True, slots=True)
class Heard:
    """What came back until the server hung up, or nobody wanted to wait any longer."""

    raw: bytes
    hung_up: bool
    seconds: float

    @property
    def statuses(self) -> list[int]:
        """The status of every answer; one for every request that the server took the bytes for."""
        return [int(status) for status in _STATUS.findall(self.raw)]


@dataclass
class Wire:
    """A connection to a server."""

    server: RunningServer
    _socket: socket.socket = field(init=False)
    _began: float = field(init=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.server.base_url)
        self._socket = socket.create_connection(("127.0.0.1", parts.port or 80), timeout=60)
        self._began = monotonic()

    @property
    def host(self) -> bytes:
        """The header that names the server."""
        return f"Host: {urlsplit(self.server.base_url).netloc}\r\n".encode()

    def send(self, raw: bytes) -> "Wire":
        """Send bytes; a server that has hung up does not mind."""
        with suppress(ConnectionError):
            self._socket.sendall(raw)
        return self

    def answer(self, *, seconds: float) -> int:
        """Wait for the first answer and return its status."""
        self._socket.settimeout(seconds)
        return int(_STATUS.findall(self._socket.recv(65536))[0])

    def is_cut_off(self, *, by: bytes, pieces: int = 20) -> bool:
        """Tell whether the server hangs up on somebody who goes on sending pieces."""
        self._socket.settimeout(1)
        for _ in range(pieces):
            try:
                self._socket.sendall(by)
                if not self._socket.recv(65536):
                    break
            except TimeoutError:
                continue
            except ConnectionError:
                break
        else:
            return False
        self._socket.close()
        return True

    def hear(self, *, seconds: float = 5) -> Heard:
        """Listen until the server hangs up."""
        raw, hung_up = b"", True
        until = monotonic() + seconds
        try:
            while monotonic() < until:
                self._socket.settimeout(max(0.01, until - monotonic()))
                piece = self._socket.recv(65536)
                if not piece:
                    break
                raw += piece
            else:
                hung_up = False
        except TimeoutError:
            hung_up = False
        except ConnectionError:
            pass
        self._socket.close()
        return Heard(raw, hung_up, monotonic() - self._began)


def talk(server: RunningServer, raw: bytes, *, seconds: float = 5) -> Heard:
    """Send bytes and listen; ``{host}`` in them stands for the header that names the server."""
    wire = Wire(server)
    return wire.send(raw.replace(b"{host}", wire.host)).hear(seconds=seconds)
