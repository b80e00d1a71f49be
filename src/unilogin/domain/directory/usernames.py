"""New usernames and uniids. Pure: what is random comes in as ``draw``, what is taken is for the database to say.

A username is four letters of the name and four digits. Ten thousand people share four letters, so each person has
letters to try in order: four of the name, three of the first and one of the family name, two and two, and at last
random consonants. Whoever loses a draw draws again; a million people fit with a handful of draws each.
"""

import unicodedata
from collections.abc import Callable
from functools import cache, lru_cache
from importlib import resources

from unilogin.domain.directory.model import Username

Draw = Callable[[int], int]
"""Returns a random number from 0 up to, not including, its argument."""

_DIGITS = 10_000
UNIID_BYTES = 5
_TRIES = 2  # draws with the same letters before the next ones
_CONSONANTS = "bcdfghjklmnpqrstvwxz"  # without vowels no word can appear
_FOLDED = str.maketrans(
    {"æ": "ae", "ø": "oe", "å": "aa", "ä": "ae", "ö": "oe", "ü": "u", "ß": "ss", "ð": "d", "þ": "th", "đ": "d"}
    | {"ł": "l", "ı": "i", "œ": "oe", "ŋ": "ng"}
)


def candidate(first_name: str, family_name: str, *, attempt: int, draw: Draw) -> Username:
    """Return the name to try at this attempt, counted from 0. For a protected person the two are the alias."""
    place = attempt // _TRIES
    if place == 0:  # of a whole school, whose draws are the first: nobody asks for the other letters
        stem = _letters(first_name)
        stem = stem[:4] if len(stem) >= 4 else (stem + _letters(family_name))[:4]
        if len(stem) == 4 and stem not in denied_stems():
            return Username(f"{stem}{draw(_DIGITS):04d}")
    letters = stems(first_name, family_name)
    chosen = letters[place] if place < len(letters) else _random_letters(draw)
    return Username(f"{chosen}{draw(_DIGITS):04d}")


def new_uniid(draw: Draw) -> str:
    """Return ten hexadecimal characters such as ``1000013b36``. Says nothing about the person and is no secret."""
    return f"{draw(16**10):010x}"


def uniid_of(drawn: bytes) -> str:
    """Return the uniid of ``UNIID_BYTES`` random bytes."""
    return drawn.hex()


def stems(first_name: str, family_name: str) -> tuple[str, ...]:
    """Return the letters to try in order, each once, without those that offend; none for a name without letters."""
    first, family = _letters(first_name), _letters(family_name)
    denied = denied_stems()
    wanted = ((first + family)[:4], first[:3] + family[:1], first[:2] + family[:2])
    return tuple(
        [
            stem
            for place, stem in enumerate(wanted)
            if len(stem) == 4 and stem not in denied and stem not in wanted[:place]
        ]
    )


@lru_cache(maxsize=4096)  # half of a school has one of a few hundred names
def _letters(name: str) -> str:
    """Fold to a–z: æøå as two letters, as Danes write them in addresses; other accents are dropped."""
    if name.isascii() and name.isalpha():
        return name.lower()
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFC", name).lower().translate(_FOLDED))
    return "".join([letter for letter in folded if "a" <= letter <= "z"])


def _random_letters(draw: Draw) -> str:
    return "".join([_CONSONANTS[draw(len(_CONSONANTS))] for _ in range(4)])


def may_be_drawn(letters: str) -> bool:
    """Tell whether letters may have been drawn and come of no name."""
    return all(letter in _CONSONANTS for letter in letters)


@cache
def denied_stems() -> frozenset[str]:
    """Return four-letter beginnings nobody should have to type, from the list beside this file."""
    text = (resources.files("unilogin.domain.directory") / "denied_stems.txt").read_text(encoding="utf-8")
    lines = (line.partition("#")[0] for line in text.splitlines())
    return frozenset(_letters(word) for line in lines for word in line.split())
