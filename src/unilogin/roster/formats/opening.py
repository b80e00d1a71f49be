"""Which format a file is in, and the document that reads it."""

from collections.abc import Sequence
from datetime import date
from typing import BinaryIO

from unilogin.kit.xml.errors import DocumentError
from unilogin.kit.xml.packed import unpack
from unilogin.kit.xml.packed_folder import PackedFolder, is_zip
from unilogin.roster.errors import DeliveryRefusedError
from unilogin.roster.formats.document import Document
from unilogin.roster.formats.oneroster_csv import OnerosterCsv
from unilogin.roster.formats.oneroster_head import OnerosterFiles
from unilogin.roster.formats.oneroster_words import MANIFEST
from unilogin.roster.formats.unilogin_import import UniloginImport
from unilogin.roster.messages import Refused
from unilogin.roster.model import DeliveryKind


def open_document(
    file: BinaryIO,
    *,
    kind: DeliveryKind,
    hash_key: bytes,
    today: date,
    namespaces: Sequence[str],
    institution: str | None = None,
) -> Document:
    """Read the head of a seekable file in any format we know.

    ``kind`` is what its sender calls it; a format that says so itself knows better. ``institution`` is the one that is
    meant where a format holds several. Raises DocumentError or DeliveryRefusedError.
    """
    if is_zip(file):
        folder = PackedFolder(file)
        if any(name.endswith(".csv") for name in folder.names):
            return _said_alike(OnerosterCsv(folder, hash_key=hash_key, today=today, institution=institution), kind)
    return UniloginImport(unpack(file), kind=kind, hash_key=hash_key, today=today, namespaces=namespaces)


def _said_alike(document: OnerosterCsv, kind: DeliveryKind) -> OnerosterCsv:
    """Refuse tables that say another thing than their sender: leavers told as everybody would make all others leave."""
    if kind in (DeliveryKind.FULL, document.kind):  # what a sender who says nothing says
        return document
    header = document.header
    refusal = DeliveryRefusedError(Refused.ONEROSTER_KIND, told=kind.value, kind=STATES[document.kind])
    raise refusal.of(number=header.institution_number, source=header.source)


STATES = {DeliveryKind.FULL: "bulk", DeliveryKind.DELTA: "delta"}
"""What a manifest calls them."""


def institutions_in(file: BinaryIO) -> list[str]:
    """Return the numbers of the institutions in a file that holds several; of any other file, none.

    What is wrong with the file is told by whoever reads it.
    """
    try:
        if not is_zip(file):
            return []
        folder = PackedFolder(file)
        numbers = [one.number for one in OnerosterFiles(folder).schools()] if MANIFEST in folder.names else []
    except (DocumentError, DeliveryRefusedError):
        return []
    finally:
        file.seek(0)
    return list(dict.fromkeys(numbers)) if len(numbers) > 1 else []
