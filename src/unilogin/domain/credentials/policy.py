"""Whether a chosen password is good enough, and how good it is. Pure.

Nobody is asked for capitals or signs that make a password hard to remember and no harder to guess (N-03); what is asked
is that enough of it is left when everything is taken away that others would try first (N-04). The policy ``stil``
demands in addition what the Danish service demands. What the people read: ``credentials.judge.…`` in the catalogues.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from unilogin.domain.credentials import predictable
from unilogin.domain.credentials.model import PasswordPolicy, PasswordType, PersonWords
from unilogin.domain.credentials.predictable import Place, Typed, folded, giveaways, places_of
from unilogin.domain.credentials.rules import MAX_CODE_POINTS, TYPES, normal_secret

LEAST_CHARACTERS = 8
MOST_CHARACTERS = {PasswordPolicy.MODERN: MAX_CODE_POINTS, PasswordPolicy.STIL: 24}
LEAST_LEFT = 6
"""So many letters and digits must be left of a password when what others try first is taken away."""
LEAST_DIFFERENT = 4
"""So many different signs a password has at least."""

_SIGNS_THAT_COUNT = 2
_NAME_LETTERS = 3
_GOOD_BITS, _STRONG_BITS = 30, 45


class Strength(StrEnum):
    """How good a chosen password is, in steps that have words a twelve-year-old understands."""

    SHORT = "short"
    WEAK = "weak"
    FAIR = "fair"
    GOOD = "good"
    STRONG = "strong"


@dataclass(frozen=True, slots=True)
class Hints:
    """What a page may know of what others try first, to say while somebody types: words and rows, spaces between."""

    words: str
    common: str
    rows: str


@cache
def hints() -> Hints:
    """Return what the component ``strength`` of the look is given."""
    anywhere = giveaways("calendar") | giveaways("here")
    return Hints(
        words=" ".join(sorted(word for word in anywhere if len(word) > predictable.SHORT_WORD)),
        common=" ".join(sorted(giveaways("common") | anywhere)),
        rows=" ".join(predictable.ROWS),
    )


@dataclass(frozen=True, slots=True)
class Appraisal:
    """What is said of a password: how good it is, and what is wrong with it, the most telling first."""

    strength: Strength
    remarks: list[str]


def judge(secret: str, *, password_type: PasswordType, person_words: PersonWords, policy: PasswordPolicy) -> list[str]:
    """Return the codes of everything that is wrong with a chosen password, the most telling first; empty when good."""
    return appraise(secret, password_type=password_type, person_words=person_words, policy=policy).remarks


def strength(
    secret: str, *, password_type: PasswordType, person_words: PersonWords, policy: PasswordPolicy
) -> Strength:
    """Return how good a chosen password is."""
    return appraise(secret, password_type=password_type, person_words=person_words, policy=policy).strength


def appraise(
    secret: str, *, password_type: PasswordType, person_words: PersonWords, policy: PasswordPolicy
) -> Appraisal:
    """Return everything there is to say about a chosen password, whole or still being typed."""
    text = unicodedata.normalize("NFC", secret)
    if len(text) < LEAST_CHARACTERS:
        return Appraisal(Strength.SHORT, ["credentials.judge.too_short"])
    if len(text) > MOST_CHARACTERS[policy]:
        return Appraisal(Strength.WEAK, [f"credentials.judge.too_long.{policy.value}"])
    if normal_secret(text) is None:
        return Appraisal(Strength.WEAK, ["credentials.judge.not_allowed"])
    finds = _finds(text, person_words)
    covered = _covered(text, finds)
    remarks = _remarks(text, finds, left=_left(text, covered), strict=policy is PasswordPolicy.STIL)
    composed = policy is PasswordPolicy.STIL and TYPES[password_type].composed
    if composed and not _is_composed(text):
        remarks.append("credentials.judge.composed")
    return Appraisal(Strength.WEAK if remarks else _strength(_bits(text, covered)), remarks)


Finds = dict[str, list[Place]]
"""The last part of a remark's code, and the places of the password that it is about."""


def _remarks(text: str, finds: Finds, *, left: int, strict: bool) -> list[str]:
    """Say what was found, if it matters: an own name always, the rest when too little is left without it.

    ``strict``, as the Danish service is: a season or a common word matters always, too.
    """
    telling = {"own_name", "calendar", "common"} if strict else {"own_name"}
    remarks = [code for code, places in finds.items() if places and (left < LEAST_LEFT or code in telling)]
    if len(set(text.casefold())) < LEAST_DIFFERENT and "repeats" not in remarks:
        remarks.append("repeats")
    return [f"credentials.judge.{code}" for code in remarks]


def _strength(bits: float) -> Strength:
    if bits < _GOOD_BITS:
        return Strength.FAIR
    return Strength.GOOD if bits < _STRONG_BITS else Strength.STRONG


def _finds(text: str, known: PersonWords) -> Finds:
    typed = predictable.read(text)
    return {
        "own_name": [*_own_names(typed, known)],
        "school": [*places_of(_parts(*known.schools, *known.towns), typed)],
        "calendar": [*places_of(giveaways("calendar"), typed), *predictable.places_of_dates(text)],
        "common": [*places_of(giveaways("here"), typed), *predictable.place_of_common(text)],
        "keyboard": [*predictable.places_of_rows(text)],
        "repeats": [*predictable.place_of_repetition(text)],
    }


def _own_names(typed: Typed, known: PersonWords) -> Iterator[Place]:
    """Find names and username. A name of three letters counts only where it stands alone: "Ida" is not in "fridag"."""
    names = {*_parts(*known.names), folded(known.username)}
    return places_of(names, typed, short=_NAME_LETTERS)


def _parts(*names: str) -> set[str]:
    """Return the words of names, folded, without those that are too short to say anything."""
    words = (folded(word) for name in names for word in re.findall(r"[^\W\d_]+", name))
    return {word for word in words if len(word) >= _NAME_LETTERS}


def _covered(text: str, finds: Finds) -> list[bool]:
    """Return which signs of a password belong to something that others would try first."""
    covered = [False] * len(text)
    for places in finds.values():
        for start, end in places:
            covered[start:end] = [True] * (end - start)
    return covered


def _left(text: str, covered: list[bool]) -> int:
    """Count what is left; of signs that are neither letters nor digits only a few, because everybody adds one."""
    left = [sign for sign, known in zip(text, covered, strict=True) if not known]
    counting = sum(sign.isalnum() for sign in left)
    return counting + min(_SIGNS_THAT_COUNT, len(left) - counting)


def _is_composed(text: str) -> bool:
    return (
        any(sign.isupper() for sign in text)
        and any(sign.islower() for sign in text)
        and any(sign.isdigit() for sign in text)
    )


def _bits(text: str, covered: list[bool]) -> float:
    """Estimate how many bits somebody has to guess who knows how people choose: a letter of a word is worth little."""
    bits, before = 0.0, ""
    for sign, known in zip(text, covered, strict=True):
        if not known and sign != before:
            bits += 2.5 if sign.islower() else 1.0 if sign.isspace() else 3.3
        before = sign
    return bits
