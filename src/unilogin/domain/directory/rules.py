"""Decisions about identifiers people type."""

import re
import unicodedata

from unilogin.domain.directory.model import Username
from unilogin.domain.directory.usernames import may_be_drawn, stems

_USERNAME = re.compile(r"[a-z]{4}[0-9]{4}")
MAX_TYPED = 64


def fold_username(typed: str) -> Username:
    """Return what was typed as a username is compared: NFKC, outer space gone, small letters (B-L01).

    Anything else stays as it is and simply names nobody: look-alike letters are not forgiven.
    """
    return Username(unicodedata.normalize("NFKC", typed[:MAX_TYPED]).strip().lower())


def is_username(name: Username) -> bool:
    """Tell whether a folded name has the form of a username at all."""
    return _USERNAME.fullmatch(name) is not None


def is_new_username_offered(
    username: Username, *, protected: bool, name: tuple[str, str], alias: tuple[str, str]
) -> bool:
    """Tell whether somebody is offered another username: protected, with one that tells of the hidden name.

    What comes of neither name nor alias may come of a name that was changed since: people in hiding change theirs.
    """
    letters = username[:4]
    if not protected or letters in stems(*alias):
        return False
    return letters in stems(*name) or not may_be_drawn(letters)


def is_same_name(typed: tuple[str, str], *known: tuple[str, str]) -> bool:
    """Tell whether a typed (first, family) name is one of the known ones: the first first name, the whole family name.

    Capitals, accents written in two ways and middle names make no difference.
    """
    return any(_plain(*typed) == _plain(*name) for name in known if all(name))


def _plain(first: str, family: str) -> tuple[str, str]:
    folded = [unicodedata.normalize("NFKC", part).casefold().split() for part in (first, family)]
    return (folded[0][0] if folded[0] else "", " ".join(folded[1]))
