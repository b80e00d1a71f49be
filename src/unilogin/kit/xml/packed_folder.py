"""A zip of several files in one folder, read as streams within the limits of one; nothing is unpacked to the disk."""

import os
import zipfile
from datetime import datetime
from pathlib import PurePosixPath
from typing import BinaryIO

from unilogin.kit.xml.errors import ArchiveContentError, TooLargeError
from unilogin.kit.xml.packed import (
    ZIP,
    ByteSource,
    PackedLimits,
    Unpacked,
    check_contents_table,
    check_member,
    is_wrapping,
    zip_errors,
)

_MOST_FILES = 100
_YEAR_OF_NO_CLOCK = 1980


def is_zip(file: BinaryIO) -> bool:
    """Tell whether a seekable file begins as a zip does."""
    file.seek(0)
    start = file.read(4)
    file.seek(0)
    return start in ZIP


class PackedFolder:
    """The files of a zip by their names, which must all stand in the same folder."""

    def __init__(self, file: BinaryIO, *, limits: PackedLimits | None = None) -> None:
        """Look at the table of contents; raises ArchiveError and its kinds, and TooLargeError."""
        self._limits = limits or PackedLimits()
        size = file.seek(0, os.SEEK_END)
        if size > self._limits.packed:
            raise TooLargeError(f"{size} bytes, at most {self._limits.packed} are taken")
        check_contents_table(file, size)
        with zip_errors():
            self._archive = zipfile.ZipFile(file)
        self._members = _by_name([one for one in self._archive.infolist() if not is_wrapping(one)])
        self._left = self._limits.unpacked

    @property
    def names(self) -> frozenset[str]:
        """The names of the files, without their folder."""
        return frozenset(self._members)

    def written_at(self, name: str) -> datetime | None:
        """Return when a file was last written, by the clock of whoever packed it and without a zone; None: untold."""
        told = self._members[name].date_time
        try:
            return datetime(*told) if told[0] > _YEAR_OF_NO_CLOCK else None  # noqa: DTZ001 - a zip tells no zone
        except ValueError:
            return None

    def open(self, name: str) -> ByteSource:
        """Return the stream of one file; all of them together are held to the limits. Raises ArchiveError."""
        member = self._members[name]
        with zip_errors():
            inner = self._archive.open(member)
        return _Share(self, Unpacked(inner, packed=member.compress_size, limits=self._limits))

    def take(self, count: int) -> None:
        """Count bytes that were unpacked; raises TooLargeError."""
        self._left -= count
        if self._left < 0:
            raise TooLargeError("more bytes than all files of an archive may have")


class _Share:
    """One file's part of what a folder may unpack to."""

    def __init__(self, folder: PackedFolder, inner: ByteSource) -> None:
        self._folder = folder
        self._inner = inner

    def read(self, size: int, /) -> bytes:
        data = self._inner.read(size)
        self._folder.take(len(data))
        return data


def _by_name(members: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    if not members or len(members) > _MOST_FILES:
        raise ArchiveContentError(f"{len(members)} files")
    for member in members:
        check_member(member)
    paths = [PurePosixPath(member.filename.replace("\\", "/")) for member in members]
    if len({path.parent for path in paths}) > 1:
        raise ArchiveContentError("files in more than one folder")
    if len({path.name.casefold() for path in paths}) < len(paths):
        raise ArchiveContentError("two files of one name")
    return {path.name: member for path, member in zip(paths, members, strict=True)}
