"""A form with one file (multipart/form-data, RFC 7578), read as it comes: fields are small, the file goes to the disk.

The parser takes what browsers send and nothing else: one file, no nested parts, no encodings of transfer.
"""

import asyncio
import re
from collections.abc import Callable
from typing import IO

from starlette.requests import Request

from unilogin.kit.web.bodies import BodySlowError, BodyTooLargeError, pieces_of
from unilogin.kit.web.errors import FormRefusedError
from unilogin.kit.web.forms import Fields

_TYPE = re.compile(r"""multipart/form-data\s*;\s*boundary=("?)([A-Za-z0-9'()+_,./:=?-]{1,70})\1""", re.I)
_NAME = re.compile(
    rb"""content-disposition:\s*form-data\s*;\s*name="([A-Za-z0-9_.-]{1,64})"(;\s*filename[*]?=.*)?""", re.I
)
_MOST_HEAD = 4096
_MOST_FIELD = 4096
_MOST_PARTS = 32
_AROUND = 256 * 1024
"""What may stand around the file: fields, heads, boundaries."""
_AT_ONCE = 1024 * 1024


class Upload:
    """What has come of a form so far; ``size`` of the file, None when the form had none."""

    def __init__(self, boundary: bytes, file: IO[bytes], *, admit: Callable[[Fields], None]) -> None:
        self._delimiter = b"\r\n--" + boundary
        self._held = bytearray(b"\r\n")
        self._file = file
        self._admit = admit
        self._take = self._skip
        self._parts = 0
        self._name = ""
        self._value = bytearray()
        self.fields: dict[str, list[str]] = {}
        self.size: int | None = None
        self.is_whole = False

    def feed(self, piece: bytes) -> None:
        """Take the next piece; blocks while it is written to the file. Raises FormRefusedError."""
        self._held += piece
        while not self.is_whole and self._take():
            pass
        if self.is_whole:
            self._held.clear()

    def _skip(self) -> bool:
        """Find the first boundary; what stands before it means nothing."""
        return self._until_delimiter(lambda _: None)

    def _head(self) -> bool:
        """Read what a part is: a field or the file; or that there is no further part."""
        if len(self._held) >= 2 and self._held.startswith(b"--"):
            self.is_whole = True
            return False
        end = self._held.find(b"\r\n\r\n")
        if end < 0:
            if len(self._held) > _MOST_HEAD:
                raise FormRefusedError(400, "look.stopped.form")
            return False
        lines = bytes(self._held[:end]).split(b"\r\n")
        del self._held[: end + 4]
        found = next((match for line in lines if (match := _NAME.fullmatch(line))), None)
        self._parts += 1
        if found is None or lines[0].strip() or self._parts > _MOST_PARTS:
            raise FormRefusedError(400, "look.stopped.form")
        self._name, self._value = found[1].decode(), bytearray()
        self._take = self._field
        if found[2] is not None:
            self._begin_file()
        return True

    def _begin_file(self) -> None:
        if self.size is not None:
            raise FormRefusedError(400, "look.stopped.form")
        self._admit(self.fields)  # before a byte of it is kept
        self.size = 0
        self._take = self._content

    def _field(self) -> bool:
        return self._until_delimiter(self._add_to_value)

    def _add_to_value(self, data: bytes) -> None:
        self._value += data
        if len(self._value) > _MOST_FIELD:
            raise FormRefusedError(413, "look.stopped.form")

    def _content(self) -> bool:
        return self._until_delimiter(self._write)

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self.size = (self.size or 0) + len(data)

    def _until_delimiter(self, use: Callable[[bytes], None]) -> bool:
        """Use what comes before the next boundary; True when it has come."""
        at = self._held.find(self._delimiter)
        if at < 0:
            sure = max(0, len(self._held) - len(self._delimiter) + 1)
            use(bytes(self._held[:sure]))
            del self._held[:sure]
            return False
        use(bytes(self._held[:at]))
        del self._held[: at + len(self._delimiter)]
        if self._take == self._field:
            self._keep_field()
        self._take = self._head
        return True

    def _keep_field(self) -> None:
        try:
            value = self._value.decode()
        except UnicodeDecodeError as error:
            raise FormRefusedError(400, "look.stopped.form") from error
        if "\x00" in value:
            raise FormRefusedError(400, "look.stopped.form")
        self.fields.setdefault(self._name, []).append(value)


async def read_upload(request: Request, file: IO[bytes], *, most: int, admit: Callable[[Fields], None]) -> Upload:
    """Read a form with one file of at most so many bytes into ``file``.

    ``admit`` is told of the fields that stand before the file, and raises what refuses it. Raises BodyTooLargeError,
    and FormRefusedError for what is no such form or does not come.
    """
    boundary = _TYPE.fullmatch(request.headers.get("content-type", "").strip())
    if boundary is None:
        raise FormRefusedError(415, "look.stopped.form")
    upload = Upload(boundary[2].encode(), file, admit=admit)
    try:
        held = bytearray()
        async for piece in pieces_of(request, most=most + _AROUND):
            held += piece
            if len(held) >= _AT_ONCE:
                await asyncio.to_thread(upload.feed, bytes(held))
                held.clear()
        await asyncio.to_thread(upload.feed, bytes(held))
    except BodySlowError as error:
        raise FormRefusedError(408, "look.stopped.form") from error
    if not upload.is_whole:
        raise FormRefusedError(400, "look.stopped.form")
    if upload.size is None:
        admit(upload.fields)
    if (upload.size or 0) > most:
        raise BodyTooLargeError("the file is larger than is taken")
    file.seek(0)
    return upload


MOST_IGNORED = 1024 * 1024 * 1024


async def ignore_rest(request: Request) -> None:
    """Read on without keeping anything, so that a browser that sends too much gets to read why it was refused."""
    try:
        async for _ in pieces_of(request, most=MOST_IGNORED):
            pass
    except (BodySlowError, BodyTooLargeError, RuntimeError):
        return
