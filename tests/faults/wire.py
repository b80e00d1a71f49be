"""A wire between one node and PostgreSQL that can be slowed, cut, half closed, be a black hole, or lose words.

It reads along with what the node says (PostgreSQL's frontend/backend protocol 3.0), so that it can lose exactly the
answer to a COMMIT, or to a chosen statement: the one case where the node cannot know whether its write happened (D7).
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.streams import Ends, Listener, until_one_ends

COMMIT = r"^commit\b"
"""The end of a transaction; a statement outside one is its own."""

_STARTUP_HEADER = 4  # the first message has no type byte
_HEADER = 5


@dataclass(eq=False)
class Loss:
    """What a wire shall lose, once: the answer to a statement that fits, or with ``before`` the statement itself.

    The connection is cut at that moment. ``skip`` statements that fit are let through first; ``met`` is the one that
    was not, ``passed`` those that fitted before it.
    """

    statement: re.Pattern[str]
    before: bool = False
    skip: int = 0
    met: str = ""
    passed: list[str] = field(default_factory=list)
    is_done: bool = False

    def meets(self, statement: str) -> bool:
        """Tell whether this is the statement, and note it."""
        if self.met or not self.statement.search(statement):
            return False
        if len(self.passed) < self.skip:
            self.passed.append(statement)
            return False
        self.met = statement
        return True


@dataclass(eq=False)
class Wire:
    """Listens on a port of the loopback and goes on to a server's Unix socket."""

    socket: Path
    delay: float = 0.0
    is_cut: bool = False
    is_black_hole: bool = False
    loss: Loss | None = None
    _listener: Listener = field(init=False, repr=False)
    _calls: set["_Call"] = field(default_factory=set, repr=False)

    def __post_init__(self) -> None:
        self._listener = Listener(self._take)

    async def open(self) -> None:
        await self._listener.open()

    async def close(self) -> None:
        await self._listener.close()

    @property
    def dsn(self) -> str:
        """What a node is given as the database."""
        return f"postgresql://unilogin@127.0.0.1:{self._listener.port}/unilogin?sslmode=disable"

    def cut(self) -> None:
        """Break every connection with a reset, and refuse new ones until ``mend``."""
        self.is_cut = True
        self._hang_up()

    def half_close(self) -> None:
        """Tell the node that the server says no more, while the server hears nothing of it."""
        for call in self._calls:
            call.end_of_server()

    def become_black_hole(self) -> None:
        """Swallow everything in both directions, new connections too, without a word: what a lost route looks like."""
        self.is_black_hole = True

    def lose(self, statement: str = COMMIT, *, before: bool = False, skip: int = 0) -> Loss:
        """Lose the answer to the next COMMIT, or to the next statement that fits a pattern."""
        self.loss = Loss(re.compile(statement, re.IGNORECASE | re.DOTALL), before, skip)
        return self.loss

    def mend(self) -> None:
        """Be a wire again; connections that have lost something are broken for good."""
        if self.is_black_hole:
            self._hang_up()
        self.is_cut = self.is_black_hole = False
        self.delay = 0.0
        self.loss = None

    def _hang_up(self) -> None:
        for call in list(self._calls):
            call.hang_up()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_cut:
            return
        try:
            server = await asyncio.open_unix_connection(str(self.socket))
        except OSError:  # the server is down: so is the wire
            return
        call = _Call(self, (reader, writer), server)
        self._calls.add(call)
        try:
            await call.run()
        finally:
            self._calls.discard(call)


@dataclass(eq=False)
class _Call:
    """One connection of a node."""

    wire: Wire
    node: Ends
    server: Ends
    _statements: dict[bytes, str] = field(default_factory=dict)
    _bound: str = ""
    _losing: Loss | None = None

    async def run(self) -> None:
        try:
            await until_one_ends(self._to_server(), self._to_node())
        finally:
            self.hang_up()

    def hang_up(self) -> None:
        for _, writer in (self.node, self.server):
            writer.transport.abort()

    def end_of_server(self) -> None:
        writer = self.node[1]
        with contextlib.suppress(OSError, RuntimeError):
            writer.write_eof()

    async def _to_server(self) -> None:
        first = True
        async for kind, message in _messages(self.node[0], first_has_no_kind=True):
            statement = "" if first else self._run_by(kind, message)
            first = False
            loss = self.wire.loss
            if statement and loss is not None and loss.meets(statement):
                if loss.before:
                    loss.is_done = True
                    return
                self._losing = loss
            await self._carry(message, self.server[1])

    async def _to_node(self) -> None:
        async for kind, message in _messages(self.server[0], first_has_no_kind=False):
            if self._losing is None:
                await self._carry(message, self.node[1])
            elif kind == b"Z":  # ready for the next query: what was asked for is done, and nobody will hear of it
                self._losing.is_done = True
                return

    async def _carry(self, message: bytes, writer: asyncio.StreamWriter) -> None:
        if self.wire.delay:
            await asyncio.sleep(self.wire.delay)
        if self.wire.is_black_hole:
            return
        with contextlib.suppress(OSError):
            writer.write(message)
            await writer.drain()

    def _run_by(self, kind: bytes, message: bytes) -> str:
        """Read along: Parse names a statement, Bind chooses one, Execute and simple Query run it."""
        body = message[_HEADER:]
        if kind == b"P":
            name, query, _ = body.split(b"\0", 2)
            self._statements[name] = query.decode()
        elif kind == b"B":
            _, name, _ = body.split(b"\0", 2)
            self._bound = self._statements.get(name, "")
        elif kind == b"E":
            return self._bound
        elif kind == b"Q":
            return body.rstrip(b"\0").decode()
        return ""


async def _messages(reader: asyncio.StreamReader, *, first_has_no_kind: bool) -> AsyncIterator[tuple[bytes, bytes]]:
    """Cut a stream into messages, each with its kind; ends with the stream."""
    header = _STARTUP_HEADER if first_has_no_kind else _HEADER
    with contextlib.suppress(asyncio.IncompleteReadError, OSError):
        while True:
            head = await reader.readexactly(header)
            length = int.from_bytes(head[-4:], "big")
            rest = await reader.readexactly(length - 4)
            yield (head[:1] if header == _HEADER else b""), head + rest
            header = _HEADER
