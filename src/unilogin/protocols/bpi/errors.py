"""Why a message is not taken. A fault says what is wrong and what to do, in both languages, and never whom we know."""

from enum import StrEnum
from typing import ClassVar

from unilogin.kit.errors import UniloginError


class FaultType(StrEnum):
    """The ``type`` of an authentificationError, spelled as the service spells them."""

    SIGNATURE = "Signatur"
    UNSIGNED = "SignaturMangler"
    SYSTEM = "UdbydersytemIdMangler"
    RIGHTS = "Rettigheder"


COME_AGAIN = (429, 503)
"""Statuses after which the same may succeed in a minute."""


class FaultError(UniloginError):
    """A SOAP fault; ``bpi.fault.<code>`` is its sentence, ``fields`` go into it."""

    code = "fault"
    status: ClassVar[int] = 400
    soap_code: ClassVar[str] = "Sender"
    kind: ClassVar[FaultType | None] = None

    def __init__(self, **fields: str | int) -> None:
        super().__init__(", ".join(f"{name}: {value}" for name, value in fields.items()))
        self.fields = fields
        self.answers: str | None = None
        """The MessageID of what is answered, once it was read."""


class MediaError(FaultError):
    """Not SOAP 1.2 by its content type."""

    code = "media"
    status = 415


class OversizeError(FaultError):
    """More bytes than a message may have."""

    code = "oversize"
    status = 413


class UploadOversizeError(FaultError):
    """More bytes than a file may have that is sent by HTTPS."""

    code = "upload_oversize"
    status = 413


class FormError(FaultError):
    """A file sent as a field of a form, which is not the file."""

    code = "form"
    status = 415


class SlowError(FaultError):
    """The message does not come to its end."""

    code = "slow"
    status = 408


class VersionError(FaultError):
    """SOAP 1.1."""

    code = "version"
    status = 500
    soap_code = "VersionMismatch"


class UnderstandError(FaultError):
    """A header that must be understood, and is not."""

    code = "understand"
    status = 500
    soap_code = "MustUnderstand"


class DocumentFaultError(FaultError):
    """Not a document: cut off, not UTF-8, with a document type."""

    code = "document"


class StructureError(FaultError):
    """An element is missing, there twice, or in the wrong place."""

    code = "structure"


class OperationError(FaultError):
    """The body asks for something that there is not."""

    code = "operation"


class RosterMissingError(FaultError):
    """An import without exactly one document in ``instXML``."""

    code = "roster_missing"


class AddressError(FaultError):
    """The message was meant for another service."""

    code = "address"


class ActionError(FaultError):
    """wsa:Action names another operation than the body."""

    code = "action"


class TimestampError(FaultError):
    """The Timestamp does not hold two times with a zone."""

    code = "timestamp"
    kind = FaultType.SIGNATURE


class UnsignedError(FaultError):
    """A part that must be signed is not, or is not there."""

    code = "unsigned"
    kind = FaultType.UNSIGNED


class SignatureFaultError(FaultError):
    """The signature does not hold."""

    code = "signature"
    kind = FaultType.SIGNATURE


class CertificateFaultError(FaultError):
    """The certificate is not one that is registered for this system now. Unknown systems hear the same."""

    code = "certificate"
    kind = FaultType.SIGNATURE


class OutdatedError(FaultError):
    """The Timestamp is not of now."""

    code = "outdated"
    kind = FaultType.SIGNATURE


class ReplayedError(FaultError):
    """The same message has come before."""

    code = "replayed"
    kind = FaultType.SIGNATURE


class SystemMissingError(FaultError):
    """No UdbydersystemId."""

    code = "system"
    kind = FaultType.SYSTEM


class RightsError(FaultError):
    """No agreement with this institution."""

    code = "rights"
    kind = FaultType.RIGHTS


class TokenError(FaultError):
    """No token, or one that does not work."""

    code = "token"
    status = 401


class NotAgreedFaultError(FaultError):
    """An upload for an institution that the token is not for; one that does not exist sounds the same."""

    code = "not_agreed"
    status = 403


class UnknownDeliveryError(FaultError):
    """Asked for a delivery that is not there for this token; whether it is there for another one is not told."""

    code = "unknown_delivery"
    status = 404


class KindError(FaultError):
    """``kind`` is none of the three."""

    code = "kind"


class TooManyDeliveriesError(FaultError):
    """More deliveries than a school can have in an hour."""

    code = "too_many_deliveries"
    status = 429


class TooManyError(FaultError):
    """Too many failures from one address."""

    code = "too_many"
    status = 429


class BusyError(FaultError):
    """Nothing was decided: come again."""

    code = "busy"
    status = 503
    soap_code = "Receiver"


class BrokenError(FaultError):
    """A fault of ours."""

    code = "broken"
    status = 500
    soap_code = "Receiver"
