"""Which rows of the last delivery come again: 24 bytes for each, whatever the size of the school."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable

from unilogin.roster.formats.document import HASH_BYTES


class KnownHashes:
    """Sorted hashes, and for each whether it was seen in the delivery at hand."""

    def __init__(self, hashes: bytes) -> None:
        self._hashes = hashes
        halves = array("Q", hashes)
        halves.byteswap()  # big-endian, so that numbers sort as the bytes do
        self._starts = halves[::2]
        self._seen = bytearray(len(self._starts))

    def see(self, raw_hash: bytes) -> bool:
        """Tell whether a row is known, and remember that it came."""
        start = int.from_bytes(raw_hash[:8], "big")
        place = bisect_left(self._starts, start)
        while place < len(self._starts) and self._starts[place] == start:
            if self._hashes[place * HASH_BYTES : (place + 1) * HASH_BYTES] == raw_hash:
                self._seen[place] = 1
                return True
            place += 1
        return False

    @property
    def seen(self) -> int:
        """How many of them came."""
        return self._seen.count(1)

    def unseen(self) -> Iterable[bytes]:
        """Return those that did not come."""
        place = self._seen.find(0)
        while place >= 0:
            yield self._hashes[place * HASH_BYTES : (place + 1) * HASH_BYTES]
            place = self._seen.find(0, place + 1)
