"""The UNILoginImport document (wsaIMPORT): root, institution and groups here, persons in ``unilogin_person``.

Element names are matched without their namespace, because that of version 8 is not published; which namespaces are
known can be told by the caller. What is wrong above the persons refuses the file; what is wrong with one person or one
group is a finding, and the others go on.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import islice
from typing import NamedTuple

from unilogin.kit.xml.packed import ByteSource
from unilogin.kit.xml.records import ParsedRecord, RawRecord, RecordReader
from unilogin.roster.formats.document import HASH_BYTES, IsKnown
from unilogin.roster.formats.fields import Names, Notes
from unilogin.roster.formats.ordinary import OrdinaryReader
from unilogin.roster.formats.unilogin_head import (
    check_structure,
    read_groups,
    read_header,
    refused_without_persons,
)
from unilogin.roster.formats.unilogin_planned import PlannedReader
from unilogin.roster.model import DeliveryKind, Finding, GroupRow, ReadRow

NAMESPACES = (
    "",
    "https://uni-login.dk",
    "https://uni-login.dk/data",
    "https://uni-login.dk/data/transitional",
    "https://wsaimport.uni-login.dk/import",
    "https://wsaimport.uni-login.dk/ws",
    "https://unilogin.dk",
    "https://unilogin.dk/data",
    "https://unilogin.dk/data/transitional",
    "https://wsaimport.unilogin.dk/import",
    "https://wsaimport.unilogin.dk/ws",
    "https://brugerdatabasen.stil.dk/bpi/common/3",
    "https://brugerdatabasen.stil.dk/bpi/wsaimport/8",
    "https://brugerdatabasen.stil.dk/bpi/wsaimport/8/common",
    "https://brugerdatabasen.stil.dk/bpi/wsaimport/8/import",
)
"""Of three generations; that of version 8's root is a guess until it is published."""

READING = b"1"
"""To be raised when rows are read differently: then every row is read again, whatever its hash."""

_PARSED_AT_ONCE = 64


class HashedRecord(NamedTuple):
    """A record and the keyed hash by which it is recognised next time."""

    raw_hash: bytes
    raw: RawRecord


class UniloginImport:
    """One document, read from front to back: made with its head, then ``records``, ``read`` and at last ``finish``.

    ``hash_key`` keeps the hashes from being a test of guessed CPR numbers for whoever holds only the database (K-11).
    Everything raises DeliveryRefusedError or kit.xml's DocumentError for a file that is refused as a whole.
    """

    def __init__(
        self,
        source: ByteSource,
        *,
        hash_key: bytes,
        today: date,
        kind: DeliveryKind = DeliveryKind.FULL,
        namespaces: Sequence[str] = NAMESPACES,
    ) -> None:
        self.kind = kind
        self.tells_protection = True
        self._names = Names(namespaces)
        self._reader = RecordReader(source, record="InstitutionPerson")
        place = self._reader.head()
        self.header = read_header(place, self._names)
        if not self._reader.has_records:
            raise refused_without_persons(place)
        groups, findings = read_groups(place, self._names)
        self.groups: tuple[GroupRow, ...] = groups
        self.group_findings: tuple[Finding, ...] = findings
        self._declared = {group.group_id: group for group in groups}
        self._persons = PlannedReader(names=self._names, groups=self._declared, today=today)
        self._ordinary = OrdinaryReader(self._reader, self._persons)
        surroundings = self._reader.surroundings + READING
        self._row_key = hashlib.blake2b(surroundings, key=hash_key, digest_size=32).digest()
        self._whole = hashlib.blake2b(repr((self.header, groups)).encode(), key=self._row_key, digest_size=32)

    def also_known(self, groups: Iterable[GroupRow]) -> None:
        """Let rows name groups that earlier deliveries declared."""
        for group in groups:
            self._declared.setdefault(group.group_id, group)

    def custody_by_role(self, roles: frozenset[str]) -> None:
        """This format says of everybody whether they have custody."""

    def rows(self, at_once: int, *, is_known: IsKnown) -> Iterator[list[ReadRow]]:
        """Read the persons that are not known, so many records at a time; who leaves is always read."""
        for chunk in self.records(at_once):
            if self.kind is DeliveryKind.DELETE:
                parsed = self._reader.parse([record.raw for record in chunk])
                yield [self._read_leaver(one) for one in parsed]
            else:
                yield self.read([record for record in chunk if not is_known(record.raw_hash)])

    def _read_leaver(self, parsed: ParsedRecord) -> ReadRow:
        notes = Notes(parsed.line_of)
        self._persons.read_leaver(parsed, notes)
        return ReadRow(parsed.raw.line, b"", notes.local_person_id, None, (), tuple(notes.findings))

    def records(self, at_once: int) -> Iterator[list[HashedRecord]]:
        """Hand out the persons in lists of at most so many, hashed and not yet parsed."""
        raws = self._reader.records()
        while chunk := [self._hashed(raw) for raw in islice(raws, at_once)]:
            yield chunk

    def _hashed(self, raw: RawRecord) -> HashedRecord:
        raw_hash = hashlib.blake2b(raw.content, key=self._row_key, digest_size=HASH_BYTES).digest()
        self._whole.update(raw_hash)
        return HashedRecord(raw_hash, raw)

    def read(self, records: Sequence[HashedRecord]) -> list[ReadRow]:
        """Parse and check persons."""
        rows = [self._read_ordinary(record) for record in records]
        unusual = [place for place, row in enumerate(rows) if row is None]
        for start in range(0, len(unusual), _PARSED_AT_ONCE):
            places = unusual[start : start + _PARSED_AT_ONCE]
            parsed = self._reader.parse([records[place].raw for place in places])
            for place, one in zip(places, parsed, strict=True):
                rows[place] = self._read(one, records[place].raw_hash)
        return [row for row in rows if row is not None]

    def _read_ordinary(self, record: HashedRecord) -> ReadRow | None:
        row = self._ordinary.read(record.raw)
        return row and ReadRow(record.raw.line, record.raw_hash, row.local_person_id, row, (), ())

    def _read(self, parsed: ParsedRecord, raw_hash: bytes) -> ReadRow:
        notes = Notes(parsed.line_of)
        row, protect = self._persons.read(parsed, notes)
        again = bool(notes.findings)  # whoever has a finding is read again next time, so that it is told again
        return ReadRow(
            parsed.raw.line, b"" if again else raw_hash, notes.local_person_id, row, protect, tuple(notes.findings)
        )

    def finish(self) -> bytes:
        """Prove that the document ends as it should; return the fingerprint of everything it says."""
        check_structure(self._reader.finish(), self._names, lines=self._reader.record_lines)
        return self._whole.digest()
