"""A mail server on this machine: takes letters as RFC 5321 says, and misbehaves as a test tells it."""

import asyncio
import base64
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default

from tests.builders.running import run

HOLD = "hold"
"""Given as an answer: say nothing, and keep the wire."""
DROP = "drop"
"""Given as an answer: hang up."""
DRIP = "drip"
"""Given as an answer: one sign every tenth of a second, for ever."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """One letter that was taken."""

    sender: str
    to: str
    message: EmailMessage
    raw: bytes
    safe: bool
    """Whether it came over TLS."""
    user: str | None

    @property
    def text(self) -> str:
        return str(self.message.get_content()).replace("\r\n", "\n")


@dataclass(eq=False)
class Mailbox:
    """What came, and how the next is answered.

    ``answers`` has, for a verb, what to say instead, one after the other, the last one for ever. ``HELLO`` is the
    greeting, ``END`` the end of a letter.
    """

    offers_tls: ssl.SSLContext | None = None
    users: dict[str, str] = field(default_factory=dict)
    answers: dict[str, list[str]] = field(default_factory=dict)
    letters: list[Delivered] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    """Every line that came, with what follows AUTH left out."""
    connections: int = 0
    port: int = 0

    def to(self, address: str) -> list[Delivered]:
        return [letter for letter in self.letters if letter.to == address]

    def answer(self, verb: str, *answers: str) -> None:
        self.answers[verb] = list(answers)

    def behave(self) -> None:
        self.answers.clear()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            await _Talk(self, reader, writer).talk()
        writer.close()


class _HangUpError(ConnectionError):
    pass


@dataclass(eq=False)
class _Talk:
    """One connection."""

    box: Mailbox
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    safe: bool = False
    user: str | None = None
    sender: str = ""
    to: list[str] = field(default_factory=list)

    async def talk(self) -> None:
        self.safe = self.writer.get_extra_info("ssl_object") is not None
        await self.say("HELLO", "220 mail.example")
        while line := await self.reader.readline():
            words = line.decode("ascii").strip()
            verb = words.split(" ")[0].upper()
            self.box.said.append("auth" if verb == "AUTH" else words)
            if verb == "QUIT":
                await self.say("QUIT", "221 bye")
                return
            await getattr(self, f"take_{verb.lower()}")(words)

    async def say(self, verb: str, usual: str) -> bool:
        """Answer; return whether it was a yes."""
        given = self.box.answers.get(verb)
        said = usual if not given else given.pop(0) if len(given) > 1 else given[0]
        if said == DROP:
            raise _HangUpError
        if said == HOLD:
            await asyncio.sleep(3600)
        while said == DRIP:
            self.writer.write(b"2")
            await self.writer.drain()
            await asyncio.sleep(0.1)
        self.writer.write(said.encode() + b"\r\n")
        await self.writer.drain()
        return said[0] in "23"

    async def take_ehlo(self, words: str) -> None:
        offers = ["250-mail.example"]
        if self.box.offers_tls and not self.safe:
            offers.append("250-STARTTLS")
        if self.box.users:
            offers.append("250-AUTH PLAIN")
        await self.say("EHLO", "\r\n".join([*offers, "250 SIZE 1000000"]))

    async def take_starttls(self, words: str) -> None:
        if await self.say("STARTTLS", "220 go on") and self.box.offers_tls:
            await self.writer.start_tls(self.box.offers_tls)
            self.safe = True

    async def take_auth(self, words: str) -> None:
        _, user, password = base64.b64decode(words.split(" ")[2]).decode().split("\0")
        good = self.box.users.get(user) == password
        if await self.say("AUTH", "235 welcome" if good else "535 no"):
            self.user = user

    async def take_mail(self, words: str) -> None:
        if await self.say("MAIL", "250 ok"):
            self.sender, self.to = _address(words), []

    async def take_rcpt(self, words: str) -> None:
        if await self.say("RCPT", "250 ok"):
            self.to.append(_address(words))

    async def take_rset(self, words: str) -> None:
        await self.say("RSET", "250 ok")

    async def take_data(self, words: str) -> None:
        if not await self.say("DATA", "354 go on"):
            return
        raw = await self.reader.readuntil(b"\r\n.\r\n")
        if await self.say("END", "250 taken"):
            letter = raw[:-3].replace(b"\r\n..", b"\r\n.")
            message = BytesParser(policy=default).parsebytes(letter)
            assert isinstance(message, EmailMessage)
            for to in self.to:
                self.box.letters.append(Delivered(self.sender, to, message, letter, self.safe, self.user))


def _address(words: str) -> str:
    return words[words.index("<") + 1 : words.index(">")]


@contextmanager
def mailbox(
    *, tls: ssl.SSLContext | None = None, implicit: bool = False, users: dict[str, str] | None = None, port: int = 0
) -> Iterator[Mailbox]:
    """A mail server on a port of this machine, offering STARTTLS, or with ``implicit`` speaking TLS from the start."""
    box = Mailbox(offers_tls=None if implicit else tls, users=users or {})
    server = run(asyncio.start_server(box.serve, "127.0.0.1", port, ssl=tls if implicit else None))
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        run(_stop(server))


async def _stop(server: asyncio.Server) -> None:
    server.close()
    await server.wait_closed()
