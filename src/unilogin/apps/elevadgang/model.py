"""What staff are shown of pupils and of each other's help. Never a secret: only its kind."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from unilogin.domain.access.model import GroupKey
from unilogin.domain.credentials.model import PasswordType
from unilogin.domain.directory.model import AccountId, Username


class BlockedFor(StrEnum):
    """Why an administrator blocks a pupil: one of these, so that no sentence about a child is kept."""

    MISUSED = "misused"
    LEFT = "left"
    ASKED = "asked"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Pupil:
    """A pupil of a class. ``name`` is the alias of a protected one. ``has``: the kind of password, if any.

    ``in_care``: no other school's pupil, added here by hand; of such a one nothing is told but the name.
    """

    account_id: AccountId
    name: str
    username: Username
    has: PasswordType | None
    gets: PasswordType
    forced: PasswordType | None
    blocked: bool
    blocked_why: str | None
    reachable: bool
    shut_out: bool
    in_care: bool


@dataclass(frozen=True, slots=True)
class Match:
    """A pupil that was searched for, and the class where they are helped; without a name for who is in none."""

    account_id: AccountId
    name: str
    class_name: str
    group_key: GroupKey
    school: str
    may_be_helped: bool


@dataclass(frozen=True, slots=True)
class Size:
    """How many pupils a class has, and how many of them never had a password."""

    pupils: int = 0
    without: int = 0


@dataclass(frozen=True, slots=True)
class Help:
    """Something that was done for a pupil, by whom: a line of the log for administrators."""

    at: datetime
    action: str
    word: str | None
    by: str | None
    pupil: str | None
