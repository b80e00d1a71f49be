"""What staff are shown of pupils and of each other's help. Never a secret: only its kind."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from unilogin.domain.access.teaching import GroupKey
from unilogin.domain.credentials.model import PasswordType
from unilogin.domain.credentials.windows import Window
from unilogin.domain.directory.model import AccountId, Username


class BlockedFor(StrEnum):
    """Why an administrator blocks a pupil: one of these, so that no sentence about a child is kept."""

    MISUSED = "misused"
    LEFT = "left"
    ASKED = "asked"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Pupil:
    """A pupil of a class. ``name`` is the alias of a protected one. ``has``: the kind of password, if any."""

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


@dataclass(frozen=True, slots=True)
class Row:
    """A pupil and how it goes with the new password, if a window was opened lately."""

    pupil: Pupil
    window: Window | None
    claimed_on: tuple[str | None, str | None]
    may_undo: bool

    @property
    def state(self) -> str:
        """The state as a word: what stands in the way first."""
        if self.pupil.blocked:
            return "blocked"
        if self.window is not None:
            return self.window.state.value.replace(" ", "_")
        if self.pupil.has is None:
            return "new"
        return "shut_out" if self.pupil.shut_out else "calm"


@dataclass(frozen=True, slots=True)
class Match:
    """A pupil that was searched for, and the class where they are helped."""

    account_id: AccountId
    name: str
    class_name: str
    group_key: GroupKey


@dataclass(frozen=True, slots=True)
class Help:
    """Something that was done for a pupil, by whom: a line of the log for administrators."""

    at: datetime
    action: str
    word: str | None
    by: str | None
    pupil: str | None
