"""Files with people in them that wait in the database: packed, in sealed parts, and nowhere on a disk under a name."""

import asyncio
import gzip
import hashlib
import io
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast
from uuid import UUID

from unilogin.kit.db.connection import Connection, Transaction
from unilogin.kit.secrets import Sealer, Secrets

_PART_BYTES = 512 * 1024
_PACKED = (b"\x1f\x8b", b"PK")


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where the files of one kind wait, each under the id ($1) of what it belongs to."""

    column: str
    """What a part is sealed for, together with that id and its number: nobody can swap two of them."""
    insert: str
    """Of one part: number ($2) and what is sealed ($3)."""
    select: str
    """Number and what is sealed, of all parts in order."""


async def put_file(tx: Transaction, shelf: Shelf, key: UUID, *, file: BinaryIO, secrets: Secrets) -> None:
    """Keep a file; in parts, so that its size does not matter."""
    parts = _sealed_parts(file, _sealer(secrets), place=f"{shelf.column}:{key}")
    while (part := await asyncio.to_thread(next, parts, None)) is not None:
        await tx.execute(shelf.insert, key, *part)


async def kept_file(connection: Connection, shelf: Shelf, key: UUID, *, secrets: Secrets) -> BinaryIO:
    """Return a file packed as it is kept; raises SealBrokenError for parts of another one."""
    sealer = _sealer(secrets)
    rows = await connection.fetch(shelf.select, key)
    return io.BytesIO(b"".join(sealer.open(row["sealed"], f"{shelf.column}:{key}:{row['number']}") for row in rows))


def file_hash(file: BinaryIO) -> bytes:
    """Return the hash of a file, and go back to its beginning. Blocks."""
    file.seek(0)
    found = hashlib.sha256()
    while part := file.read(1 << 20):
        found.update(part)
    file.seek(0)
    return found.digest()


def as_it_came(kept: BinaryIO, hashed: bytes) -> BinaryIO:
    """Return the very file that was handed in: what came unpacked is kept packed. Blocks."""
    if file_hash(kept) == hashed:
        return kept
    file = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 - for the caller to close
    with gzip.GzipFile(fileobj=kept) as stream:
        shutil.copyfileobj(stream, file, 1 << 20)
    return file


def _sealer(secrets: Secrets) -> Sealer:
    return secrets.sealer("cpr_encryption")


def _sealed_parts(file: BinaryIO, sealer: Sealer, *, place: str) -> Iterator[tuple[int, bytes]]:
    file.seek(0)
    packed = file.read(2) in _PACKED
    file.seek(0)
    pieces = iter(lambda: file.read(_PART_BYTES), b"")
    for number, piece in enumerate(pieces if packed else _packed(pieces)):
        yield number, sealer.seal(piece, f"{place}:{number}")


def _packed(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """One gzip stream, in parts."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=1, mtime=0) as stream:
        for piece in pieces:
            stream.write(piece)
            if out.tell() >= _PART_BYTES:
                yield out.getvalue()
                out.seek(0)
                out.truncate()
    yield out.getvalue()
