"""A circuit breaker: who does not answer is not asked again at once. Pure: the time comes in as an argument.

Closed: everybody may ask. Open: nobody, for a few seconds. Half open: one may try, and what becomes of it decides.
"""

from dataclasses import dataclass
from typing import Final

FAILURES: Final = 3
"""How many in a row open it: of those who ask at the same time, that is within the time one call may take (F-22)."""

OPEN_SECONDS: Final = 5.0
"""How long it stays open before one may try again."""


@dataclass(slots=True)
class Breaker:
    """The state of one other side, as one worker sees it."""

    failures: int = 0
    opened_at: float | None = None
    probing_since: float | None = None

    def may_ask(self, now: float) -> bool:
        """Tell whether somebody may ask now; the first after a while is the probe, and all others wait for it."""
        if self.opened_at is None:
            return True
        if now - self.opened_at < OPEN_SECONDS:
            return False
        if self.probing_since is not None and now - self.probing_since < 2 * OPEN_SECONDS:
            return False
        self.probing_since = now
        return True

    @property
    def is_open(self) -> bool:
        """Whether the other side is taken for gone."""
        return self.opened_at is not None

    def answered(self) -> None:
        """Note that it answered."""
        self.failures, self.opened_at, self.probing_since = 0, None, None

    def failed(self, now: float) -> bool:
        """Note that it did not; return whether this opened the breaker."""
        self.failures += 1
        if self.opened_at is None and self.failures < FAILURES:
            return False
        was_closed = self.opened_at is None
        self.opened_at, self.probing_since = now, None
        return was_closed
