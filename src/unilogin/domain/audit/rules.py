"""How the log is sealed: the bytes a row, a link and an anchor are hashed over, and how two lists of rows differ.

The form can be recomputed without this program: SHA-256 over a JSON array in UTF-8 without spaces, times as
microseconds since 1970, bytes in hexadecimal, ``detail`` as the SHA-256 of its text. So the chain covers pseudonymous
ids and a hash of the payload, and stays whole when a payload has to go (K-33).
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Literal

import msgspec

from unilogin.domain.audit.model import Actor, Claim, Written

ROWS_IN_LINK = 1000
GENESIS = bytes(32)
"""What the first link names as the hash before it."""

_NUMBER_BYTES = 8
_ENTRY_BYTES = _NUMBER_BYTES + 32
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Sealed:
    """A row as a link remembers it."""

    sequence: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Difference:
    """The first row that is not what was sealed."""

    kind: Literal["deleted", "inserted", "changed"]
    sequence: int


def row_hash(row: Written) -> bytes:
    """Return the hash of one row."""
    form = (
        "unilogin audit event 1",
        row.sequence,
        _microseconds(row.at),
        row.action,
        row.outcome,
        row.actor_kind,
        row.actor_id,
        row.account_id,
        row.institution_id,
        row.about,
        row.request_id,
        hashlib.sha256(row.detail.encode()).hexdigest(),
    )
    return hashlib.sha256(_encode(form)).digest()


def claim_hash(claim: Claim) -> bytes:
    """Return the hash of a link."""
    form = (
        "unilogin audit link 1",
        claim.number,
        _microseconds(claim.made_at),
        claim.month,
        claim.after,
        claim.upto,
        claim.events,
        claim.rows_hash.hex(),
        claim.previous.hex(),
    )
    return hashlib.sha256(_encode(form)).digest()


def anchor_hash(month: date, dropped_at: datetime, *, actor: Actor, events: int, links: Sequence[bytes]) -> bytes:
    """Return the hash of an anchor over the hashes of the month's links, in order."""
    chained = hashlib.sha256(b"".join(links)).hexdigest()
    moment = _microseconds(dropped_at)
    form = ("unilogin audit anchor 1", month, moment, actor.kind, actor.id, len(links), events, chained)
    return hashlib.sha256(_encode(form)).digest()


def pack(rows: Iterable[Sealed]) -> bytes:
    """Return what a link keeps of its rows."""
    return b"".join(row.sequence.to_bytes(_NUMBER_BYTES, "big", signed=True) + row.hash for row in rows)


def unpack(packed: bytes) -> Iterator[Sealed]:
    """Yield what a link keeps of its rows; leftover bytes are ignored: ``rows_hash`` has told already."""
    for start in range(0, len(packed) - _ENTRY_BYTES + 1, _ENTRY_BYTES):
        middle = start + _NUMBER_BYTES
        number = int.from_bytes(packed[start:middle], "big", signed=True)
        yield Sealed(number, packed[middle : start + _ENTRY_BYTES])


def month_of(at: datetime) -> date:
    """Return the first day of the month, in UTC, that a time lies in."""
    return at.astimezone(UTC).date().replace(day=1)


def by_month(rows: Iterable[Written]) -> Iterator[tuple[date, list[Written]]]:
    """Yield the rows of each month, months and rows in order."""
    ordered = sorted(rows, key=lambda row: (month_of(row.at), row.sequence))
    for month, group in groupby(ordered, key=lambda row: month_of(row.at)):
        yield month, list(group)


def first_difference(sealed: Iterable[Sealed], standing: Iterable[Written]) -> Difference | None:
    """Compare what was sealed with what stands there, both in order of their numbers; return the first difference."""
    rows = iter(standing)
    row = next(rows, None)
    for was in sealed:
        if row is None or row.sequence > was.sequence:
            return Difference("deleted", was.sequence)
        if row.sequence < was.sequence:
            return Difference("inserted", row.sequence)
        if row_hash(row) != was.hash:
            return Difference("changed", was.sequence)
        row = next(rows, None)
    return Difference("inserted", row.sequence) if row else None


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND
