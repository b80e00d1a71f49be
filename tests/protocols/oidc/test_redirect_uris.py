"""Redirect URIs are compared character by character (V-01 … V-05, N-30); only a native client's port may differ."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocols.oidc.client import client_at
from unilogin.protocols.oidc.checks import redirect_uri_fits

WEB = "https://a.dk/cb?x=1"
NATIVE = "http://127.0.0.1/cb"

INSERTED = st.sampled_from(
    [
        *string.printable,
        "..",
        "%2e%2e",
        "%252e",
        "\\",
        "//",
        "/../",
        "..;/",
        "@",
        ":80@evil.dk",
        "[::1]",
        "ø",
        "%00",
        "\t",
    ]
)


@given(st.integers(0, len(WEB)), st.integers(0, 3), INSERTED)
def test_only_the_registered_uri_itself_fits(at: int, without: int, inserted: str) -> None:
    mutated = WEB[:at] + inserted + WEB[at + without :]
    assert redirect_uri_fits(mutated, client_at(WEB, confidential=True)) == (mutated == WEB)
    assert redirect_uri_fits(mutated, client_at(WEB, confidential=False)) == (mutated == WEB)


@given(st.integers(0, len(NATIVE)), st.integers(0, 3), INSERTED)
def test_a_native_client_may_choose_its_port_and_nothing_else(at: int, without: int, inserted: str) -> None:
    mutated = NATIVE[:at] + inserted + NATIVE[at + without :]
    port = mutated.removeprefix("http://127.0.0.1").removesuffix("/cb")
    differs_by_port = mutated == f"http://127.0.0.1{port}/cb" and (
        not port or (port[0] == ":" and port[1:].isascii() and port[1:].isdigit())
    )
    assert redirect_uri_fits(mutated, client_at(NATIVE, confidential=False)) == differs_by_port
    assert redirect_uri_fits(mutated, client_at(NATIVE, confidential=True)) == (mutated == NATIVE)


@pytest.mark.parametrize("uri", ["https://aXdk/cb?x=1", "https://a.dk/cb?x=12", "https://a.dk/cb?x", ".*", "*"])
def test_a_registered_uri_is_no_pattern(uri: str) -> None:
    """V-04."""
    assert not redirect_uri_fits(uri, client_at(WEB, confidential=True))
    assert not redirect_uri_fits(WEB, client_at(uri, confidential=True))
