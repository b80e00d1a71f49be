"""A light HTTP client: the load generator must cost less than the servers, or it is the client that is measured.

Servers are measured busy, as they are at eight o'clock: one that sleeps between requests pays for waking up each time.
"""

import html
import http.client
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import urlencode, urlsplit

AT_ONCE = 8
"""So many requests are under way at a time, each on a connection that is kept."""

Piece = TypeVar("Piece")

_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')
_ACTION = re.compile(r'<form [^>]*action="([^"]*)"')
_REFRESH = re.compile(r'http-equiv="refresh" content="([0-9.]+);url=([^"]*)"')


class UnexpectedAnswerError(Exception):
    """A server did not do the work that is measured."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said."""

    url: str
    status: int
    location: str
    cookies: tuple[str, ...]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    @property
    def hidden(self) -> dict[str, str]:
        """What the page's forms hide."""
        return {name: html.unescape(value) for name, value in _HIDDEN.findall(self.text)}

    @property
    def action(self) -> str:
        """Where the page's form goes."""
        found = _ACTION.search(self.text)
        return html.unescape(found.group(1)) if found else self.url

    @property
    def refresh(self) -> str | None:
        """Where the page moves on to by itself."""
        found = _REFRESH.search(self.text)
        return html.unescape(found.group(2)) if found else None

    @property
    def wait_seconds(self) -> float | None:
        """How long the page waits before it moves on by itself."""
        found = _REFRESH.search(self.text)
        return float(found.group(1)) if found else None

    def unexpected(self) -> UnexpectedAnswerError:
        """Return the error that says what came instead of what was wanted."""
        return UnexpectedAnswerError(f"{self.url}: {self.status} {self.location} {self.body[:2000]!r}")


@dataclass(slots=True)
class Wire:
    """Connections to one server, one for each thread, as a reverse proxy holds them."""

    base_url: str
    _of_thread: threading.local = field(default_factory=threading.local)
    _threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(AT_ONCE))

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        """Send one request and read its answer."""
        connection = getattr(self._of_thread, "connection", None)
        if connection is None:
            connection = self._of_thread.connection = http.client.HTTPConnection(urlsplit(self.base_url).netloc)
        target = url.removeprefix(self.base_url)
        try:
            connection.request(method, target, body, dict(headers))
            answer = connection.getresponse()
        except ConnectionError:  # the server has hung up while the other sides had their turn
            connection.close()
            connection.request(method, target, body, dict(headers))
            answer = connection.getresponse()
        content = answer.read()
        cookies = tuple(answer.headers.get_all("set-cookie", ()))
        return Answer(url, answer.status, answer.headers.get("location", ""), cookies, content)

    def for_each(self, pieces: Iterable[Piece], work: Callable[[Piece], object]) -> None:
        """Do the work for every piece, ``AT_ONCE`` at a time; raises what the first failing one raised."""
        for _ in self._threads.map(work, pieces):
            pass

    def close(self) -> None:
        """End the threads, and their connections with them."""
        self._threads.shutdown()


@dataclass(slots=True)
class Browser:
    """A browser without JavaScript: its cookies."""

    wire: Wire
    cookies: dict[str, str] = field(default_factory=dict)
    address: str | None = None
    """Where it says it is, to a server that believes us."""

    def get(self, url: str) -> Answer:
        """Open an address, relative to the server or not; redirects are the caller's."""
        return self._keep(self.wire.send("GET", url, self._headers))

    def post(self, url: str, fields: Mapping[str, str]) -> Answer:
        """Send a form."""
        headers = self._headers | {"content-type": "application/x-www-form-urlencoded", "origin": self.wire.base_url}
        return self._keep(self.wire.send("POST", url, headers, urlencode(fields).encode()))

    def follow(self, answer: Answer) -> Answer:
        """Follow redirects on the same server to a page."""
        while answer.status in (302, 303):
            answer = self.get(answer.location)
        if answer.status != 200:
            raise answer.unexpected()
        return answer

    @property
    def _headers(self) -> dict[str, str]:
        headers = {"cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        return headers if self.address is None else headers | {"x-forwarded-for": self.address}

    def _keep(self, answer: Answer) -> Answer:
        for cookie in answer.cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer
