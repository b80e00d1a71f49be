"""What a signed message says, and what became of a delivery."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

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
    document: bytes
    """The roster as it was signed (canonical XML); empty for an operation without one."""


@dataclass(frozen=True, slots=True)
class Call:
    """A message that its sender sent a moment ago, for the first time."""

    message: Message
    sender: Sender
    numbers: tuple[str, ...]
    """The institutions it has an agreement with."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What the engine answered: the receipt as JSON, and the words of it that decide how we answer."""

    receipt: bytes
    status: str
    repeated: bool
    summary: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class NotAgreed:
    """The file was for an institution that its sender has no agreement with; nothing of it was read further."""

    number: str
