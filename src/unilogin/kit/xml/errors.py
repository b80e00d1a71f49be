"""Why a document or an archive is refused as a whole. Codes are stable; a room translates them into sentences."""

from typing import ClassVar

from unilogin.kit.errors import UniloginError


class DocumentError(UniloginError):
    """The root of them all. ``line`` counts from 1 in the unpacked document; None where a line makes no sense."""

    code: ClassVar[str] = "document"

    def __init__(self, reason: str, *, line: int | None = None) -> None:
        super().__init__(reason if line is None else f"line {line}: {reason}")
        self.line = line


class EmptyDocumentError(DocumentError):
    """No bytes, or nothing but white space and a byte order mark."""

    code = "empty"


class NotUtf8Error(DocumentError):
    """Another encoding is declared, or the bytes are not UTF-8. Nobody guesses (B-S05, B-R08)."""

    code = "not_utf8"


class DoctypeError(DocumentError):
    """A document type declaration: the door to entities, bombs and files of ours (B-S01 to B-S03)."""

    code = "doctype"


class MalformedError(DocumentError):
    """Not well-formed XML."""

    code = "malformed"


class CutOffError(DocumentError):
    """The document stops before its root element ends (F-27)."""

    code = "cut_off"


class TooLargeError(DocumentError):
    """More bytes, records, depth or attributes than the limits allow."""

    code = "too_large"


class ArchiveError(DocumentError):
    """A gzip or zip file that is damaged: cut, wrong checksum, not what its table of contents says."""

    code = "archive_damaged"


class ArchiveBombError(ArchiveError):
    """Unpacks to far more than its size can explain (B-R04)."""

    code = "archive_bomb"


class ArchiveEncryptedError(ArchiveError):
    """Needs a password."""

    code = "archive_encrypted"


class ArchiveContentError(ArchiveError):
    """Holds no file, several files, another archive, a link or a path that leads out of a folder."""

    code = "archive_content"
