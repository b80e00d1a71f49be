"""Tables of comma-separated values (RFC 4180), row by row: strict in what would shift a value into another column.

What is wrong with the table refuses the file; what is wrong with one row is told with the row, and the others go on.
"""

import codecs
import csv
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from unilogin.kit.xml.packed import ByteSource
from unilogin.roster.errors import DeliveryRefusedError
from unilogin.roster.messages import Refused

LONGEST_LINE = 64 * 1024
MOST_COLUMNS = 200
_BLOCK = 64 * 1024
_FEW = 2  # more names in one cell, and something else than commas stands between them
_CONTROL = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 127))


class RowFault(StrEnum):
    """Why a row cannot be read; its first cell may still say whom it is about."""

    CELLS = "row_cells"
    LONG = "row_long"
    CONTROL = "row_control"


class CsvRow(NamedTuple):
    """One row: where it begins, its cells in the order that was asked for, and what is wrong with it as a whole."""

    line: int
    cells: tuple[str, ...]
    fault: RowFault | None = None
    found: int = 0  # how many cells it has, where that is what is wrong


class CsvTable:
    """A table on its way in: its header is read when it is made, and ``rows`` once."""

    def __init__(self, source: ByteSource, *, file: str) -> None:
        """Read the header; raises DeliveryRefusedError and kit.xml's DocumentError, as all methods do."""
        self.file = file
        self._lines = _Lines(source, file=file)
        self._reader = csv.reader(self._lines, strict=True)
        header = next(self._parsed(), [])
        self.columns = [name.strip() for name in header]
        if any(len(column.split(mark)) > _FEW for column in self.columns for mark in (";", "\t")):
            raise DeliveryRefusedError(Refused.CSV_SEMICOLONS, line=1, file=file)
        if not any(self.columns) or len(header) > MOST_COLUMNS:
            raise DeliveryRefusedError(Refused.CSV_HEADER, line=1, file=file)
        if len(set(self.columns)) < len(self.columns):
            raise DeliveryRefusedError(Refused.CSV_COLUMN_TWICE, line=1, file=file)

    def require(self, columns: Sequence[str]) -> None:
        """Refuse a table that lacks one of these columns; no other order or language is guessed (B-R13)."""
        for column in columns:
            if column not in self.columns:
                raise DeliveryRefusedError(Refused.CSV_COLUMN_MISSING, line=1, file=self.file, column=column)

    def rows(self, columns: Sequence[str]) -> Iterator[CsvRow]:
        """Return the rows that are not empty, each with these columns; one the table does not have is empty."""
        places = [self.columns.index(name) if name in self.columns else None for name in columns]
        parsed = self._parsed()
        while True:
            line = self._lines.number + 1
            row = next(parsed, None)
            if row is None:
                return
            if self._lines.skipped:
                yield CsvRow(line, _first(self._lines.skipped), RowFault.LONG)
                self._lines.skipped = ""
            elif len(row) != len(self.columns):
                if any(row):
                    yield CsvRow(line, tuple(row[:1]), RowFault.CELLS, len(row))
            elif any(row):
                cells = tuple(["" if place is None else row[place] for place in places])
                yield CsvRow(line, cells, RowFault.CONTROL if _has_control(row) else None)

    def _parsed(self) -> Iterator[list[str]]:
        try:
            yield from self._reader
        except csv.Error as error:
            line = self._lines.number
            raise DeliveryRefusedError(Refused.CSV_MALFORMED, line=line, file=self.file) from error


def _has_control(row: Sequence[str]) -> bool:
    whole = "".join(row)
    return not whole.isprintable() and len(whole.translate(_CONTROL)) != len(whole)


def _first(line: str) -> tuple[str, ...]:
    """Return the first cell of a line that is too long to be read."""
    return (line[:300].split(",", 1)[0].strip('"'),)


class _Lines:
    """The lines of a source as text; one that is too long leaves an empty line, and its beginning in ``skipped``."""

    def __init__(self, source: ByteSource, *, file: str) -> None:
        self._source = source
        self._file = file
        self._rest = b""
        self._ended = False
        self.number = 0
        self.skipped = ""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._next()
        self.number += 1
        if self.number == 1:
            line = line.removeprefix(codecs.BOM_UTF8)
        try:
            if len(line) > LONGEST_LINE:
                self.skipped = line[:300].decode("utf-8", "ignore")
                return "\n"
            return line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise DeliveryRefusedError(Refused.CSV_NOT_UTF8, line=self.number, file=self._file) from error

    def _next(self) -> bytes:
        """Return the next line with its end; of a long one only so much that it shows."""
        pieces: list[bytes] = []
        size = 0
        while True:
            end = self._rest.find(b"\n") + 1
            piece, self._rest = (self._rest[:end], self._rest[end:]) if end else (self._rest, b"")
            if size <= LONGEST_LINE:
                pieces.append(piece)
                size += len(piece)
            if end or self._ended:
                break
            self._rest = self._source.read(_BLOCK)
            self._ended = not self._rest
        if not size:
            raise StopIteration
        return b"".join(pieces)
