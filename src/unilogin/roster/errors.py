"""Why a whole delivery is refused."""

from collections.abc import Mapping

from unilogin.kit.errors import UniloginError
from unilogin.kit.xml.errors import DocumentError


class DeliveryRefusedError(UniloginError):
    """Nothing of the delivery was loaded. ``reason`` names the sentence ``roster.refused.<reason>``."""

    code = "delivery_refused"

    def __init__(self, reason: str, *, line: int | None = None, **fields: str | int) -> None:
        super().__init__(reason if line is None else f"line {line}: {reason}")
        self.reason = reason
        self.line = line
        self.fields: Mapping[str, str | int] = fields | ({"line": line} if line is not None else {})
        self.number = ""
        self.source = ""

    def of(self, *, number: str, source: str) -> "DeliveryRefusedError":
        """Say for which institution and from which system the file is, as far as it could be read."""
        self.number, self.source = number, source
        return self

    @classmethod
    def of_document(cls, error: DocumentError) -> "DeliveryRefusedError":
        """Return the refusal of a file that is not even a document."""
        return cls(f"file_{error.code}", line=error.line or 1)
