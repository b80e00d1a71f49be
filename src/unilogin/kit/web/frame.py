"""The frame around every answer: known hosts only, security headers, a request id, and a last resort for faults."""

import signal
import uuid
from collections.abc import Awaitable, Callable, Iterable
from time import perf_counter
from typing import Final

import asyncpg
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from unilogin.kit import metrics
from unilogin.kit.db.connection import BROKEN, ROLLED_BACK
from unilogin.kit.ids import new_incident_id
from unilogin.kit.logs import log, request_of_log
from unilogin.kit.web.errors import RefusedError

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)

_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    # same-origin, not no-referrer: with that our own posts would carry "Origin: null"
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), "
    "publickey-credentials-create=(self), publickey-credentials-get=(self)",
    "cache-control": "no-store",
}
LEAVING: Final = signal.SIGUSR2
"""Tells a worker that load balancers are told to send nobody here: what it answers is the last on its connection."""

_HSTS = "max-age=31536000; includeSubDomains"

StoppedPage = Callable[[Request, RefusedError], Response]
"""Makes the page that says what happened and what to do."""

UNAVAILABLE = BROKEN
"""The database cannot be reached or has no connection to spare: nothing was decided, try again (F-10, F-13)."""

UNAVAILABLE_STATES = (
    *ROLLED_BACK,  # repeated where that is safe; here several times in vain (F-15)
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.QueryCanceledError,
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.DiskFullError,
    asyncpg.OutOfMemoryError,
)
"""The database answers, and says that it cannot now."""


MAX_ADDRESS_BYTES = 16 * 1024
MAX_HEADER_BYTES = 16 * 1024
"""Of all headers together: what browsers and proxies send is a tenth of it (B-L10)."""

EVENT_STREAM = (b"content-type", b"text/event-stream; charset=utf-8")
"""The header of an answer that goes on: for the figures it is answered when it begins."""

_LAST = (b"connection", b"close")

_GONE = 499
"""Counted for a visitor who went away before the answer; nobody is sent it."""


def _route(scope: Scope) -> str:
    """Return the template of the path, as it stands in ``urls.py``: never the path, which holds journeys and codes."""
    return str(getattr(scope.get("route"), "path", "none"))


def _too_large(scope: Scope) -> Response | None:
    """Refuse what nobody needs to be so large, before anything reads it."""
    if len(scope["path"]) + len(scope["query_string"]) > MAX_ADDRESS_BYTES:
        return PlainTextResponse("Address too long", status_code=414)
    if sum(len(name) + len(value) for name, value in scope["headers"]) > MAX_HEADER_BYTES:
        return PlainTextResponse("Headers too large", status_code=431)
    return None


def request_id(request: Request) -> str:
    """Return the id of this request, as it stands in logs and audit rows."""
    return str(request.scope["unilogin.request_id"])


def note_unavailable(error: Exception) -> None:
    """Count and log that somebody is told to come again: from an ``except`` for ``UNAVAILABLE`` or its states."""
    metrics.fault("unavailable")
    log("web").warning("unavailable", error=type(error).__name__)


def note_fault() -> str:
    """Count and log an error that nobody expected, from its ``except``; return the incident id to tell."""
    incident_id = new_incident_id()
    metrics.fault("fault")
    log("web").exception("fault", incident_id=incident_id)
    return incident_id


class _Wire:
    """What a request comes by and is answered by, until it is answered.

    Afterwards nothing must hold on to the server's end of it: the server hangs up on a body that never ends (B-L18)
    when the last reference is gone, and tracebacks keep what they have seen until the garbage is collected.
    """

    __slots__ = ("_receive", "_send")

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive: Receive | None = receive
        self._send: Send | None = send

    async def receive(self) -> Message:
        """Return the next piece of the request."""
        return await self._receive() if self._receive else {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Send a piece of the answer."""
        if self._send:
            await self._send(message)

    def let_go(self) -> None:
        """Drop the server's end."""
        self._receive = self._send = None


class Frame:
    """The outermost ASGI application."""

    def __init__(self, app: ASGIApp, *, hosts: Iterable[str], https: bool, stopped: StoppedPage) -> None:
        self._app = app
        self._hosts = frozenset(hosts)
        headers = _HEADERS | ({"strict-transport-security": _HSTS} if https else {})
        self._headers = tuple((name.encode(), value.encode()) for name, value in headers.items())
        self._stopped = stopped
        metrics.prepare()

    def leave(self) -> None:
        """Answer as ever, and ask to be called by a new connection the next time: which another node will take."""
        if _LAST not in self._headers:
            self._headers = (*self._headers, _LAST)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        wire = _Wire(receive, send)
        receive, send = wire.receive, wire.send
        scope["unilogin.request_id"] = uuid.uuid4().hex
        request_of_log.set(scope["unilogin.request_id"])
        metrics.request_begun()
        began = perf_counter()
        status, goes_on_since = 0, 0.0

        async def send_with_headers(message: Message) -> None:
            nonlocal status, goes_on_since
            if message["type"] == "http.response.start":
                status = message["status"]
                given = message["headers"]
                goes_on_since = perf_counter() if EVENT_STREAM in given else 0.0
                names = {name for name, _ in given}
                message["headers"] = [*given, *(pair for pair in self._headers if pair[0] not in names)]
            await send(message)

        request = Request(scope, receive)
        try:
            response = await self._answer(request, lambda: self._app(scope, receive, send_with_headers))
            if response is not None and not status:
                await response(scope, receive, send_with_headers)
        finally:
            wire.let_go()
            seconds = (goes_on_since or perf_counter()) - began
            metrics.request_answered(_route(scope), scope["method"], status=status or _GONE, seconds=seconds)

    async def _answer(self, request: Request, run: Callable[[], Awaitable[None]]) -> Response | None:
        """Run the application; return the answer to give in its place when it could not."""
        if request.headers.getlist("host") not in [[host] for host in self._hosts]:
            return PlainTextResponse("Unknown host", status_code=421)  # B-L15
        if too_large := _too_large(request.scope):
            return too_large
        try:
            await run()
        except RefusedError as refused:
            return self._stopped(request, refused)
        except (*UNAVAILABLE, *UNAVAILABLE_STATES) as error:
            note_unavailable(error)
            response = self._stopped(request, RefusedError(503, "look.stopped.busy"))
            response.headers["Retry-After"] = "5"
            return response
        except Exception:
            return self._stopped(request, RefusedError(500, "look.stopped.fault", incident=note_fault()))
        return None
