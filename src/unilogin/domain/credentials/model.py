"""Kinds of password and what is kept of one."""

from dataclasses import dataclass
from enum import StrEnum

from unilogin.domain.directory.model import AccountId


class PasswordType(StrEnum):
    """Adgangskodetype: by age; /demo.json names them so."""

    PICTURES = "pictures"
    WORDS = "words"
    PASSWORD = "password"  # noqa: S105 - the name of a type


class PasswordPolicy(StrEnum):
    """What is demanded of a chosen password, as the operator decides."""

    MODERN = "modern"
    STIL = "stil"


class PasswordHolders(StrEnum):
    """Who may have a password at all, as the operator decides."""

    CLASSIC = "classic"
    DK_2026 = "dk-2026"


class DueWhy(StrEnum):
    """Why a password has to be changed."""

    GRADE = "grade"
    AGE = "age"


class ChangeDue(StrEnum):
    """What a journey is told of it: change soon (it may be put off), or now."""

    SOON = "soon"
    NOW = "now"


@dataclass(frozen=True, slots=True)
class Deadline:
    """When a password must be changed at the latest, counted by the database's clock: the last day is 1."""

    why: DueWhy
    days_left: int
    passed: bool


@dataclass(frozen=True, slots=True)
class StoredPassword:
    """The hash of an account's password, or of nobody's: a decoy costs the same work.

    ``age_days``, ``deadline`` and ``forced`` are as the database saw them when it was read: how long ago it was set,
    the deadline of its change if one runs, and the type that the school has decided for its owner whatever the grade.
    """

    account_id: AccountId | None
    type: PasswordType
    hash: str
    pepper_version: int
    age_days: int = 0
    deadline: Deadline | None = None
    forced: PasswordType | None = None


@dataclass(frozen=True, slots=True)
class PersonWords:
    """What everybody knows of a person and a password must not be made of. Never logged, never shown."""

    names: tuple[str, ...] = ()
    username: str = ""
    schools: tuple[str, ...] = ()
    towns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fitted:
    """A secret that matched; ``outdated`` when it should be hashed again with today's parameters."""

    outdated: bool
