"""Assigned secrets: every word and every pair of words is held to what words.txt promises."""

import re
from itertools import combinations, permutations
from math import log2
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unilogin.domain.credentials.model import PasswordPolicy, PasswordType, PersonWords
from unilogin.domain.credentials.policy import judge
from unilogin.domain.credentials.predictable import SHORT_WORD, common_passwords, folded, giveaways
from unilogin.domain.credentials.words import LEAST_PICTURES, PICTURES, Draw, assigned, parts, words
from unilogin.domain.directory.usernames import denied_stems
from unilogin.kit.web.look.pictograms import PICTOGRAMS
from unilogin.roster.generating.names import DANISH

CRUDE = sorted(
    {
        word.replace("-", "")
        for line in (Path(__file__).parent / "crude.txt").read_text(encoding="utf-8").splitlines()
        for word in line.partition("#")[0].split()
    }
)
SILENT = re.compile(r"[cqwxz]|hj|hv|gj|nd|ld|rd|dt|ds|sj|skj|stj|bj")
ALIKE = str.maketrans("bdgvyo", "ptkfiu")
DRAWS = st.integers(min_value=0).map(lambda seed: Random(seed).randrange)


def sound(word: str) -> str:
    """How a word is written by somebody who has only heard it: one letter for each sound that is easily mixed up."""
    return re.sub(r"(.)\1", r"\1", word).translate(ALIKE)


def one_letter_away(word: str, other: str) -> bool:
    if abs(len(word) - len(other)) > 1 or word == other:
        return word == other
    short, long = sorted((word, other), key=len)
    at = next((place for place, letter in enumerate(short) if letter != long[place]), len(short))
    rest = short[at + 1 :] if len(short) == len(long) else short[at:]
    return rest == long[at + 1 :]


def test_there_are_as_many_words_as_the_documents_say() -> None:
    assert len(words()) == len(set(words())) == 512
    assert round(log2(512 * 511), 1) == 18.0
    assert round(log2(512 * 511 * 90), 1) == 24.5


@pytest.mark.parametrize("word", words())
def test_a_word_is_spelled_as_it_sounds_and_typed_on_any_keyboard(word: str) -> None:
    assert re.fullmatch(r"[a-z]{4,7}", word)
    assert not SILENT.search(word)


def test_no_two_words_are_one_letter_apart() -> None:
    assert not [pair for pair in combinations(words(), 2) if one_letter_away(*pair)]


@pytest.mark.parametrize(("word", "other"), [("lampe", "rampe"), ("kage", "hage"), ("sal", "salt"), ("salt", "slt")])
def test_the_measure_sees_one_letter(word: str, other: str) -> None:
    assert one_letter_away(word, other)
    assert not one_letter_away("lampe", "lygte")


def test_no_two_words_sound_alike() -> None:
    heard = {sound(word): word for word in words()}
    assert len(heard) == len(words())


def test_no_word_is_a_common_first_name() -> None:
    names = {name.lower() for name in (*DANISH.girls, *DANISH.boys, *DANISH.women, *DANISH.men)}
    assert not names & set(words())


def test_nothing_crude_is_read_in_any_two_words_put_together() -> None:
    crude = re.compile("|".join(map(re.escape, CRUDE)))
    assert not [f"{a}+{b}" for a, b in permutations(words(), 2) if crude.search(a + b)]


def test_n_04_no_two_words_put_together_hold_what_others_try_first() -> None:
    """Every pair, under the stricter policy, for which a season anywhere is too much."""
    words_found = {word for section in ("calendar", "here") for word in giveaways(section) if len(word) > SHORT_WORD}
    backwards = {word[::-1] for word in words_found if len(word) > SHORT_WORD + 1}
    first_tried = re.compile("|".join(map(re.escape, words_found | backwards)))
    common = common_passwords()
    pairs = [a + b for a, b in permutations(words(), 2)]
    assert not [pair for pair in pairs if first_tried.search(pair) or first_tried.search(folded(pair))]
    assert not [pair for pair in pairs if folded(pair) in common]


def test_no_word_begins_as_no_username_may() -> None:
    assert not [word for word in words() if word[:4] in denied_stems()]


def test_two_pairs_never_read_the_same() -> None:
    assert len({a + b for a, b in permutations(words(), 2)}) == 512 * 511


@given(draw=DRAWS)
def test_assigned_words_are_two_of_the_list(draw: Draw) -> None:
    first, second = parts(assigned(PasswordType.WORDS, draw))
    assert first in words()
    assert second in words()
    assert first != second


@given(draw=DRAWS)
def test_an_assigned_password_has_two_digits_behind_the_words(draw: Draw) -> None:
    first, second, number = parts(assigned(PasswordType.PASSWORD, draw))
    assert {first, second} <= set(words())
    assert re.fullmatch(r"[1-9][0-9]", number)


def test_the_pictures_that_are_drawn_are_those_that_are_shown() -> None:
    assert tuple(picture.id for picture in PICTOGRAMS) == PICTURES


@given(draw=DRAWS)
def test_assigned_pictures_are_four_and_not_all_the_same(draw: Draw) -> None:
    pictures = parts(assigned(PasswordType.PICTURES, draw))
    assert len(pictures) == 4
    assert set(pictures) <= {picture.id for picture in PICTOGRAMS}
    assert len(set(pictures)) >= LEAST_PICTURES


@given(draw=DRAWS, policy=st.sampled_from(PasswordPolicy), kind=st.sampled_from([*PasswordType][1:]))
def test_n_03_what_we_assign_is_what_we_would_take(draw: Draw, policy: PasswordPolicy, kind: PasswordType) -> None:
    secret = assigned(kind, draw, policy=policy)
    assert judge(secret, password_type=kind, person_words=PersonWords(), policy=policy) == []


def test_every_draw_is_as_likely_as_any_other() -> None:
    """Each pair comes of exactly one draw: nothing is drawn twice, nothing folded together."""
    seen = {assigned(PasswordType.WORDS, _draws(first, second)) for first in range(0, 512, 7) for second in range(511)}
    assert len(seen) == len(range(0, 512, 7)) * 511


def _draws(*values: int) -> Draw:
    waiting = iter(values)
    return lambda _: next(waiting)


@pytest.mark.parametrize("typed", ["kage", "kagelygten", "Sommer2024", "en hel sætning", "lygtekage123x", ""])
def test_what_we_did_not_assign_is_shown_as_it_is(typed: str) -> None:
    assert "".join(parts(typed)) in (typed, typed.replace(" ", ""))
