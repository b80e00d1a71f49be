"""Which type of password a person has, what a secret looks like, and what a pictures code is on the wire."""

import unicodedata
from collections.abc import Sequence

from unilogin.domain.credentials.model import PasswordType
from unilogin.domain.directory.model import ActorGroup, Belonging

PICTURES_IN_CODE = 4
MAX_CODE_POINTS = 128
MAX_BYTES = 512

_PICTURE_LEVELS = frozenset({"DT", "0", "1", "2", "3"})
_WORD_LEVELS = frozenset({"4", "5", "6"})


def password_type(belongings: Sequence[Belonging]) -> PasswordType:
    """Return the type for a person: by the highest level as pupil, else a password (docs/danish-service.md 5.4)."""
    levels = {b.level for b in belongings if b.actor_group is ActorGroup.ELEV and b.level}
    if levels and levels <= _PICTURE_LEVELS:
        return PasswordType.PICTURES
    if levels and levels <= _PICTURE_LEVELS | _WORD_LEVELS:
        return PasswordType.WORDS
    return PasswordType.PASSWORD


def normal_secret(typed: str) -> bytes | None:
    """Return what is hashed of a typed secret: NFC in UTF-8, nothing cut off (N-07); None when it is too long.

    A macOS browser may send å as a and a ring: both spellings are one password.
    """
    text = unicodedata.normalize("NFC", typed)
    if len(text) > MAX_CODE_POINTS or "\x00" in text:
        return None
    raw = text.encode("utf-8", "surrogatepass")
    return raw if len(raw) <= MAX_BYTES else None


def picture_secret(pictures: Sequence[str]) -> str:
    """Return a picture code as the secret that is hashed: the picture ids in order."""
    return " ".join(pictures)
