"""What a signed message says, and what became of a delivery."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import IO

import msgspec

from unilogin.roster.model import DeliveryKind
from unilogin.roster.senders.model import Sender


class Operation(StrEnum):
    """What one may ask of wsaIMPORT 8, by the name of its element."""

    HELLO = "helloWorldWithCertificate"
    AGREEMENTS = "hentDataAftaler"
    FULL = "importerXml"
    DELTA = "importerDeltaXml"
    DELETE = "importerSletXml"


DELIVERIES: Mapping[Operation, DeliveryKind] = {
    Operation.FULL: DeliveryKind.FULL,
    Operation.DELTA: DeliveryKind.DELTA,
    Operation.DELETE: DeliveryKind.DELETE,
}


@dataclass(frozen=True, slots=True)
class Message:
    """A message whose signature fits the certificate that came with it. Everything in it stands in signed parts.

    That the certificate is the system's own is another question, asked of the database.
    """

    operation: Operation
    namespace: str
    message_id: str
    system_id: str
    fingerprint: bytes
    created: datetime
    expires: datetime


@dataclass(frozen=True, slots=True)
class Call:
    """A message that its sender sent a moment ago, for the first time."""

    message: Message
    sender: Sender
    numbers: tuple[str, ...]
    """The institutions it has an agreement with."""
    document: IO[bytes]
    """The roster as it was signed (canonical XML), or nothing. Whoever has the call closes it."""
    ends: datetime | None
    """When the certificate ends, if that is soon."""


class Held(msgspec.Struct, frozen=True):
    """A limit that parked a delivery, in words."""

    why: dict[str, str]


class Told(msgspec.Struct, frozen=True):
    """What of a receipt decides how we answer."""

    status: str
    state: str
    repeated: bool
    counts: dict[str, int]
    finding_count: int
    held_by: list[Held] = []
    why: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Taken:
    """What the engine answered: the whole receipt as it is sent on, and what of it we read."""

    receipt: Mapping[str, object]
    told: Told


@dataclass(frozen=True, slots=True)
class NotAgreed:
    """The file was for an institution that its sender has no agreement with; nothing of it was read further."""

    number: str
