"""X.509 certificates of systems: read, checked against the authorities an operator trusts, and one of our own made."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from unilogin.kit.errors import UniloginError

LEAST_KEY_BITS = 2048
MOST_KEY_BITS = 8192  # a longer one costs whoever checks with it
_LONGEST_CHAIN = 4
_OWN_LASTS = timedelta(days=3 * 365)


class CertificateError(UniloginError):
    """A certificate cannot be used; the sentence says why and what to do."""

    code = "certificate"


@dataclass(frozen=True, slots=True)
class Checked:
    """A certificate that may be registered. The dates are those of its whole chain, where there is one."""

    fingerprint: bytes
    subject: str
    valid_from: datetime
    valid_until: datetime
    chained: bool
    chain: tuple[x509.Certificate, ...] = ()
    """The certificate and those above it, where the authorities were named."""


@dataclass(frozen=True, slots=True)
class OwnCertificate:
    """A certificate of ours with its private key."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey

    @property
    def der(self) -> bytes:
        """The certificate as it travels in messages."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> str:
        """The certificate for people to keep."""
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def key_der(self) -> bytes:
        """The private key, to be sealed and never shown."""
        return self.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def check_certificate(content: bytes, *, authorities: bytes | None, now: datetime) -> Checked:
    """Check what an operator wants to register; ``authorities`` is a PEM file of those who may have issued it.

    Raises:
        CertificateError: it cannot be read, is no RSA certificate, is not valid now, or nobody named issued it.

    """
    leaf = _first(content)
    rsa_key_of(leaf)
    chain = [leaf] if authorities is None else _chain(leaf, _all(authorities))
    valid_from = max(one.not_valid_before_utc for one in chain)
    valid_until = min(one.not_valid_after_utc for one in chain)
    if not valid_from <= now <= valid_until:
        raise CertificateError(
            f"the certificate is valid from {valid_from:%Y-%m-%d} to {valid_until:%Y-%m-%d}, and not today"
        )
    subject = leaf.subject.rfc4514_string()
    checked = tuple(chain) if authorities is not None else ()
    return Checked(leaf.fingerprint(hashes.SHA256()), subject, valid_from, valid_until, bool(checked), checked)


def read_der(der: bytes) -> x509.Certificate:
    """Return a certificate from a message; raises CertificateError."""
    try:
        return x509.load_der_x509_certificate(der)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CertificateError("not a certificate") from error


def der_of(certificate: x509.Certificate) -> bytes:
    """Return a certificate as it is kept."""
    return certificate.public_bytes(Encoding.DER)


def fingerprint_of(der: bytes) -> bytes:
    """Return the SHA-256 of a certificate, by which it is known."""
    return hashlib.sha256(der).digest()


def rsa_key_of(certificate: x509.Certificate) -> rsa.RSAPublicKey:
    """Return the RSA key of a certificate; raises CertificateError for another kind or length of key."""
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CertificateError("the certificate's key cannot be read") from error
    if not isinstance(key, rsa.RSAPublicKey):
        raise CertificateError("the certificate's key is not an RSA key, and messages are signed with rsa-sha256")
    if not LEAST_KEY_BITS <= key.key_size <= MOST_KEY_BITS:
        raise CertificateError(f"the certificate's key has {key.key_size} bits: 2048 to 8192 are taken")
    return key


def make_own(host: str, *, now: datetime) -> OwnCertificate:
    """Make a certificate for this installation that vouches for itself; a real one comes from an authority."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=LEAST_KEY_BITS)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Unilogin {host}"[:64])])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _OWN_LASTS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return OwnCertificate(made, key)


def read_own(content: bytes) -> OwnCertificate:
    """Read a PEM file with a certificate and its unencrypted private key; raises CertificateError."""
    try:
        key = load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise CertificateError("the file holds no private key without a password, in PEM") from error
    return _own(_first(content), key)


def open_own(der: bytes, *, key_der: bytes) -> OwnCertificate:
    """Put a certificate and its private key together again; raises CertificateError."""
    return _own(read_der(der), load_der_private_key(key_der, password=None))


def _own(certificate: x509.Certificate, key: object) -> OwnCertificate:
    if not isinstance(key, rsa.RSAPrivateKey) or key.public_key() != rsa_key_of(certificate):
        raise CertificateError("the private key is not that of the certificate")
    return OwnCertificate(certificate, key)


def _first(content: bytes) -> x509.Certificate:
    """Read PEM or DER."""
    return _all(content)[0] if b"-----BEGIN" in content else read_der(content)


def _all(content: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(content)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CertificateError("the file holds no certificate in PEM") from error


def _chain(leaf: x509.Certificate, authorities: Sequence[x509.Certificate]) -> list[x509.Certificate]:
    """Return the certificate and those above it, up to one that nobody named issued or that issued itself."""
    chain = [leaf]
    while len(chain) <= _LONGEST_CHAIN:
        above = next((one for one in authorities if _issued(one, chain[-1])), None)
        if above is None or above in chain:
            break
        chain.append(above)
    if len(chain) == 1:
        raise CertificateError("none of the authorities named has issued the certificate")
    return chain


def _issued(authority: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        if not authority.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            return False
        certificate.verify_directly_issued_by(authority)
    except (x509.ExtensionNotFound, ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True
