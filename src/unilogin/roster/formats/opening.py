"""Which format a file is in, and the document that reads it."""

from collections.abc import Sequence
from datetime import date
from typing import BinaryIO

from unilogin.kit.xml.packed import unpack
from unilogin.kit.xml.packed_folder import PackedFolder, is_zip
from unilogin.roster.formats.document import Document
from unilogin.roster.formats.oneroster_csv import OnerosterCsv
from unilogin.roster.formats.unilogin_import import UniloginImport
from unilogin.roster.model import DeliveryKind


def open_document(
    file: BinaryIO, *, kind: DeliveryKind, hash_key: bytes, today: date, namespaces: Sequence[str]
) -> Document:
    """Read the head of a seekable file in any format we know.

    ``kind`` is what its sender calls it; a format that says so itself knows better. Raises DocumentError or
    DeliveryRefusedError.
    """
    if is_zip(file):
        folder = PackedFolder(file)
        if any(name.endswith(".csv") for name in folder.names):
            return OnerosterCsv(folder, hash_key=hash_key, today=today)
    return UniloginImport(unpack(file), kind=kind, hash_key=hash_key, today=today, namespaces=namespaces)
