"""Finding in a password what others would try first: known words however they are spelled, rows of keys, years. Pure.

``sommer``, ``S0mmer``, ``$0MMER`` and ``remmos`` are one word here, as are ``forår``, ``foraar`` and ``forar``: typed
text is brought to one spelling, each letter of which remembers where in the typed text it comes from.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import product

SHORT_WORD = 4
"""A word of so many letters or fewer counts only where it stands alone: "maj" is not in "majs", but in "maj-2024"."""

_LEAST_BACKWARDS = 6

_FOLDED = str.maketrans({"å": "a", "ø": "o", "æ": "e", "ä": "e", "ö": "o", "ü": "u", "ß": "s", "đ": "d", "ł": "l"})
_INSTEAD = str.maketrans({"0": "o", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "@": "a", "$": "s", "€": "e"})
_ONE_IS_I = str.maketrans({"1": "i", "!": "i", "|": "i"})
_ONE_IS_L = str.maketrans({"1": "l", "!": "l", "|": "l"})
_PAIRS = {("a", "a"): "a", ("a", "e"): "e", ("o", "e"): "o"}

ROWS = (
    *("1234567890", "qwertyuiopå", "asdfghjklæø", "zxcvbnm", "abcdefghijklmnopqrstuvwxyzæøå"),
    *(
        "1q2w3e4r5t6y7u8i9o0p",
        "q1w2e3r4t5y6u7i8o9p0",
        "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
        "qazwsxedcrfvtgbyhnujm",
        "qawsedrftgyh",
    ),
)
_LEAST_IN_ROW = 4
_YEARS = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_DATES = re.compile(
    r"(?<!\d)(?:0[1-9]|[12]\d|3[01])[-./ ]?(?:0[1-9]|1[0-2])[-./ ]?(?:(?:19|20)?\d\d)(?:-?\d{4})?(?!\d)"
)
_DATES_BACKWARDS = re.compile(r"(?<!\d)(?:19|20)\d\d[-./ ]?(?:0[1-9]|1[0-2])[-./ ]?(?:0[1-9]|[12]\d|3[01])(?!\d)")


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter in the one spelling, and which signs of the typed text it stands for."""

    letter: str
    start: int
    end: int


Spelling = Sequence[Letter]
Place = tuple[int, int]


def spelled(text: str, *, instead: bool = True, one_is_l: bool = False, pairs: bool = True) -> Spelling:
    """Return a text in the one spelling.

    With ``instead``, digits and signs are the letters they look like; with ``pairs``, aa, ae and oe are å, æ and ø.
    """
    letters: list[Letter] = []
    for place, sign in enumerate(text):
        for letter in _letters(sign, instead=instead, one_is_l=one_is_l):
            _append(letters, Letter(letter, place, place + 1), pairs=pairs)
    return letters


def _letters(sign: str, *, instead: bool, one_is_l: bool) -> str:
    small = sign.casefold().translate(_FOLDED)
    if instead:
        small = small.translate(_INSTEAD).translate(_ONE_IS_L if one_is_l else _ONE_IS_I)
    if "a" <= small <= "z" and len(small) == 1:
        return small
    return "".join(letter for letter in unicodedata.normalize("NFKD", small) if letter.isascii() and letter.isalnum())


def _append(letters: list[Letter], new: Letter, *, pairs: bool) -> None:
    """Add a letter: aa, ae, oe become one as å, æ and ø have become; of three alike in a row one is left out."""
    last = letters[-1] if letters else None
    if pairs and last and (folded := _PAIRS.get((last.letter, new.letter))):
        letters[-1] = Letter(folded, last.start, new.end)
    elif len(letters) > 1 and letters[-2].letter == letters[-1].letter == new.letter:
        letters[-1] = Letter(new.letter, letters[-1].start, new.end)
    else:
        letters.append(new)


_AS_IT_IS = re.compile(r"(?!.*(?:aa|ae|oe|(.)\1\1))[a-z0-9]+")


def folded(word: str) -> str:
    """Return a known word in the one spelling."""
    small = word.lower()
    if _AS_IT_IS.fullmatch(small):  # most words of the long list
        return small
    return written(spelled(word, instead=False))


@dataclass(frozen=True, slots=True)
class Typed:
    """A typed text in every way in which it may be meant: 1 as i or l, "ae" as æ or not (not in "annaerglad")."""

    text: str
    readings: tuple[tuple[Spelling, str], ...]


def read(text: str) -> Typed:
    """Return a text ready to be searched."""
    spellings = [
        spelled(text, one_is_l=one_is_l, pairs=pairs) for one_is_l, pairs in product((False, True), (True, False))
    ]
    readings = {written(spelling): spelling for spelling in spellings}
    return Typed(text, tuple((spelling, letters) for letters, spelling in readings.items()))


def written(spelling: Spelling) -> str:
    """Return the letters of a spelling."""
    return "".join([letter.letter for letter in spelling])


def places_of(words: Iterable[str], typed: Typed, *, short: int = SHORT_WORD) -> Iterator[Place]:
    """Find known words (``folded``) in a text, forwards and backwards, however they are spelled.

    Words of ``short`` letters and fewer count only where they stand alone.
    """
    wanted = [word for word in words if len(word) > 1]
    for letters, text in typed.readings:
        for word in wanted:
            if len(word) > short:
                for spelling in (word, word[::-1]) if len(word) >= _LEAST_BACKWARDS else (word,):
                    for found in _found(spelling, text):
                        yield letters[found].start, letters[found + len(word) - 1].end
    yield from _standing_alone({word for word in wanted if len(word) <= short}, typed.text)


def _found(word: str, text: str) -> Iterator[int]:
    at = text.find(word)
    while at >= 0:
        yield at
        at = text.find(word, at + 1)


def _standing_alone(words: set[str], text: str) -> Iterator[Place]:
    for run in re.finditer(r"[^\W\d_]+", text):
        if folded(run[0]) in words:
            yield run.span()


def places_of_rows(text: str) -> Iterator[Place]:
    """Find rows of neighbouring keys or letters, and one sign held down."""
    small = text.casefold()
    if len(small) != len(text):  # a letter that grows when it is made small: no key of ours
        return
    for start in range(len(small) - _LEAST_IN_ROW + 1):
        if small[start : start + _LEAST_IN_ROW] in _in_rows():
            yield start, start + _LEAST_IN_ROW
    for run in re.finditer(r"(.)\1\1+", small, re.DOTALL):
        yield run.span()


@cache
def _in_rows() -> frozenset[str]:
    """Every piece of a row that is just long enough, in both directions; longer ones are made of them."""
    both_ways = [way for row in ROWS for way in (row, row[::-1])]
    return frozenset(row[at : at + _LEAST_IN_ROW] for row in both_ways for at in range(len(row) - _LEAST_IN_ROW + 1))


def places_of_dates(text: str) -> Iterator[Place]:
    """Find years and whole dates, written in one or with signs between, and what has the form of a CPR number."""
    for pattern in (_YEARS, _DATES, _DATES_BACKWARDS):
        for found in pattern.finditer(text):
            yield found.span()


def place_of_repetition(text: str) -> Iterator[Place]:
    """Find what only repeats the beginning: all but the first ``abc`` of ``abcabcabc``."""
    small = text.casefold()
    for length in range(1, len(small) // 2 + 1):
        if small == (small[:length] * (len(small) // length + 1))[: len(small)]:
            yield length, len(text)
            return


def place_of_common(text: str) -> Iterator[Place]:
    """Find a common password: the whole text, or what is left of it without the digits and signs around it."""
    for inner in (re.compile(r".+", re.DOTALL), re.compile(r"[^\W\d_](?:.*[^\W\d_])?", re.DOTALL)):
        found = inner.search(text)
        if found and any(meant in common_passwords() for meant in _meanings(found[0])):
            yield found.span()
            return


def _meanings(text: str) -> Iterator[str]:
    """What a text may be meant as: itself, with letters for digits, and the first half of what is written twice."""
    once = next((text[:start] for start, _ in place_of_repetition(text)), text)
    for meant in {text, once}:
        yield folded(meant)
        yield from (letters for _, letters in read(meant).readings)


@cache
def giveaways(section: str) -> frozenset[str]:
    """Return the words of a section of ``giveaways.txt``, folded."""
    text = (resources.files("unilogin.domain.credentials") / "giveaways.txt").read_text(encoding="utf-8")
    words = next(part for part in text.split("\n[") if part.startswith(f"{section}]")).partition("]")[2]
    return frozenset(folded(word) for word in words.split())


@cache
def common_passwords() -> frozenset[str]:
    """Return what the world uses most, folded; read when the first password is judged, never for a sign-in."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # 14 MB while it is read

    of_the_world = (folded(word) for word in FREQUENCY_LISTS["passwords"])
    return giveaways("common") | frozenset(of_the_world)
