"""The numbers of throttling, and the decisions made from them. Every number there is stands in this file.

An institution may get numbers of its own one day; until then these are everybody's. R1 … R16 are the rules of
docs/throttling.md. The sum of an account's caps is at most 100: after so many wrong guesses in a row an authenticator
must be closed until its owner is proved anew (NIST SP 800-63B-4, 3.2.2).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from unilogin.domain.limits.model import FIRST_DEVICE, Circumstances, Kind, Place, Reserved


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many wrong guesses one bucket takes.

    ``waits[n]`` are the seconds between the n-th wrong guess in a row and the next; after ``len(waits)`` of them the
    bucket is closed. The wait becomes less by one step each hour, the count does not. ``a_day`` bounds the guesses of
    a day even when the owner's successes begin the row anew.
    """

    waits: tuple[float, ...]
    a_day: int

    @property
    def cap(self) -> int:
        """How many in a row close the bucket."""
        return len(self.waits)


LONGEST_WAIT = 15 * 60
FREE_OF_WAIT = 5
NO_BUDGET = 10_000


def _doubling(cap: int, *, a_day: int = NO_BUDGET) -> Allowance:
    """R2, R3: the first five without a wait, then 1, 2, 4 … seconds, at most a quarter of an hour."""
    waits = [0.0 if n < FREE_OF_WAIT else min(2.0 ** (n - FREE_OF_WAIT), LONGEST_WAIT) for n in range(cap)]
    return Allowance(tuple(waits), a_day)


_ON_A_DEVICE = (0.0, 0.0, 0.0, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)  # R1

# For pictures the day counts too: one school day of an attacker who has everything (a browser each child trusts, all
# children signing in all day) stays below one opened account in twenty schools of 200 children (RT-11).
_ALLOWANCES: dict[Kind, tuple[Allowance, Allowance, Allowance]] = {  # elsewhere, home, each device
    Kind.TYPED: (_doubling(25), _doubling(25), Allowance(_ON_A_DEVICE, NO_BUDGET)),  # R3, R2, R1
    Kind.PICTURES: (_doubling(5, a_day=5), _doubling(10, a_day=10), Allowance(_ON_A_DEVICE[:5], 8)),  # R5
}
_DEVICES = {Kind.TYPED: 5, Kind.PICTURES: 3}

TRUST_DAYS = 180
"""A device is trusted as long after the account's last success there."""


def allowance(kind: Kind, place: Place) -> Allowance:
    """Return what the bucket of a place takes."""
    return _ALLOWANCES[kind][min(place, FIRST_DEVICE)]


def last_device(kind: Kind) -> Place:
    """Return the last of an account's buckets for trusted devices: there are never more."""
    return Place(FIRST_DEVICE + _DEVICES[kind] - 1)


def trusted_slot(circumstances: Circumstances, kind: Kind) -> Place | None:
    """Return the device's own bucket; None when the account does not trust it, or no longer does (R1)."""
    slot = circumstances.slot
    if slot is None or slot > last_device(kind) or circumstances.slot_failures >= allowance(kind, slot).cap:
        return None
    return slot


def is_home(site: Iterable[UUID], own: Iterable[UUID], *, decoy: bool) -> bool:
    """Tell whether a site is the account's own school.

    ``decoy`` decides for a name that is nobody's, by a keyed hash of name and site: so how early a bucket closes does
    not tell that a name is somebody's.
    """
    here, there = set(site), set(own)
    return bool(here) and (bool(here & there) if there else decoy)


# R6: one browser over many accounts. Class tablets stay usable, because successes keep the ratio.
WINDOW_SECONDS = 10 * 60
ACCOUNTS_OF_A_DEVICE = 8
FAILURES_TO_A_SUCCESS = 3
PAUSE_SECONDS = 5 * 60

# R7: an address that belongs to no school: 30 at once, 60 in ten minutes.
NET_BURST = 30
NET_REFILL_A_SECOND = 60 / WINDOW_SECONDS
NET_MOST = NET_BURST + 60
"""So that ten minutes of peace always end the slowing."""

# R7, R8: where attempts are slowed, every browser gets a turn in two seconds. A browser, not the whole address: in one
# line for all, a single joker could stand in front of six hundred pupils.
TURN_SECONDS = 2.0
LONGEST_TURN = 10.0

# R8: a school is slowed and reported, never blocked.
SITE_FAILURES, SITE_FAILURES_A_PUPIL = 60, 0.5
SITE_UNKNOWN, SITE_UNKNOWN_A_PUPIL = 30, 0.1
SITE_DAY_FAILURES, SITE_DAY_FAILURES_A_PUPIL = 200, 2.0
"""Who stays just under the ten minutes' budget is seen by the day's."""


# R9: one secret over many accounts.
SPRAY_AT_A_SITE = 10
SPRAY_ANYWHERE = 30
SPRAY_REFUSED_SECONDS = 3600

# R12: wrong check codes for windows, from one address. All of a school's classes may share theirs.
CHECKS_A_NET, CHECKS_A_SCHOOL = 20, 100
CHECK_SECONDS = 600

# R13: a service's client that fails to prove itself.
CLIENT_FAILURES = 10
CLIENT_WINDOW_SECONDS = 60

# R15: no answer to a wrong secret is given sooner than this after its question, and no page of a name sooner than that.
ANSWER_SECONDS = 0.25
PAGE_SECONDS = 0.03

MANY_FAILURES = {Kind.TYPED: 5, Kind.PICTURES: 4}
"""Wrong ones in a row from unknown devices, after which the owner is told when one from there is right (N-10)."""


def is_worth_telling(kind: Kind, reserved: Reserved) -> bool:
    """Tell whether the owner should know that this attempt succeeded: on an unknown device, after many wrong ones."""
    return not reserved.trusted and reserved.wrong_before >= MANY_FAILURES[kind]


# How long a row that decides nothing any more is kept.
KEEP_UNKNOWN_DAYS = 400
KEEP_ONE_SLIP_DAYS = 30
KEEP_DAYS = 2
SLIP = 3

DECOY_TOLERANCE = 0.05
"""Unknown names change their page only when the true share has moved by more than this: a stable decoy (B-L03)."""
