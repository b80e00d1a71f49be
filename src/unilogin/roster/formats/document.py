"""What every format gives the engine: a document that is read from front to back, a few hundred people at a time."""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from unilogin.roster.model import DeliveryKind, Finding, GroupRow, Header, ReadRow

IsKnown = Callable[[bytes], bool]
"""Tells whether a row was read before, by its keyed hash of ``HASH_BYTES``, and remembers that it came."""

HASH_BYTES = 16


class Document(Protocol):
    """One delivery on its way in: made with its head read, then ``rows`` to their end, then ``finish``.

    Everything raises DeliveryRefusedError or kit.xml's DocumentError for a file that is refused as a whole. All of it
    blocks and is called in one thread.
    """

    kind: DeliveryKind
    header: Header
    groups: tuple[GroupRow, ...]
    group_findings: tuple[Finding, ...]
    tells_protection: bool  # False: it says of nobody whether they are protected, and ends no protection by that

    def also_known(self, groups: Iterable[GroupRow]) -> None:
        """Tell of groups that earlier deliveries of the source declared and this one need not: before ``rows``."""

    def custody_by_role(self, roles: frozenset[str]) -> None:
        """Let contact persons of these roles have custody, in formats that say nothing of it: before ``rows``."""

    def rows(self, at_once: int, *, is_known: IsKnown) -> Iterator[list[ReadRow]]:
        """Read the people, at most so many of them at a time; those that are known are not read.

        A document that names who leaves (DELETE) gives rows without a person, by their local ids.
        """

    def finish(self) -> bytes:
        """Prove that the document is whole, after ``rows``; return the fingerprint of everything it says."""
