"""What people are called in systems: mail addresses and initials."""

import unicodedata

_NORDIC = str.maketrans("æøåıðłđ ", "\0\1\2idld.")


def mail_address(first_name: str, family_name: str, *, domain: str) -> str:
    """The address made of a name, in the letters mail addresses have."""
    return f"{_fold(first_name)}.{_fold(family_name)}@{domain}"


def initials(first_name: str, family_name: str, *, taken: set[str]) -> str:
    """Four letters that nobody at the same place has."""
    first, family = (_fold(name).replace(".", "").replace("-", "").upper() for name in (first_name, family_name))
    wishes = [first[:2] + family[:2], *(first[:2] + family[0] + letter for letter in family[2:] + "XYZ")]
    return next(wish for wish in wishes if wish not in taken)


def _fold(name: str) -> str:
    spelled = name.lower().translate(_NORDIC).replace("\0", "ae").replace("\1", "oe").replace("\2", "aa")
    letters = unicodedata.normalize("NFKD", spelled)
    return "".join(letter for letter in letters if letter.isascii() and (letter.isalnum() or letter in ".-"))
