"""Archives: one document is taken out of gzip and zip, everything else is refused (B-R03, B-R04)."""

import gzip
import io
import os
import struct
import zipfile

import pytest

from unilogin.kit.xml.errors import (
    ArchiveBombError,
    ArchiveContentError,
    ArchiveEncryptedError,
    ArchiveError,
    DocumentError,
    EmptyDocumentError,
    TooLargeError,
)
from unilogin.kit.xml.packed import PackedLimits, unpack

TEXT = b"<list>" + os.urandom(3000).hex().encode() + b"</list>"


def drain(data: bytes, limits: PackedLimits | None = None) -> bytes:
    source = unpack(io.BytesIO(data), limits=limits)
    pieces = []
    while piece := source.read(1000):
        pieces.append(piece)
    return b"".join(pieces)


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data, compress_type=method)
    return out.getvalue()


def linked() -> bytes:
    member = zipfile.ZipInfo("a.xml")
    member.external_attr = 0o120777 << 16
    return zipped((member, b"/etc/passwd"))


def encrypted() -> bytes:
    data = bytearray(zipped(("a.xml", TEXT)))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    return bytes(data)


def wrong_checksum() -> bytes:
    data = bytearray(zipped(("a.xml", TEXT), method=zipfile.ZIP_STORED))
    data[data.index(b"<list>") + 50] ^= 1
    return bytes(data)


def full_of_entries() -> bytes:
    data = bytearray(zipped(("a.xml", TEXT)))
    struct.pack_into("<L", data, data.rindex(b"PK\x05\x06") + 12, 90_000_000)
    return bytes(data)


@pytest.mark.parametrize(
    "data",
    [
        TEXT,
        gzip.compress(TEXT),
        gzip.compress(TEXT[:1000]) + gzip.compress(TEXT[1000:]),
        zipped(("a.xml", TEXT)),
        zipped(("a.xml", TEXT), method=zipfile.ZIP_STORED),
        zipped(("folder/", b""), ("folder/a.xml", TEXT), ("__MACOSX/folder/._a.xml", b"\0\1")),
    ],
)
def test_the_document_comes_out_as_it_went_in(data: bytes) -> None:
    assert drain(data) == TEXT


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", EmptyDocumentError),
        (gzip.compress(TEXT)[:-1], ArchiveError),
        (gzip.compress(TEXT)[:-9], ArchiveError),
        (gzip.compress(TEXT)[:-8] + b"\0" * 8, ArchiveError),
        (gzip.compress(TEXT) + b"more", ArchiveError),
        (gzip.compress(gzip.compress(TEXT)), ArchiveContentError),
        (gzip.compress(zipped(("a.xml", TEXT))), ArchiveContentError),
        (zipped(("a.zip", zipped(("a.xml", TEXT)))), ArchiveContentError),
        (zipped(("a.xml", TEXT), ("b.xml", TEXT)), ArchiveContentError),
        (zipped(("a/", b"")), ArchiveContentError),
        (zipped(), ArchiveContentError),
        (zipped(*((f"{n}.xml", b"") for n in range(5000))), ArchiveContentError),
        (zipped(("../a.xml", TEXT)), ArchiveContentError),
        (zipped(("/etc/a.xml", TEXT)), ArchiveContentError),
        (zipped(("..\\a.xml", TEXT)), ArchiveContentError),
        (zipped(("C:\\a.xml", TEXT)), ArchiveContentError),
        (linked(), ArchiveContentError),
        (encrypted(), ArchiveEncryptedError),
        (wrong_checksum(), ArchiveError),
        (full_of_entries(), ArchiveContentError),
        (zipped(("a.xml", TEXT))[:-1], ArchiveError),
        (zipped(("a.xml", TEXT)) + b"more", ArchiveError),
        (zipped(("a.xml", TEXT), method=zipfile.ZIP_LZMA), ArchiveError),
        (gzip.compress(b"\0" * 20_000_000), ArchiveBombError),
        (zipped(("a.xml", b" " * 20_000_000)), ArchiveBombError),
    ],
)
def test_other_archives_are_refused(data: bytes, error: type[DocumentError]) -> None:
    with pytest.raises(error):
        drain(data)


@pytest.mark.parametrize("data", [TEXT, gzip.compress(TEXT), zipped(("a.xml", TEXT))])
def test_sizes_are_limited_before_and_after_unpacking(data: bytes) -> None:
    with pytest.raises(TooLargeError):
        drain(data, PackedLimits(packed=len(data) - 1))
    with pytest.raises(TooLargeError):
        drain(data, PackedLimits(unpacked=len(TEXT) - 1))


@pytest.mark.parametrize("whole", [gzip.compress(TEXT), zipped(("a.xml", TEXT))])
def test_an_archive_cut_anywhere_is_refused(whole: bytes) -> None:
    for cut in range(0, len(whole), 7):
        with pytest.raises(DocumentError):
            drain(whole[:cut])
