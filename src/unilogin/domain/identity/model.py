"""Two accounts side by side, and what was done about them."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from unilogin.domain.directory.cpr import CprKind
from unilogin.domain.directory.model import AccountId, PersonId, Username

CorrectionId = NewType("CorrectionId", UUID)


@dataclass(frozen=True, slots=True)
class Use:
    """How much an account was used."""

    last_sign_in: datetime | None
    services: int
    has_secret: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Side:
    """One of two accounts, as whoever decides sees it; the name is the one that others may see."""

    account_id: AccountId
    person_id: PersonId
    username: Username
    uniid: str
    display_name: str
    blocked: bool
    merged: bool
    use: Use
    number: CprKind | None
    places: tuple[str, ...]


class NotDone(StrEnum):
    """Why nothing was changed: the last part of a message code."""

    SAME = "same"  # twice the same account
    UNKNOWN = "unknown"
    MERGED_BEFORE = "merged_before"
    BLOCKED = "blocked"  # one is blocked and the other is not: a merge would get around that
    RELATED = "related"  # one is the other's contact person: two people
    TWO_NUMBERS = "two_numbers"  # both have a number of the register, and not the same: two people, until somebody says
    UNDONE_BEFORE = "undone_before"
    TOO_OLD = "too_old"  # what it changed is forgotten
    CHANGED_LATER = "changed_later"  # by another correction or another number: that one has to be taken back first
    NOTHING_CHOSEN = "nothing_chosen"
    NUMBER_TAKEN = "number_taken"


@dataclass(frozen=True, slots=True)
class Done:
    """A correction, and how many rows of each kind went from one account to the other."""

    correction_id: CorrectionId
    kept: AccountId
    other: AccountId
    other_username: Username
    moved: dict[str, int]
    sessions_ended: int
    services_told: int = 0


@dataclass(frozen=True, slots=True)
class Correction:
    """A correction in the list of them."""

    correction_id: CorrectionId
    kind: str
    kept_username: Username
    other_username: Username
    made_at: datetime
    made_by: str
    undone_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Who is found to have shared somebody's account. Other facts come with the next delivery."""

    first_name: str
    family_name: str
    memberships: tuple[tuple[str, str], ...] = ()  # institution number, LocalPersonId
    client_ids: tuple[str, ...] = field(default=())  # of services whose work is theirs
    subjects: tuple[UUID, ...] = ()  # by which services go on knowing them, beside these
