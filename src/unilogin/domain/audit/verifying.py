"""Checking the chain against the log: streaming, in memory that does not grow, naming the first thing that is wrong.

What a database cannot tell by itself is whether its newest links were cut off together with their rows. For that the
check takes what was copied elsewhere before: an export, or the log lines of the sequencer.
"""

import hmac
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from heapq import merge
from typing import Literal

from unilogin.domain.audit.model import Anchor, Link
from unilogin.domain.audit.queries import Tail, anchors, events_between, link_hashes, links, tail
from unilogin.domain.audit.rules import GENESIS, anchor_hash, claim_hash, first_difference, unpack
from unilogin.domain.audit.sealing import anchor_mac, link_mac
from unilogin.kit.db.connection import Connection
from unilogin.kit.secrets import Secrets

Kind = Literal["deleted", "inserted", "changed", "link", "head", "tail", "anchor"]
_LOWEST = -(2**63)


@dataclass(frozen=True, slots=True)
class Copied:
    """Number and hash of a link as it was copied outside the database."""

    number: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Fault:
    """The first thing that is wrong: ``sequence`` is the first row it touches, ``link`` the link that held it."""

    kind: Kind
    sentence: str
    sequence: int | None = None
    link: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was checked, what still waits to be sealed, and the first fault if there is one."""

    links: int
    events: int
    last_hash: bytes
    dropped: tuple[date, ...]
    waiting: Tail
    fault: Fault | None


async def verify(
    connection: Connection,
    secrets: Secrets,
    *,
    copied: Iterable[Copied] = (),
    told: Callable[[int], None] = lambda events: None,
) -> Verdict:
    """Check the whole log; ``copied`` comes in order, ``told`` hears how many rows are done.

    Runs beside writers and needs no transaction: what is sealed does not change.
    """
    dropped = await anchors(connection)
    check = _Check(connection, secrets, dropped, iter(copied))
    fault = await check.anchors_fault()
    async for group in _ranges(links(connection)):
        fault = fault or await check.range_fault(group)
        if fault:
            break
        told(check.events)
    fault = fault or check.tail_fault()
    return Verdict(check.number, check.events, check.last_hash, tuple(dropped), await tail(connection), fault)


async def _ranges(found: AsyncIterator[Link]) -> AsyncIterator[list[Link]]:
    """Yield the links that share a range of numbers together: around midnight of a new month there are two."""
    group: list[Link] = []
    async for link in found:
        if group and _range(group[0]) != _range(link):
            yield group
            group = []
        group.append(link)
    if group:
        yield group


def _range(link: Link) -> tuple[int, int]:
    return link.claim.after, link.claim.upto


class _Check:
    """Walks along the chain; remembers the last good link and nothing else."""

    def __init__(
        self, connection: Connection, secrets: Secrets, dropped: Mapping[date, Anchor], copied: Iterator[Copied]
    ) -> None:
        self._connection = connection
        self._secrets = secrets
        self._dropped = dropped
        self._copied = copied
        self._copy = next(copied, None)
        self.number = 0
        self.events = 0
        self.last_hash = GENESIS
        self._upto = 0

    async def anchors_fault(self) -> Fault | None:
        """Every dropped month is declared by somebody who had the key, for just the links that are there."""
        for month, anchor in self._dropped.items():
            hashes = await link_hashes(self._connection, month)
            expected = anchor_hash(month, anchor.dropped_at, actor=anchor.actor, events=anchor.events, links=hashes)
            sealed = hmac.compare_digest(anchor.mac, anchor_mac(self._secrets, anchor.hash))
            if anchor.hash != expected or anchor.links != len(hashes) or not sealed:
                return Fault("anchor", f"the anchor of {month:%Y-%m} was forged, or links of that month were changed")
        return None

    async def range_fault(self, group: list[Link]) -> Fault | None:
        """Check the links of one range, then its rows."""
        for link in group:
            if fault := self._link_fault(link, first=link is group[0]):
                return fault
            self.number, self.last_hash = link.claim.number, link.hash
        if fault := await self._rows_fault(group):
            return fault
        self._upto = group[0].claim.upto
        self.events += sum(link.claim.events for link in group)
        return None

    def tail_fault(self) -> Fault | None:
        """Nothing that was copied elsewhere is missing at the end."""
        if self._copy is None:
            return None
        sentence = f"the log ends with link {self.number}, the copy knows link {self._copy.number}: the end was cut off"
        return Fault("tail", sentence, self._upto + 1, self._copy.number)

    def _link_fault(self, link: Link, *, first: bool) -> Fault | None:
        claim, number = link.claim, self.number + 1
        begin = self._upto + 1
        if claim.number != number:
            kind: Kind = "link" if self.number else "head"
            missing = f"link {number} is missing" if self.number else "the chain does not begin with link 1"
            return Fault(kind, f"{missing}: nothing seals the rows from {begin} to {claim.after}", begin, number)
        held = f"link {number}, which holds rows {claim.after + 1} to {claim.upto},"
        if claim.previous != self.last_hash or (first and claim.after != self._upto):
            return Fault("link", f"{held} does not follow the link before it", begin, number)
        if claim_hash(claim) != link.hash:
            return Fault("link", f"{held} was changed", begin, number)
        if not hmac.compare_digest(link.mac, link_mac(self._secrets, link.hash)):
            return Fault("link", f"{held} was written by somebody without the key", begin, number)
        if not self._matches_copy(link):
            return Fault("link", f"{held} is not the one in the copy: the log was written anew", begin, number)
        emptied = link.rows is None and claim.month in self._dropped
        if not emptied and (link.rows is None or sha256(link.rows).digest() != claim.rows_hash):
            return Fault("link", f"{held} has lost or changed what it keeps of its rows", begin, number)
        return None

    def _matches_copy(self, link: Link) -> bool:
        while self._copy and self._copy.number < link.claim.number:
            self._copy = next(self._copied, None)
        if self._copy and self._copy.number == link.claim.number:
            fits = self._copy.hash == link.hash
            self._copy = next(self._copied, None)
            return fits
        return True

    async def _rows_fault(self, group: list[Link]) -> Fault | None:
        kept = [link for link in group if link.rows is not None]
        most = sum(link.claim.events for link in kept) + 1  # one more than there should be shows that one was inserted
        after = group[0].claim.after if self._upto else _LOWEST
        standing = await events_between(self._connection, after=after, upto=group[0].claim.upto, most=most)
        sealed = merge(*(unpack(link.rows or b"") for link in kept), key=lambda row: row.sequence)
        found = first_difference(sealed, standing)
        if found is None:
            return None
        what = {
            "deleted": "was deleted",
            "inserted": "was put in where all rows were sealed already",
            "changed": "is not as it was when it was sealed",
        }
        return Fault(found.kind, f"row {found.sequence} {what[found.kind]}", found.sequence, group[0].claim.number)
