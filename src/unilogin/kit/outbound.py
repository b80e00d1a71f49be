"""The one door to the outside: calls to addresses that an operator registered, each bounded in every way (V-96).

A name is resolved once, every address it has is looked at, and the call goes to the address that was looked at: a name
that changes its mind in between changes nothing (DNS rebinding). Redirects are answers, not errands; nothing of the
environment (proxies, ``.netrc``) is read, no cookie is kept, no connection is used twice, because two services behind
one address must never share one.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urlencode, urlsplit

from unilogin.kit.addresses import Address, is_loopback, is_public
from unilogin.kit.errors import UniloginError

if TYPE_CHECKING:
    import httpx

CONNECT_SECONDS: Final = 2.0
TOTAL_SECONDS: Final = 5.0
"""From the first question to the name server to the last byte of the answer."""

BODY_BYTES: Final = 8 * 1024
"""What is read of an answer; the rest stays unread."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long a call may take in all, how much of the answer is read, and whether a longer one counts as none."""

    seconds: float = TOTAL_SECONDS
    body_bytes: int = BODY_BYTES
    whole: bool = False


NOTICE: Final = Bounds()
"""For answers of which only the status matters."""

DOCUMENT: Final = Bounds(seconds=8.0, body_bytes=256 * 1024, whole=True)
"""For answers that are read (F-23, F-24): half a document is none."""

NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
_FORM: Final = "application/x-www-form-urlencoded"

_ADDRESSES_TRIED = 3

Resolve = Callable[[str, int], Awaitable[Sequence[Address]]]
"""Returns the addresses of a host, best first; raises OSError."""


class OutboundError(UniloginError):
    """A call came to nothing; ``reason`` is one word for lists and logs."""

    code = "outbound"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class AddressRefusedError(OutboundError):
    """The address is none we call: not https, or its host is not on the internet."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class _Call:
    method: str
    body: bytes
    headers: Mapping[str, str]
    bounds: Bounds


async def resolve(host: str, port: int) -> list[Address]:
    """Ask the machine's resolver."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ip_address(address[0]) for *_, address in found))


class Outbound:
    """Calls the outside. ``own_machine``: hosts named ``localhost`` may be called, as a laptop's services are."""

    def __init__(self, *, own_machine: bool, tls: ssl.SSLContext | None = None, resolving: Resolve = resolve) -> None:
        import httpx  # not before somebody is called: it is large

        self._own_machine = own_machine
        self._resolve = resolving
        self._transport = httpx.AsyncHTTPTransport(
            verify=tls if tls is not None else True,
            trust_env=False,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
        )

    async def post_form(
        self, url: str, fields: Mapping[str, str], *, headers: Mapping[str, str] = NOTHING, bounds: Bounds = NOTICE
    ) -> Answer:
        """Post fields and return the answer, whatever its status.

        Raises:
            AddressRefusedError: it may not be called.
            OutboundError: no answer, not in time, or longer than it may be.

        """
        call = _Call("POST", urlencode(fields).encode(), {**headers, "Content-Type": _FORM}, bounds)
        return await self._ended(call, url)

    async def post(self, url: str, body: bytes, *, media_type: str) -> Answer:
        """Post a document as it is and return the answer, whatever its status; raises as ``post_form``."""
        headers = {"Content-Type": media_type, "Accept": "application/json"}
        return await self._ended(_Call("POST", body, headers, NOTICE), url)

    async def get(self, url: str, *, headers: Mapping[str, str] = NOTHING, bounds: Bounds = DOCUMENT) -> Answer:
        """Get an address and return the answer, whatever its status; raises as ``post_form``."""
        return await self._ended(_Call("GET", b"", headers, bounds), url)

    async def _ended(self, call: "_Call", url: str) -> Answer:
        """Make a call that ends."""
        import httpx

        try:
            async with asyncio.timeout(call.bounds.seconds):
                return await self._make(call, self._read(url))
        except (TimeoutError, httpx.TimeoutException) as error:
            raise OutboundError("timeout") from error
        except httpx.TransportError as error:
            raise OutboundError("certificate" if _is_about_tls(error) else "connection") from error
        except OSError as error:
            raise OutboundError("name" if isinstance(error, socket.gaierror) else "connection") from error

    async def close(self) -> None:
        """Close what is open."""
        await self._transport.aclose()

    def _read(self, url: str) -> SplitResult:
        """Take an address apart; raises AddressRefusedError for what is not even worth a question to a name server."""
        try:
            parts = urlsplit(url)
            _ = parts.port
        except ValueError as error:
            raise AddressRefusedError("address") from error
        here = is_loopback(parts.hostname or "")
        good = parts.scheme == "https" or (parts.scheme == "http" and here)
        if not good or not parts.hostname or "@" in parts.netloc or (here and not self._own_machine):
            raise AddressRefusedError("address")
        return parts

    async def _make(self, call: "_Call", url: SplitResult) -> Answer:
        import httpx

        host, port = url.hostname or "", url.port or {"https": 443, "http": 80}[url.scheme]
        *first, last = self._allowed(url, await self._resolve(host, port))[:_ADDRESSES_TRIED]
        for address in first:
            try:
                return await self._call_at(address, port, url, call)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:  # nothing was sent yet
                if _is_about_tls(error):
                    raise
        return await self._call_at(last, port, url, call)

    def _allowed(self, url: SplitResult, addresses: Sequence[Address]) -> Sequence[Address]:
        """Return the addresses when every one of them may be called; raises AddressRefusedError."""
        good = all(
            address.is_loopback if is_loopback(url.hostname or "") else is_public(address) for address in addresses
        )
        if not good or not addresses:
            raise AddressRefusedError("address")
        return addresses

    async def _call_at(self, address: Address, port: int, url: SplitResult, call: "_Call") -> Answer:
        import httpx

        place = f"[{address}]" if address.version == 6 else str(address)
        request = httpx.Request(
            call.method,
            f"{url.scheme}://{place}:{port}{url.path or '/'}{'?' + url.query if url.query else ''}",
            headers={
                **call.headers,
                "Host": url.netloc,
                "Accept-Encoding": "identity",  # no small answer that becomes a large one
                "User-Agent": "Unilogin",
                "Connection": "close",
            },
            content=call.body,
            extensions={
                "timeout": httpx.Timeout(call.bounds.seconds, connect=CONNECT_SECONDS).as_dict(),
                "sni_hostname": url.hostname,  # whose certificate it must be
            },
        )
        response = await self._transport.handle_async_request(request)
        try:
            return Answer(response.status_code, await _beginning(response, call.bounds))
        finally:
            await response.aclose()


async def _beginning(response: "httpx.Response", bounds: Bounds) -> bytes:
    read = bytearray()
    async for part in response.aiter_raw():
        read += part
        if bounds.whole and len(read) > bounds.body_bytes:
            raise OutboundError("size")
        if not bounds.whole and len(read) >= bounds.body_bytes:
            break
    return bytes(read[: bounds.body_bytes])


def _is_about_tls(error: BaseException) -> bool:
    """Tell whether the other side could not show whose it is."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
