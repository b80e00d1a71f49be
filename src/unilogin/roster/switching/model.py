"""Who comes with the new system, who is here today, and how they belong together."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple, NewType
from uuid import UUID

from unilogin.roster.model import DeliveryKind, Finding, Header

SwitchId = NewType("SwitchId", UUID)


class Coming(NamedTuple):
    """One person in the new system's file."""

    local_person_id: str
    line: int
    number: bytes | None  # look-up value of the CPR number
    first_name: str
    family_name: str
    birth_date: date | None
    actor_group: str
    class_name: str | None
    sealed_for: UUID
    sealed: bytes | None
    protected: bool = False
    level: str | None = None


@dataclass(frozen=True, slots=True)
class Unread:
    """People of the new system's file whom nobody can read: how many, and what is wrong with the first of them.

    They are recognised as nobody, and so they leave with the old system.
    """

    people: int = 0
    findings: tuple[Finding, ...] = ()


class FirstFile(NamedTuple):
    """What the new system's file holds."""

    header: Header
    kind: DeliveryKind
    people: list[Coming]
    unread: Unread


class Here(NamedTuple):
    """One person whom the old system has here."""

    membership_id: UUID
    local_person_id: str
    numbers: frozenset[bytes]  # the present one and former ones
    first_name: str
    family_name: str
    birth_date: date | None
    actor_group: str
    class_name: str | None
    guarded: bool = False  # holds a right: no number without somebody's word, the first one neither


class How(StrEnum):
    """How somebody in the file was found."""

    NUMBER = "number"  # by CPR number: here, or at another institution
    NAME = "name"  # by name, date of birth and class, and nobody else fits
    DOUBTFUL = "doubtful"  # somebody has to say
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Match:
    """One person in the file, and who they are today: nobody, a membership, or one of several."""

    local_person_id: str
    line: int
    how: How
    membership_id: UUID | None = None
    candidates: tuple[UUID, ...] = ()
    other_number: bool = False


class NotSwitched(StrEnum):
    """Why nothing was changed."""

    NO_OLD_SOURCE = "no old source"  # nobody is here from that system
    SAME_SOURCE = "same source"
    DELIVERS_ALREADY = "delivers already"  # people of the new system are here: a switch comes before its first delivery
    NOT_WHOLE = "not whole"  # a file of changes cannot tell who is missing
    OTHER_INSTITUTION = "other institution"
    UNKNOWN = "unknown"  # no such plan, or it was run or taken back
    UNDECIDED = "undecided"
    OTHER_FILE = "other file"
    REFUSED = "refused"  # the delivery was
    MANY_LEAVE = "many leave"  # more than the brake would let go, and nobody has said how many
    TOO_OLD = "too old"
    GUARDED = "guarded"  # another number of somebody who holds a right, or whom another school has: for the operator


class Leaving(NamedTuple):
    """Somebody whom the new system does not have."""

    local_person_id: str
    username: str
    name: str
    group: str | None


class Fit(NamedTuple):
    """Somebody here who fits somebody in the file: the old system's local id, and the name as others may see it.

    ``jumps_from`` is the grade they are in where nobody reaches the file's overnight.
    """

    local_person_id: str
    username: str
    name: str
    jumps_from: str | None


class GradeJump(NamedTuple):
    """A pupil whose grade in the file does not follow upon theirs, or most of a class that jumps alike (B-R25)."""

    line: int
    local_person_id: str | None  # in the file; None: it is the class
    name: str | None
    group: str | None
    pupils: int
    before: str
    after: str


class Doubt(NamedTuple):
    """Somebody in the file who may be somebody here."""

    local_person_id: str
    line: int
    other_number: bool
    fits: tuple[Fit, ...]
    decided: str | None
    name: str | None  # in the file; None where one of them is hidden: beside each other they say who is behind an alias
    group: str | None
    level: str | None


class Plan(NamedTuple):
    """A switch, and what it would do or did."""

    switch_id: SwitchId
    institution: str
    old_source: str
    new_source: str
    planned_at: datetime
    run_at: datetime | None
    retire_at: datetime | None
    retired: bool
    undone_at: datetime | None
    found: dict[str, int]
    doubts: tuple[Doubt, ...]
    leaving: tuple[Leaving, ...]
    jumps: tuple[GradeJump, ...]
