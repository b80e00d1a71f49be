"""Which type of password a person has, when it must be changed, who may have one, and what is hashed of a secret."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from unilogin.domain.credentials.model import (
    ChangeDue,
    DueWhy,
    PasswordHolders,
    PasswordPolicy,
    PasswordType,
    StoredPassword,
)
from unilogin.domain.directory.model import ActorGroup, Belonging

PICTURES_IN_CODE = 4
MAX_CODE_POINTS = 128
MAX_BYTES = 512
LAST_ONES = 5
"""A chosen password is not one of the last so many, the present one among them."""
CHANGE_DAYS = 30
"""How long somebody has to change a password, counted from the sign-in that said so first."""


@dataclass(frozen=True, slots=True)
class TypeRules:
    """What is true of one type of password.

    ``levels``: the grades (trin) whose pupils have it; none for the type of everybody else. ``may_choose``: its owner
    may think of one; assigned ones are drawn by ``words.assigned``. Under the policy ``stil``, ``composed`` demands a
    capital, a small letter and a digit, and ``valid_days`` is how long one is good.
    """

    levels: frozenset[str]
    may_choose: bool
    composed: bool
    valid_days: int | None


TYPES: Mapping[PasswordType, TypeRules] = MappingProxyType(
    {
        # Day care and grades 0–3: four pictures of twenty, given by us. Whoever cannot read cannot choose well either.
        PasswordType.PICTURES: TypeRules(
            frozenset({"DT", "0", "1", "2", "3"}), may_choose=False, composed=False, valid_days=None
        ),
        # Grades 4–6: two words in one, given by us or chosen.
        PasswordType.WORDS: TypeRules(frozenset({"4", "5", "6"}), may_choose=True, composed=False, valid_days=None),
        # Grade 7 and up, youth education, adults: two words and two digits, given by us or chosen.
        PasswordType.PASSWORD: TypeRules(frozenset(), may_choose=True, composed=True, valid_days=365),
    }
)
"""Every type, from the easiest to the strongest."""

_STRENGTH = {kind: place for place, kind in enumerate(TYPES)}


def password_type(belongings: Sequence[Belonging], *, forced: PasswordType | None = None) -> PasswordType:
    """Return the type for a person (docs/danish-service.md 5.4).

    ``forced`` is the school's decision about this person and beats everything. Staff and parents have a password;
    a pupil has the type of the highest level held, and a password where the level says nothing.
    """
    if forced is not None:
        return forced
    levels = {b.level for b in belongings if b.actor_group is ActorGroup.ELEV and b.level}
    if not levels or any(b.actor_group is not ActorGroup.ELEV for b in belongings):
        return PasswordType.PASSWORD
    reached: frozenset[str] = frozenset()
    for kind, rules in TYPES.items():
        reached |= rules.levels
        if levels <= reached:
            return kind
    return PasswordType.PASSWORD


@dataclass(frozen=True, slots=True)
class Change:
    """What a sign-in finds about changing the password: ``due`` is what the person is told, if anything.

    ``starts``: the person's days to change begin with this sign-in. ``lifted``: a deadline runs whose reason is gone.
    """

    due: ChangeDue | None = None
    starts: DueWhy | None = None
    lifted: bool = False


def change_of(stored: StoredPassword, *, wanted: PasswordType, policy: PasswordPolicy) -> Change:
    """Decide whether a password has to be changed, now that its owner has signed in with it.

    Nobody is surprised: however late it is noticed, ``CHANGE_DAYS`` begin with the sign-in that says so.
    """
    why = _why_change(stored, wanted=wanted, policy=policy)
    if why is None:
        return Change(lifted=stored.deadline is not None)
    if stored.deadline is None:
        return Change(ChangeDue.SOON, starts=why)
    return Change(ChangeDue.NOW if stored.deadline.passed else ChangeDue.SOON)


def _why_change(stored: StoredPassword, *, wanted: PasswordType, policy: PasswordPolicy) -> DueWhy | None:
    if _STRENGTH[stored.type] < _STRENGTH[wanted]:  # a stronger one than the grade asks for may stay
        return DueWhy.GRADE
    valid_days = TYPES[stored.type].valid_days
    if policy is PasswordPolicy.STIL and valid_days is not None and stored.age_days >= valid_days - CHANGE_DAYS:
        return DueWhy.AGE
    return None


def may_hold_password(groups: Sequence[ActorGroup], holders: PasswordHolders) -> bool:
    """Tell whether people of these groups may come in by a password: under ``dk-2026`` only who is nothing but a pupil.

    Who is a pupil and a parent, or a pupil and employed, has MitID: a password must not lead to what an adult may see.
    """
    return holders is PasswordHolders.CLASSIC or set(groups) <= {ActorGroup.ELEV}


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
