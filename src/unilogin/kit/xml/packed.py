"""Files as they come: plain, gzip or a zip with one file. Unpacked as a stream within limits, never to the disk."""

import gzip
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO, Protocol

from unilogin.kit.xml.errors import (
    ArchiveBombError,
    ArchiveContentError,
    ArchiveEncryptedError,
    ArchiveError,
    EmptyDocumentError,
    TooLargeError,
)

_GZIP = b"\x1f\x8b"
ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_ZIP_END = struct.Struct("<4s4H2LH")
_ZIP64_LOCATOR_BYTES = 20
_CONTENTS_BYTES = 64 * 1024  # of a zip's table of contents; the library would read any size into memory
_RATIO_FROM = 1024 * 1024  # below this nobody asks how well it was packed


class ByteSource(Protocol):
    """Something to read bytes from; an empty answer is the end."""

    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class PackedLimits:
    """Bytes before and after unpacking, and how many times larger the latter may be (XML packs 10 to 60 times)."""

    packed: int = 200 * 1024 * 1024
    unpacked: int = 1024 * 1024 * 1024
    ratio: int = 200


def unpack(file: BinaryIO, *, limits: PackedLimits | None = None) -> ByteSource:
    """Return the stream of the one document in a seekable file.

    Raises here or while reading:
        EmptyDocumentError: no bytes at all.
        TooLargeError: more than the limits, packed or unpacked.
        ArchiveError: and its kinds, for a damaged, encrypted, nested or otherwise unfit archive.

    """
    allowed = limits or PackedLimits()
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    start = file.read(4)
    file.seek(0)
    if size == 0:
        raise EmptyDocumentError("the file has no bytes")
    if size > allowed.packed:
        raise TooLargeError(f"{size} bytes, at most {allowed.packed} are taken")
    if start.startswith(_GZIP):
        return Unpacked(gzip.GzipFile(fileobj=file), packed=size, limits=allowed)
    if start in ZIP:
        return Unpacked(_the_one_member(file, size), packed=size, limits=allowed)
    return _Limited(file, allowed.unpacked)


class _Limited:
    """A plain file, counted."""

    def __init__(self, inner: ByteSource, most: int) -> None:
        self._inner = inner
        self._left = most

    def read(self, size: int, /) -> bytes:
        data = self._inner.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise TooLargeError("more bytes than a document may have")
        return data


class Unpacked:
    """An archive's one document: counted, compared with its packed size, and no archive itself."""

    def __init__(self, inner: ByteSource, *, packed: int, limits: PackedLimits) -> None:
        self._inner = inner
        self._total = 0
        self._most = limits.unpacked
        self._believable = max(_RATIO_FROM, packed * limits.ratio)

    def read(self, size: int, /) -> bytes:
        try:
            data = self._inner.read(size)
        except (EOFError, OSError, zlib.error, zipfile.BadZipFile) as error:  # BadGzipFile is an OSError
            raise ArchiveError(f"the archive is damaged: {type(error).__name__}") from error
        if self._total == 0 and (data.startswith(_GZIP) or data[:4] in ZIP):
            raise ArchiveContentError("an archive within the archive")
        self._total += len(data)
        if self._total > self._believable:
            raise ArchiveBombError(f"unpacks to more than {self._believable} bytes")
        if self._total > self._most:
            raise TooLargeError("more bytes than a document may have")
        return data


def _the_one_member(file: BinaryIO, size: int) -> ByteSource:
    check_contents_table(file, size)
    with zip_errors():
        archive = zipfile.ZipFile(file)
        members = [member for member in archive.infolist() if not is_wrapping(member)]
        if len(members) != 1:
            raise ArchiveContentError(f"{len(members)} files, exactly one is expected")
        check_member(members[0])
        return archive.open(members[0])


@contextmanager
def zip_errors() -> Iterator[None]:
    """Turn what the library raises about a zip file it cannot read into ArchiveError."""
    try:
        yield
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, OSError) as error:
        # NotImplementedError: packed by a method the library does not know
        raise ArchiveError(f"the zip file cannot be read: {type(error).__name__}") from error


def check_contents_table(file: BinaryIO, size: int) -> None:
    """Look at the end record before the library does: a million entries would cost gigabytes (B-R04)."""
    tail_bytes = min(size, _ZIP_END.size + _ZIP64_LOCATOR_BYTES)
    file.seek(size - tail_bytes)
    tail = file.read(tail_bytes)
    file.seek(0)
    end = tail[-_ZIP_END.size :]
    if len(end) < _ZIP_END.size or not end.startswith(b"PK\x05\x06"):
        raise ArchiveError("the zip file has no end, or something behind it")
    _, _, _, _, entries, contents_bytes, _, comment_bytes = _ZIP_END.unpack(end)
    if comment_bytes or tail.startswith(b"PK\x06\x07"):
        raise ArchiveError("a zip file with a comment or in the format for huge files")
    if entries == 0 or contents_bytes > _CONTENTS_BYTES:
        raise ArchiveContentError(f"{entries} entries, exactly one is expected")


def is_wrapping(member: zipfile.ZipInfo) -> bool:
    """Folders, and what a Mac adds of its own."""
    return member.is_dir() or member.filename.startswith("__MACOSX/")


def check_member(member: zipfile.ZipInfo) -> None:
    """Refuse before opening. No name is ever used as a path; a hostile one still says what kind of file this is."""
    if member.flag_bits & 0x1:
        raise ArchiveEncryptedError("the file in the zip is encrypted")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ArchiveError("packed with a method other than deflate")
    path = PurePosixPath(member.orig_filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in member.orig_filename or "\0" in member.orig_filename:
        raise ArchiveContentError("a file name that leads out of the folder")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise ArchiveContentError("a link instead of a file")
