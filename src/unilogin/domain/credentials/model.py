"""Kinds of password and what is kept of one."""

from dataclasses import dataclass
from enum import StrEnum

from unilogin.domain.directory.model import AccountId


class PasswordType(StrEnum):
    """Adgangskodetype: by age; /demo.json names them so."""

    PICTURES = "pictures"
    WORDS = "words"
    PASSWORD = "password"  # noqa: S105 - the name of a type


@dataclass(frozen=True, slots=True)
class StoredPassword:
    """The hash of an account's password, or of nobody's: a decoy costs the same work."""

    account_id: AccountId | None
    type: PasswordType
    hash: str
    pepper_version: int


@dataclass(frozen=True, slots=True)
class Fitted:
    """A secret that matched; ``outdated`` when it should be hashed again with today's parameters."""

    outdated: bool
