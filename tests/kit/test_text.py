"""Sentences are found by code, in the reader's language, and nothing odd chooses another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unilogin.kit.text import LANGUAGES, load_texts, negotiate


@pytest.mark.parametrize(
    ("wanted", "chosen", "language"),
    [
        ("", None, "da"),
        ("en", None, "en"),
        ("en-GB,en;q=0.9", None, "en"),
        ("da-DK,da;q=0.9,en-US;q=0.8", None, "da"),
        ("fo, kl;q=0.8", None, "da"),
        ("nb,no;q=0.9,en;q=0.8", None, "en"),
        ("en da", None, "en"),
        ("en", "da", "da"),
        ("en", "xx", "en"),
        ("../../en", None, "da"),
        ("x" * 10_000 + ",en", None, "da"),
    ],
)
def test_b_l17_b_o25_the_language_of_a_page(wanted: str, chosen: str | None, language: str) -> None:
    assert negotiate(wanted, chosen=chosen) == language


@given(st.text())
def test_any_wish_gives_a_language_we_have(wanted: str) -> None:
    assert negotiate(wanted) in LANGUAGES


def test_an_unknown_code_is_an_error_and_never_an_empty_page() -> None:
    with pytest.raises(KeyError):
        load_texts()("da", "no.such.sentence")
