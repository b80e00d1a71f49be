"""Certificates of systems: which may be registered, and how long they are believed."""

from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.builders.certificates import Holder, make_holder
from unilogin.kit.certificates import CertificateError, check_certificate, make_own, open_own, read_own

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def root() -> Holder:
    return make_holder("Rod", authority=True, days=(-10, 3))


@pytest.fixture(scope="module")
def issuing(root: Holder) -> Holder:
    return make_holder("Udstedende", issuer=root, authority=True, days=(-10, 20))


@pytest.fixture(scope="module")
def leaf(issuing: Holder) -> Holder:
    return make_holder("AB1", issuer=issuing)


def test_a_certificate_is_valid_as_long_as_its_whole_chain(root: Holder, issuing: Holder, leaf: Holder) -> None:
    checked = check_certificate(leaf.pem, authorities=issuing.pem + root.pem, now=NOW)
    assert checked.chained
    assert checked.valid_until == root.certificate.not_valid_after_utc
    alone = check_certificate(leaf.der, authorities=None, now=NOW)
    assert (alone.chained, alone.fingerprint) == (False, leaf.certificate.fingerprint(hashes.SHA256()))


def test_a_certificate_of_another_authority_is_refused(root: Holder, leaf: Holder) -> None:
    with pytest.raises(CertificateError, match="none of the authorities"):
        check_certificate(leaf.pem, authorities=root.pem, now=NOW)


def test_one_who_is_no_authority_vouches_for_nobody(leaf: Holder) -> None:
    below = make_holder("AB2", issuer=leaf)
    with pytest.raises(CertificateError, match="none of the authorities"):
        check_certificate(below.pem, authorities=leaf.pem, now=NOW)


def test_a_name_alone_makes_no_authority(issuing: Holder, leaf: Holder) -> None:
    impostor = make_holder("Udstedende", authority=True)
    assert impostor.certificate.subject == issuing.certificate.subject
    with pytest.raises(CertificateError, match="none of the authorities"):
        check_certificate(leaf.pem, authorities=impostor.pem, now=NOW)


@pytest.mark.parametrize(
    ("holder", "wrong"),
    [
        (make_holder("AB1", days=(-9, -1)), "not today"),
        (make_holder("AB1", days=(1, 9)), "not today"),
        (make_holder("AB1", bits=1024), "1024 bits"),
    ],
    ids=["expired", "not yet", "short"],
)
def test_a_certificate_that_is_not_good_enough_is_refused(holder: Holder, wrong: str) -> None:
    with pytest.raises(CertificateError, match=wrong):
        check_certificate(holder.pem, authorities=None, now=NOW)


def test_another_kind_of_key_is_refused() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW.replace(year=NOW.year + 1))
        .sign(key, hashes.SHA256())
    )
    with pytest.raises(CertificateError, match="not an RSA key"):
        check_certificate(made.public_bytes(serialization.Encoding.PEM), authorities=None, now=NOW)


@pytest.mark.parametrize("content", [b"", b"hello", b"-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----\n"])
def test_what_is_no_certificate_is_refused(content: bytes) -> None:
    with pytest.raises(CertificateError):
        check_certificate(content, authorities=None, now=NOW)


def test_our_own_is_put_together_again_and_never_with_another_key(leaf: Holder, root: Holder) -> None:
    own = make_own("localhost", now=NOW)
    assert open_own(own.der, key_der=own.key_der).certificate == own.certificate
    assert read_own(leaf.key_pem + leaf.pem).der == leaf.der
    with pytest.raises(CertificateError, match="not that of the certificate"):
        read_own(root.key_pem + leaf.pem)
    with pytest.raises(CertificateError, match="no private key"):
        read_own(leaf.pem)
