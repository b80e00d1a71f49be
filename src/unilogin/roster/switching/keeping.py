"""Files of new systems as they are kept: packed, in sealed parts, and nowhere on the disk under a name."""

import gzip
import io
import shutil
import tempfile
from collections.abc import Callable, Iterable
from typing import BinaryIO, cast

from asyncpg import Record

from unilogin.kit.secrets import Sealer
from unilogin.roster.switching.looking import file_hash


def opened(rows: Iterable[Record], sealer: Sealer, *, place: Callable[[int], str]) -> BinaryIO:
    """Return the file whose sealed parts these are, in order, packed as it is kept."""
    return io.BytesIO(b"".join(sealer.open(row["sealed"], place(row["number"])) for row in rows))


def as_it_came(kept: BinaryIO, hashed: bytes) -> BinaryIO:
    """Return the very file that was handed in: what came unpacked is kept packed. Blocks."""
    if file_hash(kept) == hashed:
        return kept
    file = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 - for the caller to close
    with gzip.GzipFile(fileobj=kept) as stream:
        shutil.copyfileobj(stream, file, 1 << 20)
    return file
