"""What people are told of, and the letters that tell them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from unilogin.domain.directory.model import AccountId, PersonId

NoticeId = NewType("NoticeId", UUID)


class Notice(StrEnum):
    """What happened to somebody's sign-in. Each has its sentences in ``locale/*/notices.po``."""

    PASSWORD_BY_SELF = "password_by_self"  # noqa: S105 - a name
    PASSWORD_WITH_MITID = "password_with_mitid"  # noqa: S105
    PASSWORD_WITH_PARENT = "password_with_parent"  # noqa: S105
    PASSWORD_WITH_WINDOW = "password_with_window"  # noqa: S105
    PASSWORD_CHANGE_DUE = "password_change_due"  # noqa: S105
    WINDOW_OPENED = "window_opened"
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    MITID_FIRST = "mitid_first"
    SIGNIN_AFTER_FAILURES = "signin_after_failures"
    SESSIONS_ENDED = "sessions_ended"
    USERNAME_LOOKED_UP = "username_looked_up"
    VOUCHED = "vouched"
    MANUAL_ENDING = "manual_ending"
    IMPORT_ENDING = "import_ending"
    DELIVERY_WAITS = "delivery_waits"
    DELIVERY_REFUSED = "delivery_refused"
    WINDOW_UNDONE = "window_undone"
    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"
    ADDED_BY_HAND = "added_by_hand"
    CPR_CHANGED = "cpr_changed"
    ACCOUNTS_MERGED = "accounts_merged"
    ACCOUNT_SPLIT = "account_split"
    CORRECTION_UNDONE = "correction_undone"
    USERNAME_CHANGED = "username_changed"
    SECOND_WORD_WAITS = "second_word_waits"
    SWITCH_RUN = "switch_run"
    SWITCH_NOT_RUN = "switch_not_run"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Our own addresses, and the only ones letters name: the public one, Mit Unilogin's, and the public host name."""

    home: str
    own_page: str
    host: str


@dataclass(frozen=True, slots=True)
class Letter:
    """One notice to one person, as it stands now: names and addresses are looked up when it is carried.

    ``happened_at`` and ``last_at`` are Danish time, without a zone. ``child`` is what the child is called when the
    letter goes to a parent, None when it goes to the person it is about. ``attempts`` counts the one that is made now.
    """

    notice_id: NoticeId
    person_id: PersonId
    account_id: AccountId
    notice: Notice
    times: int
    happened_at: datetime
    last_at: datetime
    child: str | None
    address: str | None
    attempts: int
    due_at: datetime
    """Since when it has been due, for a courier that has to put it back."""


@dataclass(frozen=True, slots=True)
class Written:
    """A letter, and what became of it: neither sent nor waiting means that it was given up, for ``last_answer``."""

    letter: Letter
    sent: bool
    waiting: bool
    last_answer: str | None


@dataclass(frozen=True, slots=True)
class Carried:
    """How the letters of one kind fare."""

    notice: Notice
    noted: int
    nobody: int
    """Notices that nobody could be written to about."""
    sent: int
    waiting: int
    not_sent: int
    waiting_since: datetime | None
    last_answer: str | None
