"""The secrets we assign: four pictures, two words in one, or the same with two digits. Pure: chance comes in.

The words stand in ``words.txt``, chosen so that a ten-year-old spells them right the first time, no two are taken for
each other, and no two put together say anything crude (tests hold the list to it). How hard they are to guess, and why
that is enough, stands in docs/passwords.md.
"""

from collections.abc import Callable
from functools import cache
from importlib import resources

from unilogin.domain.credentials.model import PasswordPolicy, PasswordType
from unilogin.domain.credentials.rules import PICTURES_IN_CODE, picture_secret

Draw = Callable[[int], int]
"""Returns a random number from 0 up to, not including, its argument."""

PICTURES = (
    *("sol", "bil", "kat", "aeble", "hus", "fisk", "trae", "cykel", "hest", "is"),
    *("stjerne", "baad", "fugl", "noegle", "blomst", "tog", "bold", "paraply", "gave", "snemand"),
)
"""The pictures a code is drawn from, by their ids; how they look is for the look."""

LEAST_PICTURES = 3
"""A code has at least so many different pictures: one that is the same thing four times is the first that is tried."""

_LEAST_NUMBER, _NUMBERS = 10, 90


def assigned(password_type: PasswordType, draw: Draw, *, policy: PasswordPolicy = PasswordPolicy.MODERN) -> str:
    """Return a new secret of a type, as its owner gives it: ``kagelygte``, ``kagelygte42``, or picture ids in order.

    Under the policy ``stil`` the third has the capital that is demanded there: ``Kagelygte42``.
    """
    match password_type:
        case PasswordType.PICTURES:
            return picture_secret(_pictures(draw))
        case PasswordType.WORDS:
            return "".join(_two_words(draw))
        case PasswordType.PASSWORD:
            pair = "".join(_two_words(draw))
            start = pair.capitalize() if policy is PasswordPolicy.STIL else pair
            return f"{start}{_LEAST_NUMBER + draw(_NUMBERS)}"


def check_code(draw: Draw) -> str:
    """Return a picture's id and two digits, to be read off somebody's screen: ``fisk 47``."""
    return f"{PICTURES[draw(len(PICTURES))]} {draw(100):02}"


def parts(secret: str) -> tuple[str, ...]:
    """Return an assigned secret in the pieces it is read in: ``("kage", "lygte", "42")``, or the ids of four pictures.

    Anything that we did not assign comes back whole.
    """
    if " " in secret:
        return tuple(secret.split(" "))
    letters = secret.rstrip("0123456789")
    for place in range(1, len(letters)):
        if letters[:place].lower() in _known() and letters[place:] in _known():
            return tuple(part for part in (letters[:place], letters[place:], secret[len(letters) :]) if part)
    return (secret,)


@cache
def words() -> tuple[str, ...]:
    """Return the words that secrets are made of, from the list beside this file."""
    text = (resources.files("unilogin.domain.credentials") / "words.txt").read_text(encoding="utf-8")
    return tuple(word for line in text.splitlines() for word in line.partition("#")[0].split())


@cache
def _known() -> frozenset[str]:
    return frozenset(words())


def _pictures(draw: Draw) -> list[str]:
    while True:
        drawn = [PICTURES[draw(len(PICTURES))] for _ in range(PICTURES_IN_CODE)]
        if len(set(drawn)) >= LEAST_PICTURES:
            return drawn


def _two_words(draw: Draw) -> tuple[str, str]:
    first = draw(len(words()))
    second = draw(len(words()) - 1)  # never the same twice
    return words()[first], words()[second + (second >= first)]
