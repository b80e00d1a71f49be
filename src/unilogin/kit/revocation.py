"""Certificates that their authority has taken back: revocation lists (CRL, RFC 5280) that lie here as files.

Nothing is ever fetched: a certificate may name any address, and whoever sends it would decide whom we call. A script of
the operator's puts lists here, in PEM or DER, and each is read anew when its file changes. A list says who is taken
back and nothing else: one that is too old still does, and takes nobody else with it.
"""

import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from itertools import pairwise
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes

from unilogin.kit.logs import log

_LARGEST = 64 * 1024 * 1024
_PEM = b"-----BEGIN X509 CRL"
_HASHES = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
_log = log("revocation")


class Standing(Enum):
    """What the lists say of a certificate and those above it."""

    GOOD = "good"
    REVOKED = "revoked"
    OUTDATED = "outdated"  # no list in force speaks for one of them: perhaps it was taken back since
    UNCHECKED = "unchecked"  # there are no lists, or nobody knows who issued it


@dataclass(slots=True)
class _List:
    """A list, and which issuers' signature it was found to bear or not."""

    crl: x509.CertificateRevocationList
    signed_by: dict[bytes, bool] = field(default_factory=dict)


@dataclass(slots=True)
class _File:
    """The lists of a file: one in DER, any number in PEM. ``stamp``: as it was when it was last read."""

    stamp: tuple[int, int]
    lists: tuple[_List, ...]


class RevocationLists:
    """The lists of a file, or of the files in a folder. Methods block: the files are looked at each time."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._files: dict[Path, _File] = {}

    def standing(self, chain: Sequence[x509.Certificate], *, now: datetime) -> Standing:
        """Return how a certificate stands; ``chain`` begins with it, and each is issued by the one after it."""
        if self._path is None or len(chain) < 2:
            return Standing.UNCHECKED
        known = [one for file in self._read(self._path) for one in file.lists]
        in_force = True
        for certificate, issuer in pairwise(chain):
            lists = [one for one in known if _speaks_for(one, issuer)]
            if any(_names(one, certificate) for one in lists):
                return Standing.REVOKED
            in_force &= any(_is_in_force(one, now) for one in lists)
        return Standing.GOOD if in_force else Standing.OUTDATED

    def _read(self, path: Path) -> Iterator[_File]:
        try:
            paths = sorted(path.iterdir()) if path.is_dir() else [path]
        except OSError as error:
            _log.error("revocation_lists_unreadable", why=str(error.strerror))
            paths = []
        self._files = {one: found for one in paths if (found := self._file(one)) is not None}
        return iter(self._files.values())

    def _file(self, path: Path) -> _File | None:
        """Read a file that has changed; while it is being written, what it held before counts."""
        known = self._files.get(path)
        try:
            about = path.stat()
            if not stat.S_ISREG(about.st_mode) or about.st_size > _LARGEST:
                return None
            stamp = (about.st_mtime_ns, about.st_size)
            if known is not None and known.stamp == stamp:
                return known
            content = path.read_bytes()
        except OSError:
            _log.error("revocation_list_unreadable", file=path.name)
            return known
        try:
            return _File(stamp, tuple(_List(crl) for crl in map(_crl, _each(content)) if crl is not None))
        except (ValueError, UnsupportedAlgorithm):
            _log.error("revocation_list_unreadable", file=path.name)
            return _File(stamp, known.lists if known else ())  # told once, and not read for every message


def _each(content: bytes) -> list[bytes]:
    """Return each list of a file."""
    first, *others = content.split(_PEM)
    return [_PEM + one for one in others] or [first]


def _crl(content: bytes) -> x509.CertificateRevocationList | None:
    """Read a list; None for one that is not whole by itself, and so cannot say that nobody is taken back (5.2.4)."""
    load = x509.load_pem_x509_crl if content.startswith(_PEM) else x509.load_der_x509_crl
    crl = load(content)
    for extension in crl.extensions:
        point = extension.value
        if isinstance(point, x509.IssuingDistributionPoint) and not point.indirect_crl:
            continue  # a part of the issuer's certificates: whom it names is taken back
        if extension.critical:
            _log.error("revocation_list_not_understood", extension=extension.oid.dotted_string)
            return None
    return crl


def _speaks_for(one: _List, issuer: x509.Certificate) -> bool:
    """Tell whether a list is signed by the issuer itself, with a key that may (RFC 5280 section 6.3.3 (f), (g))."""
    crl = one.crl
    if crl.issuer != issuer.subject:
        return False
    fingerprint = issuer.fingerprint(hashes.SHA256())
    if fingerprint not in one.signed_by:
        one.signed_by[fingerprint] = _may_sign(issuer) and _is_signed(crl, issuer)
    return one.signed_by[fingerprint]


def _may_sign(issuer: x509.Certificate) -> bool:
    try:
        return issuer.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign
    except x509.ExtensionNotFound:
        return True
    except ValueError:
        return False


def _is_signed(crl: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    try:
        key = issuer.public_key()
        return isinstance(crl.signature_hash_algorithm, _HASHES) and crl.is_signature_valid(key)  # type: ignore[arg-type]
    except (TypeError, ValueError, UnsupportedAlgorithm):
        return False


def _names(one: _List, certificate: x509.Certificate) -> bool:
    return one.crl.get_revoked_certificate_by_serial_number(certificate.serial_number) is not None


def _is_in_force(one: _List, now: datetime) -> bool:
    if one.crl.last_update_utc > now:
        return False
    until = one.crl.next_update_utc
    return until is None or now <= until
