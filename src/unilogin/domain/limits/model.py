"""What throttling knows of an attempt, and what it may answer."""

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import NewType
from uuid import UUID

Address = IPv4Address | IPv6Address
Net = IPv4Network | IPv6Network

AccountKey = NewType("AccountKey", bytes)
"""Keyed hash of a folded username: known and unknown names are counted alike (K-25)."""

DeviceKey = NewType("DeviceKey", bytes)
"""Keyed hash of a browser's cookie."""

Place = NewType("Place", int)
"""Which bucket of an account: ELSEWHERE, HOME, or FIRST_DEVICE and up for its trusted devices."""

ELSEWHERE = Place(0)
HOME = Place(1)
FIRST_DEVICE = Place(2)


class Kind(StrEnum):
    """What is guessed: a picture code has 160 000 possibilities, a typed secret many more."""

    TYPED = "typed"
    PICTURES = "pictures"


@dataclass(frozen=True, slots=True)
class Site:
    """A registered range of addresses, and the institutions behind it."""

    range: Net
    institutions: frozenset[UUID]
    slowed: bool


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known when somebody knocks, read before anything is decided, for known and unknown names alike."""

    hour: int
    """Hours since 1970 by the database's clock: names the key of the hour."""
    slot: Place | None
    """The bucket of this device for this account; None when it was never trusted, or too long ago."""
    slot_failures: int
    site: Site | None
    net_slowed: bool
    paused_seconds: float
    pictures_share: float


@dataclass(frozen=True, slots=True)
class Prints:
    """Keyed hashes of one attempt. None opens anything, none can be compared over accounts and hours but ``spray``."""

    again: bytes
    """Of account and secret: the same wrong secret again counts once (R10)."""
    spray: bytes
    """Of the secret alone, under the key of this hour (R9)."""
    earlier_spray: bytes
    """The same under the key of the hour before, because a refusal may have begun in it."""
    tag: bytes
    """Of site and account: who the secret was tried on."""


@dataclass(frozen=True, slots=True)
class Guess:
    """One attempt to prove who one is by a secret."""

    account_key: AccountKey
    account_id: UUID | None
    kind: Kind
    device: DeviceKey
    net: Net
    site: Site | None
    place: Place
    """HOME or ELSEWHERE: the bucket for a device that is not trusted."""
    prints: Prints


@dataclass(frozen=True, slots=True)
class Reserved:
    """The attempt may be made. It counts as failed until it succeeds; ``counted`` is False for a repeated secret."""

    place: Place
    counted: bool
    closing: str | None
    """When it was the last one: "for good" or "for today"."""
    wrong_before: int
    """How many were wrong in a row from this kind of place before."""

    @property
    def trusted(self) -> bool:
        """Whether it comes from a device that the account trusts."""
        return self.place >= FIRST_DEVICE


@dataclass(frozen=True, slots=True)
class Waiting:
    """Not now: the attempt was not looked at and not counted."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Closed:
    """No more attempts from here: the attempt was not looked at."""


@dataclass(frozen=True, slots=True)
class Sprayed:
    """This secret was tried on many accounts: it is taken as wrong without hashing (R9)."""


@dataclass(frozen=True, slots=True)
class Crowded:
    """This secret is being tried on many accounts in this very moment: come back in a few seconds, nothing counted."""


Answer = Reserved | Waiting | Closed | Sprayed | Crowded


@dataclass(frozen=True, slots=True)
class RegisteredRange:
    """A line of the list of schools' addresses."""

    range: Net
    institution_id: UUID
    slowed: bool
    day_failures: int
