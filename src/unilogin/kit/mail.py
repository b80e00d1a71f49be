"""The one door to the mail server: plain letters, one address each, over a wire that is safe or a loopback one.

The standard library's client does the talking, in a thread; whatever the server does, a call ends in time, because its
wire is cut. A letter that the server took and whose answer was lost may go out again: the same letter has the same
Message-ID, by which mail servers know it.
"""

import asyncio
import smtplib
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, localtime
from typing import Any, Final

from unilogin.kit.errors import UniloginError
from unilogin.kit.mailboxes import Tls, is_address

CONNECT_SECONDS: Final = 5.0
TOTAL_SECONDS: Final = 10.0
"""For one thing asked of the server: to let us in, or to take one letter."""


class MailError(UniloginError):
    """The server did not take it; ``reason`` is one word, or the server's number, for lists and logs."""

    code = "mail"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class LetterRefusedError(MailError):
    """This letter was not taken; the next one may be. ``for_good``: the server says that it will never be."""

    def __init__(self, reason: str, *, for_good: bool) -> None:
        super().__init__(reason)
        self.for_good = for_good


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where letters are handed in, and as whom."""

    host: str
    port: int
    tls: Tls
    sender: str
    user: str | None = None
    password: str | None = None
    greeting: str = "localhost"
    """What we call ourselves (EHLO): the public host name, never the machine's own."""
    trust: ssl.SSLContext | None = None
    """For tests; else what the machine trusts."""

    def __repr__(self) -> str:
        return f"MailServer({self.host}:{self.port}, {self.tls})"


@dataclass(frozen=True, slots=True)
class Mail:
    """One letter, in plain text."""

    to: str
    subject: str
    text: str
    message_id: str
    languages: str = "da"


def written(mail: Mail, *, sender: str) -> bytes:
    """Return the letter as it goes over the wire; raises LetterRefusedError for an address that is none."""
    if not is_address(mail.to):
        raise LetterRefusedError("address", for_good=True)
    message = EmailMessage(policy=SMTP)
    message["From"] = Address("Unilogin", addr_spec=sender)
    message["To"] = Address(addr_spec=mail.to)
    message["Subject"] = mail.subject  # a line break in it raises: no header of somebody else's (V-101)
    message["Date"] = format_datetime(localtime())
    message["Message-ID"] = f"<{mail.message_id}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answering machine answers
    message.set_content(mail.text, cte="quoted-printable")
    message["Content-Language"] = mail.languages
    return message.as_bytes()


class Wire:
    """One connection to the server, for one letter after the other. ``async with Wire(server) as wire``."""

    def __init__(self, server: MailServer) -> None:
        self._server = server
        hello, patience = server.greeting, CONNECT_SECONDS
        if server.tls == "implicit":
            self._smtp: Any = smtplib.SMTP_SSL(local_hostname=hello, timeout=patience, context=self._context())
        else:
            self._smtp = smtplib.SMTP(local_hostname=hello, timeout=patience)
        self._smtp._host = server.host  # whose certificate it must be: the library forgets it when it connects later

    async def __aenter__(self) -> "Wire":
        await self._in_time(self._open)
        return self

    async def __aexit__(self, *error: object) -> None:
        with suppress(MailError):
            await self._in_time(self._leave)

    async def send(self, mail: Mail) -> None:
        """Hand in one letter.

        Raises:
            LetterRefusedError: this one was not taken.
            MailError: the server takes nothing now, or did not answer.

        """
        letter = written(mail, sender=self._server.sender)
        await self._in_time(lambda: self._smtp.sendmail(self._server.sender, [mail.to], letter))

    async def _in_time(self, work: Callable[[], object]) -> None:
        try:
            async with asyncio.timeout(TOTAL_SECONDS):
                await asyncio.to_thread(work)
        except TimeoutError as error:
            self._cut()
            raise MailError("timeout") from error
        except asyncio.CancelledError:
            self._cut()
            raise
        except (smtplib.SMTPException, OSError) as error:
            raise _in_words(error) from error

    def _cut(self) -> None:
        """Wake the thread that waits for the server."""
        if (wire := getattr(self._smtp, "sock", None)) is not None:
            with suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)

    def _leave(self) -> None:
        try:
            self._smtp.quit()
        finally:
            self._smtp.close()

    def _open(self) -> None:
        try:
            self._enter()
        except BaseException:
            self._smtp.close()
            raise

    def _enter(self) -> None:
        server = self._server
        code, _ = self._smtp.connect(server.host, server.port)
        if code != 220:
            raise MailError(str(code))
        if server.tls == "starttls":
            self._smtp.starttls(context=self._context())  # refused when not offered: nobody on the way strips it
        if server.user is not None:
            self._smtp.login(server.user, server.password or "")

    def _context(self) -> ssl.SSLContext:
        return self._server.trust or ssl.create_default_context()


def _in_words(error: smtplib.SMTPException | OSError) -> MailError:
    match error:
        case smtplib.SMTPRecipientsRefused(recipients=refused):
            return _refused(*(code for code, _ in refused.values()))
        case smtplib.SMTPDataError(smtp_code=code):
            return _refused(code)
        case smtplib.SMTPNotSupportedError():
            return MailError("no_tls_or_login")
        case smtplib.SMTPAuthenticationError():
            return MailError("login")
        case smtplib.SMTPResponseException(smtp_code=code) if code > 0:
            return MailError(str(code))
        case ssl.SSLError():
            return MailError("certificate")
        case socket.gaierror():
            return MailError("name")
        case TimeoutError():
            return MailError("timeout")
        case _:
            return MailError("connection")


def _refused(code: int) -> LetterRefusedError:
    return LetterRefusedError(str(code), for_good=500 <= code < 600)
