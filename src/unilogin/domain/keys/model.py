"""A signing key and where it is in its life."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from unilogin.kit.jose import Algorithm, SigningKey


class KeyState(StrEnum):
    """Created and published → signing → retired (still published) → removed."""

    PUBLISHED = "published"
    SIGNING = "signing"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What a list of keys shows: nothing secret."""

    kid: str
    purpose: str
    algorithm: Algorithm
    published_at: datetime
    signs_from: datetime
    retires_at: datetime | None
    removed_at: datetime | None
    state: KeyState


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys of one purpose at a moment: the one that signs, and the public halves that are published."""

    signing: SigningKey
    published: tuple[dict[str, object], ...]
