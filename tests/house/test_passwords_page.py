"""What the schools are told about passwords is what the rules say."""

from itertools import product
from math import log2

import pytest

from tests.builders.throttle import most_in_a_row
from tests.house.source import ROOT
from unilogin.domain.credentials import policy, rules
from unilogin.domain.credentials.model import PasswordPolicy, PasswordType
from unilogin.domain.credentials.predictable import common_passwords, giveaways
from unilogin.domain.credentials.words import LEAST_PICTURES, words
from unilogin.domain.limits.model import ELSEWHERE, Kind
from unilogin.domain.limits.rules import allowance
from unilogin.kit.text import load_texts
from unilogin.kit.web.look.pictograms import PICTOGRAMS

PAGE = " ".join((ROOT / "docs/passwords.md").read_text("utf-8").split())
LENGTHS = policy.MOST_CHARACTERS
PAIRS = len(words()) * (len(words()) - 1)
PICTURES = sum(len(set(code)) >= LEAST_PICTURES for code in product(range(len(PICTOGRAMS)), repeat=4))
TYPED = most_in_a_row(Kind.TYPED)
ALONE = allowance(Kind.TYPED, ELSEWHERE).cap


def row(name: str, codes: int, tries: int) -> str:
    return f"| {name} | {codes:,} | {log2(codes):.1f} bits | {tries} | 1 in {codes // tries:,} |"


@pytest.mark.parametrize(
    "told",
    [
        f"{policy.LEAST_CHARACTERS} to {LENGTHS[PasswordPolicy.MODERN]} characters, of any kind",
        f"{policy.LEAST_CHARACTERS} to {LENGTHS[PasswordPolicy.STIL]} characters |",
        f"that {policy.LEAST_LEFT} letters or digits are left",
        f"The words are {len(words())}, chosen by hand",
        row("four pictures", PICTURES, most_in_a_row(Kind.PICTURES)),
        row("two words", PAIRS, TYPED),
        row("two words and two digits", PAIRS * 90, TYPED),
        f"the last {ALONE} alone (1 in {PAIRS // ALONE:,} for two words)",
        f"has {rules.CHANGE_DAYS} days, and may put it off",
        f"told from {rules.CHANGE_DAYS} days before",
        "The last five | not again",
        "told a month before",
    ],
)
def test_a_number_told_is_a_number_of_the_rules(told: str) -> None:
    assert told in PAGE


def test_the_words_told_are_the_words_shown() -> None:
    texts = load_texts()
    for level in policy.Strength:
        assert f"*{texts('da', f'look.strength.{level.value}')}*" in PAGE


def test_the_lists_are_as_long_as_told() -> None:
    assert len(common_passwords()) > 30_000 - 500  # some are one in the one spelling
    assert 200 < len(giveaways("common")) < 900
    assert rules.LAST_ONES == 5
    assert rules.TYPES[PasswordType.PASSWORD].valid_days == 365
