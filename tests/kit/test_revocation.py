"""Revocation lists (RFC 5280): who is named is taken back, whoever else signs a list names nobody."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.builders.certificates import Holder, make_holder, make_list
from unilogin.kit.revocation import RevocationLists, Standing

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def root() -> Holder:
    return make_holder("Rod", authority=True)


@pytest.fixture(scope="module")
def issuer(root: Holder) -> Holder:
    return make_holder("Udsteder", issuer=root, authority=True)


@pytest.fixture(scope="module")
def system(issuer: Holder) -> Holder:
    return make_holder("System", issuer=issuer)


def standing(path: Path | None, *chain: Holder, now: datetime = NOW) -> Standing:
    return RevocationLists(path).standing([one.certificate for one in chain], now=now)


def put(folder: Path, *lists: bytes) -> Path:
    for number, content in enumerate(lists):
        (folder / f"{number}.crl").write_bytes(content)
    return folder


Lists = Callable[[Holder, Holder, Holder], list[bytes]]
CASES: dict[str, tuple[Lists, Standing]] = {
    "no lists": (lambda root, issuer, system: [], Standing.OUTDATED),
    "named by nobody": (lambda root, issuer, system: [make_list(root), make_list(issuer)], Standing.GOOD),
    "named": (lambda root, issuer, system: [make_list(root), make_list(issuer, system)], Standing.REVOKED),
    "named in PEM": (lambda root, issuer, system: [make_list(issuer, system, encoding=Encoding.PEM)], Standing.REVOKED),
    "two in a file": (
        lambda root, issuer, system: [
            make_list(root, encoding=Encoding.PEM) + make_list(issuer, system, encoding=Encoding.PEM)
        ],
        Standing.REVOKED,
    ),
    "the issuer is named": (
        lambda root, issuer, system: [make_list(root, issuer), make_list(issuer)],
        Standing.REVOKED,
    ),
    "one of the two is missing": (lambda root, issuer, system: [make_list(issuer)], Standing.OUTDATED),
    "too old, and names": (lambda root, issuer, system: [make_list(issuer, system, days=(-9, -2))], Standing.REVOKED),
    "too old, and does not": (
        lambda root, issuer, system: [make_list(root), make_list(issuer, days=(-9, -2))],
        Standing.OUTDATED,
    ),
    "an older one beside it": (
        lambda root, issuer, system: [make_list(root), make_list(issuer, days=(-9, -2)), make_list(issuer)],
        Standing.GOOD,
    ),
    "signed by another of that name": (
        lambda root, issuer, system: [
            make_list(root),
            make_list(issuer),
            make_list(make_holder("Udsteder", authority=True), system),
        ],
        Standing.GOOD,
    ),
    "what is not a list": (lambda root, issuer, system: [b"", b"-----BEGIN X509 CRL-----\nx"], Standing.OUTDATED),
    "only what has changed": (
        lambda root, issuer, system: [make_list(root), make_list(issuer, system, extra=x509.DeltaCRLIndicator(1))],
        Standing.OUTDATED,
    ),
}


@pytest.mark.parametrize(("lists", "wanted"), CASES.values(), ids=CASES)
def test_what_lists_say_of_a_certificate(
    tmp_path: Path, root: Holder, issuer: Holder, system: Holder, lists: Lists, wanted: Standing
) -> None:
    assert standing(put(tmp_path, *lists(root, issuer, system)), system, issuer, root) is wanted


def test_without_lists_or_without_an_issuer_nothing_is_said(tmp_path: Path, issuer: Holder, system: Holder) -> None:
    assert standing(None, system, issuer) is Standing.UNCHECKED
    assert standing(put(tmp_path, make_list(issuer, system)), system) is Standing.UNCHECKED
    assert standing(tmp_path / "away", system, issuer) is Standing.OUTDATED
    assert standing(tmp_path / "0.crl", system, issuer) is Standing.REVOKED, "a file does as well as a folder"


def test_a_list_is_read_anew_when_its_file_changes_and_counts_while_that_is_written(
    tmp_path: Path, issuer: Holder, system: Holder
) -> None:
    lists, chain = RevocationLists(tmp_path), [system.certificate, issuer.certificate]
    file = put(tmp_path, make_list(issuer)) / "0.crl"

    def after(content: bytes, seconds: int) -> Standing:
        file.write_bytes(content)
        os.utime(file, ns=(seconds * 10**9, seconds * 10**9))
        return lists.standing(chain, now=NOW)

    assert after(make_list(issuer), 1) is Standing.GOOD
    assert after(make_list(issuer, system), 2) is Standing.REVOKED
    assert after(make_list(issuer, system)[:50], 3) is Standing.REVOKED
    assert after(make_list(issuer, system)[:50], 3) is Standing.REVOKED, "and when it is not looked at again"
    assert after(make_list(issuer), 4) is Standing.GOOD
    assert lists.standing(chain, now=NOW + timedelta(days=9)) is Standing.OUTDATED
