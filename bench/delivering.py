"""Schools' systems at work: a file sent by upload, as a signed message, into a watched folder, or by command."""

import base64
import http.client
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from bench.running import Running, environment
from bench.unilogin_side import House
from bench.wire import UnexpectedAnswerError
from unilogin.domain.audit.model import Actor
from unilogin.kit.certificates import OwnCertificate, check_certificate, make_own
from unilogin.kit.db.connection import connect
from unilogin.kit.xml.signatures import sign
from unilogin.kit.xml.small import read_small
from unilogin.kit.xml.tree import written
from unilogin.protocols.bpi.names import ADDRESSING, BASE64, COMMON, PATH, SECURITY, SERVICE, SOAP, UTILITY, X509
from unilogin.roster.senders.actions import add_certificate, add_sender, agree, give_token

SYSTEM_ID = "ABmaal01"
LONGEST_SECONDS = 600
_LARGEST_MESSAGE = 64 * 1024 * 1024
_BENCH = Actor("operator", "bench")


@dataclass(frozen=True, slots=True)
class Sender:
    """A system that is registered, and what it proves itself with."""

    token: str
    own: OwnCertificate


async def register(house: House, numbers: Sequence[str]) -> Sender:
    """Register a system that may deliver for these institutions, as ``unilogin senders`` does."""
    now = datetime.now(UTC)
    own = make_own("bench", now=now)
    connection = await connect(house.dsn)
    async with connection.transaction():
        await add_sender(connection, SYSTEM_ID, name="Målesystemet", actor=_BENCH)
        checked = check_certificate(own.pem.encode(), authorities=None, now=now)
        await add_certificate(connection, SYSTEM_ID, certificate=checked, actor=_BENCH)
        for number in numbers:
            await agree(connection, SYSTEM_ID, number=number, actor=_BENCH)
        _, token, _ = await give_token(connection, SYSTEM_ID, lasts=timedelta(days=1), numbers=(), actor=_BENCH)
    await connection.close()
    return Sender(token, own)


Sent = Callable[[], None]
"""Told when the last byte is on its way."""


def _nobody() -> None:
    """Stand in for somebody who does not look at the clock."""


@dataclass(slots=True)
class Doors:
    """The four ways in of one server."""

    server: Running
    house: House
    sender: Sender
    folder: Path
    _watch: "subprocess.Popen[bytes] | None" = field(default=None)

    def upload(self, number: str, content: bytes, *, sent: Sent = _nobody, kind: str = "full") -> None:
        """Send a file by HTTPS."""
        headers = {"authorization": f"Bearer {self.sender.token}"}
        self._post(f"/bpi/upload/{number}?kind={kind}", content, headers, method="PUT", sent=sent)

    def soap(self, number: str, content: bytes, *, sent: Sent = _nobody) -> None:
        """Send a signed message, importerXml."""
        document = content.decode().partition("?>")[2]
        message = _signed(
            f'<t:importerXml xmlns:t="{SERVICE}"><t:instXML>{document}</t:instXML></t:importerXml>',
            own=self.sender.own,
            endpoint=f"{self.server.base_url}{PATH}",
        )
        self._post(PATH, message, {"content-type": "application/soap+xml; charset=utf-8"}, sent=sent)

    def drop(self, number: str, content: bytes, *, sent: Sent = _nobody) -> None:
        """Put a file into the watched folder, and wait for its receipt."""
        if self._watch is None:
            raise UnexpectedAnswerError("nobody watches the folder")
        name = f"{number}-{time.monotonic_ns()}.xml"
        (self.folder / name).write_bytes(content)
        sent()
        self._wait_until_gone(self.folder / name)

    def command(self, number: str, content: bytes, *, sent: Sent = _nobody) -> None:
        """Load a file with the command."""
        path = self.folder.parent / f"{number}.command.xml"
        path.write_bytes(content)
        sent()
        command = _unilogin("roster", "import", str(path))
        done = subprocess.run(command, env=self._environment(), capture_output=True, check=False)
        if done.returncode != 0:
            raise UnexpectedAnswerError(f"the command failed: {done.stdout[-500:]!r} {done.stderr[-500:]!r}")

    def watch(self) -> None:
        """Begin to watch the folder, as the command does by default."""
        self.folder.mkdir(exist_ok=True)
        with (self.folder.parent / "watch.log").open("wb") as log:
            self._watch = subprocess.Popen(
                _unilogin("roster", "watch", str(self.folder)),
                env=self._environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def stop_watching(self) -> None:
        """End it."""
        if self._watch is not None:
            self._watch.terminate()
            self._watch.wait(30)

    def _wait_until_gone(self, path: Path) -> None:
        ends = time.monotonic() + LONGEST_SECONDS
        while path.exists() and time.monotonic() < ends:
            time.sleep(0.05)
        if not list((self.folder / "done").glob(f"*{path.name}")):
            raise UnexpectedAnswerError(f"{path.name} was not loaded")

    def _post(
        self, target: str, content: bytes, headers: Mapping[str, str], *, sent: Sent, method: str = "POST"
    ) -> None:
        connection = http.client.HTTPConnection(urlsplit(self.server.base_url).netloc, timeout=LONGEST_SECONDS)
        with suppress(BrokenPipeError):  # refused before it was sent: the answer says why
            connection.request(method, target, content, dict(headers))
        sent()
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        if answer.status != 200:
            raise UnexpectedAnswerError(f"{target}: {answer.status} {body[:2000]!r}")

    def _environment(self) -> dict[str, str]:
        given = {"UNILOGIN_DATABASE_URL": self.house.dsn, "UNILOGIN_SECRETS_FILE": str(self.house.secrets_file)}
        return environment(given)


def _unilogin(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "unilogin.cli.app", *arguments]


def _signed(body: str, *, own: OwnCertificate, endpoint: str) -> bytes:
    now = datetime.now(UTC)
    created, expires = (f"{moment:%Y-%m-%dT%H:%M:%S}Z" for moment in (now, now + timedelta(minutes=5)))
    root = read_small(
        f'<soap:Envelope xmlns:soap="{SOAP}" xmlns:wsa="{ADDRESSING}" xmlns:wsu="{UTILITY}"><soap:Header>'
        f"<wsa:Action>{SERVICE}/importerXml</wsa:Action><wsa:To>{endpoint}</wsa:To>"
        f'<wsa:MessageID wsu:Id="message">urn:uuid:{uuid.uuid4()}</wsa:MessageID>'
        f'<UdbydersystemId xmlns="{COMMON}" wsu:Id="system">{SYSTEM_ID}</UdbydersystemId>'
        f'<wsse:Security xmlns:wsse="{SECURITY}" soap:mustUnderstand="true"><wsu:Timestamp wsu:Id="timestamp">'
        f"<wsu:Created>{created}</wsu:Created><wsu:Expires>{expires}</wsu:Expires></wsu:Timestamp>"
        f'<wsse:BinarySecurityToken wsu:Id="token" ValueType="{X509}" EncodingType="{BASE64}">'
        f"{base64.b64encode(own.der).decode()}</wsse:BinarySecurityToken></wsse:Security></soap:Header>"
        f'<soap:Body wsu:Id="body">{body}</soap:Body></soap:Envelope>'.encode(),
        longest=_LARGEST_MESSAGE,
    )
    header, message_body = root
    security = header[-1]
    parts = {"body": message_body, "timestamp": security[0], "message": header[2], "system": header[3]}
    key_info = (
        f'<wsse:SecurityTokenReference xmlns:wsse="{SECURITY}"><wsse:Reference URI="#token" ValueType="{X509}"/>'
        "</wsse:SecurityTokenReference>"
    )
    sign(security, own.key, parts=parts, key_info=key_info)
    return written(root)
