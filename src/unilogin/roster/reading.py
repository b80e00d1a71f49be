"""Reading one delivery: the work of the processor, done beside the event loop so that nobody waits for it."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import BinaryIO

from unilogin.domain.directory.bulk_protection import NotLoaded
from unilogin.domain.directory.bulk_staging import Batch
from unilogin.kit.secrets import Secrets
from unilogin.kit.xml.errors import TooLargeError
from unilogin.roster.formats.opening import open_document
from unilogin.roster.formats.unilogin_head import MOST_GROUPS
from unilogin.roster.known import KnownHashes
from unilogin.roster.messages import Found
from unilogin.roster.model import DeliveryKind, Finding, GroupRow, Hidden, ReadRow, Severity
from unilogin.roster.rules import MOST_FINDINGS
from unilogin.roster.staging import Stager

PERSONS_AT_ONCE = 500
"""Held in memory at a time, whatever the size of the file."""


class Reading:
    """A delivery on its way in. Methods block: made, used and closed in one thread, beside the event loop."""

    def __init__(
        self,
        file: BinaryIO,
        *,
        kind: DeliveryKind,
        secrets: Secrets,
        today: date,
        namespaces: Sequence[str],
        institution: str | None = None,
    ) -> None:
        """Read the head; raises DocumentError or DeliveryRefusedError, as all methods do."""
        self._file = file
        hash_key = secrets.mac("cpr_index", "roster rows")  # no CPR number has eleven characters: a use of its own
        self._document = open_document(
            file, kind=kind, hash_key=hash_key, today=today, namespaces=namespaces, institution=institution
        )
        self.known = KnownHashes(b"")
        self._chunks = self._document.rows(PERSONS_AT_ONCE, is_known=self._is_known)
        self.kind = self._document.kind
        self.tells_protection = self._document.tells_protection
        self.header = self._document.header
        self.groups = self._document.groups
        self._stager = Stager(secrets.cpr_vault(), place=f"{self.header.institution_number}:{self.header.source}")
        self._named: set[str] = set()
        self._hide: list[tuple[str | None, Hidden]] = []
        self.findings: list[Finding] = list(self._document.group_findings)
        self.finding_count = len(self.findings)
        self.refused = 0
        self.somebody_unidentified = False
        self.fingerprint = b""
        self.garbled = 0  # people with text that went through the wrong encoding
        self.leavers: dict[str, int] = {}  # local ids that a delete document names, and their lines

    @property
    def place(self) -> int:
        """How far into the file, in bytes."""
        return self._file.tell()

    def _is_known(self, raw_hash: bytes) -> bool:
        return self.known.see(raw_hash)  # not bound once: what is known comes after the head was read

    def skim(self) -> bytes:
        """Go through the whole delivery without reading anybody; return its fingerprint."""
        for _ in self._document.rows(PERSONS_AT_ONCE, is_known=lambda _: True):
            pass
        return self._document.finish()

    def also_known(self, groups: Iterable[GroupRow]) -> None:
        """Let a document that does not repeat its groups name those its source declared before."""
        self._document.also_known(groups)

    def custody_by_role(self, roles: frozenset[str]) -> None:
        """Let roles mean custody where the document says nothing of it, as its institution has said."""
        self._document.custody_by_role(roles)

    def next_batch(self) -> Batch | None:
        """Read on; return what changed among some hundred persons, or None at the end."""
        rows = next(self._chunks, None)
        if rows is None:
            return None
        for row in rows:
            self._note(row)
        return Batch() if self.kind is DeliveryKind.DELETE else self._stager.stage(rows)

    def _note(self, row: ReadRow) -> None:
        for finding in row.findings:
            self.add(finding)
        self._hide += [(row.local_person_id if one.own else None, one) for one in row.protect]
        self.garbled += any(finding.code == Found.TWICE_ENCODED.value for finding in row.findings)
        leaves = row.leaves or (row.row is None and self.kind is DeliveryKind.DELETE)
        if leaves and row.local_person_id is not None:
            self.leavers.setdefault(row.local_person_id, row.line)
        elif row.row is None:
            self.refused += 1
            self.somebody_unidentified |= row.local_person_id is None
        else:
            self._count_groups(row.row.groups, line=row.line)

    def _count_groups(self, groups: Iterable[str], *, line: int) -> None:
        """Refuse a file that names more groups than there can be: each is made, while all other schools wait."""
        self._named.update(groups)
        if len(self._named) > MOST_GROUPS:
            raise TooLargeError("more groups than a school may have", line=line)

    def add(self, finding: Finding) -> None:
        """Count a finding, and keep it as long as there is room."""
        self.finding_count += 1
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(finding)

    def refuse(self, finding: Finding) -> None:
        """Add a finding that refuses a row which had been read well."""
        self.refused += finding.severity is Severity.REFUSED
        self.add(finding)

    def finish(self) -> None:
        """Prove that the delivery is whole, and take its fingerprint."""
        self.fingerprint = self._document.finish()

    def to_hide(self) -> list[NotLoaded]:
        """Return the protected people who could not be loaded, by all that they may be known by."""
        found = []
        for local_id, (keys, _, *names) in dict.fromkeys(self._hide):
            found += [NotLoaded(self._stager.index(key), None, *names) for key in keys]
            found += [NotLoaded(None, local_id, *names)] if local_id is not None else []
        return found

    def close(self) -> None:
        """Let go of the parsed document in the thread that parsed it."""
        del self._chunks, self._document
