"""Others whose answers somebody waits for: each behind a breaker and in a compartment of its own (F-22, F-23).

One that is slow or gone costs those who need it a few seconds and everybody else nothing: a bounded number of calls to
it are under way at any time, and after a few failures it is left alone for a while. Documents that change seldom
are remembered. Every worker has its own view; nothing here is shared or stored.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

from unilogin.kit.breaker import Breaker
from unilogin.kit.errors import UniloginError
from unilogin.kit.logs import log
from unilogin.kit.outbound import DOCUMENT, NOTHING, AddressRefusedError, Answer, Outbound, OutboundError
from unilogin.kit.strict_json import JsonError, read_object

AT_ONCE: Final = 16
"""Calls to one other side that are under way at most, in one worker."""

FRESH_SECONDS: Final = 3600.0
"""How long a remembered document is good without asking."""

STALE_SECONDS: Final = 24 * 3600.0
"""How long it will do when the other side does not answer."""

REFRESH_SECONDS: Final = 60.0
"""A document is fetched again before its time at most this often, whatever tokens claim to be signed with."""


class UnavailableError(UniloginError):
    """The other side does not answer, or is not asked because it did not a moment ago; ``reason`` is one word."""

    code = "upstream_unavailable"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NonsenseError(UniloginError):
    """The other side answered, but with nothing that can be read; ``reason`` is one word."""

    code = "upstream_nonsense"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Read:
    """An answer that is a JSON object."""

    status: int
    body: Mapping[str, Any]


@dataclass(slots=True)
class _Document:
    body: Mapping[str, Any] | None = None
    fetched_at: float = 0.0
    under_way: "asyncio.Task[Mapping[str, Any]] | None" = None


class Upstream:
    """One other side."""

    def __init__(self, name: str, outbound: Callable[[], Outbound]) -> None:
        self._name = name
        self._outbound = outbound
        self._breaker = Breaker()
        self._under_way = 0
        self._documents: dict[str, _Document] = {}

    async def get(self, url: str, *, headers: Mapping[str, str] = NOTHING) -> Read:
        """Get a JSON object.

        Raises:
            UnavailableError: it does not answer, or answers that it cannot now.
            NonsenseError: what came is no JSON object, or more than it may be.

        """
        return await self._ask(lambda door: door.get(url, headers=headers))

    async def post(self, url: str, fields: Mapping[str, str], *, headers: Mapping[str, str] = NOTHING) -> Read:
        """Post fields and read the JSON object that comes back; raises as ``get``."""
        return await self._ask(lambda door: door.post_form(url, fields, headers=headers, bounds=DOCUMENT))

    async def document(self, url: str, *, again: bool = False) -> Mapping[str, Any]:
        """Return a document, remembered or fetched; ``again`` when the remembered one lacks something.

        While the breaker is open the document is not remembered but fetched, if the breaker lets it: who is about to
        send somebody there learns first whether anybody is in. Raises as ``get``.
        """
        kept = self._documents.setdefault(url, _Document())
        age = monotonic() - kept.fetched_at
        limit = REFRESH_SECONDS if again else FRESH_SECONDS
        if kept.body is not None and age < limit and not self._breaker.is_open:
            return kept.body
        try:
            return await self._fetched(kept, url)
        except UnavailableError:
            if kept.body is None or age > STALE_SECONDS or self._breaker.is_open:
                raise
            return kept.body

    async def _fetched(self, kept: _Document, url: str) -> Mapping[str, Any]:
        """Fetch a document: all who want it at the same time wait for one call, and no longer than it takes."""
        if kept.under_way is not None:
            try:
                return await asyncio.shield(kept.under_way)
            except UnavailableError as error:
                self._failed(error.reason)  # one more who waited in vain
                raise
        kept.under_way = asyncio.create_task(self._fetch(kept, url))
        kept.under_way.add_done_callback(_seen)  # even where everybody has gone away meanwhile
        return await asyncio.shield(kept.under_way)

    async def _fetch(self, kept: _Document, url: str) -> Mapping[str, Any]:
        try:
            answer = await self.get(url)
            if answer.status != 200:
                raise NonsenseError(str(answer.status))
            kept.body, kept.fetched_at = answer.body, monotonic()
            return answer.body
        finally:
            kept.under_way = None

    async def _ask(self, call: Callable[[Outbound], Awaitable[Answer]]) -> Read:
        if not self._breaker.may_ask(monotonic()):
            raise UnavailableError("breaker")
        if self._under_way >= AT_ONCE:
            raise UnavailableError("crowded")
        self._under_way += 1
        try:
            return self._read(await call(self._outbound()))
        except AddressRefusedError as error:  # a matter of what was registered: asking again changes nothing
            raise NonsenseError(error.reason) from error
        except OutboundError as error:
            if error.reason == "size":
                self._breaker.answered()
                raise NonsenseError(error.reason) from error
            self._failed(error.reason)
            raise UnavailableError(error.reason) from error
        finally:
            self._under_way -= 1

    def _read(self, answer: Answer) -> Read:
        if answer.status >= 500 or answer.status == 429:
            self._failed(str(answer.status))
            raise UnavailableError(str(answer.status))
        self._breaker.answered()
        try:
            return Read(answer.status, read_object(answer.body))
        except JsonError as error:
            raise NonsenseError("json") from error

    def _failed(self, reason: str) -> None:
        if self._breaker.failed(monotonic()):
            log("upstream").warning("upstream_given_up", upstream=self._name, reason=reason)


def _seen(task: "asyncio.Task[Mapping[str, Any]]") -> None:
    if not task.cancelled():
        task.exception()


class Upstreams:
    """All others of one worker, by name; the door is opened when somebody is first called."""

    def __init__(self, *, own_machine: bool) -> None:
        self.own_machine = own_machine
        """Whether what runs on this machine may be called, as on a laptop."""
        self._door: Outbound | None = None
        self._known: dict[str, Upstream] = {}

    def of(self, name: str) -> Upstream:
        """Return the other side of this name: the same as long as the worker lives."""
        if name not in self._known:
            self._known[name] = Upstream(name, self._open)
        return self._known[name]

    def _open(self) -> Outbound:
        if self._door is None:
            self._door = Outbound(own_machine=self.own_machine)
        return self._door

    async def close(self) -> None:
        """Close the door."""
        if self._door is not None:
            await self._door.close()
