"""What a delivery holds, what was found wrong with it, and the receipt its sender gets.

Rows are tuples and not dataclasses: a night has half a million of them, and COPY takes tuples as they are.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple, NewType
from uuid import UUID

from unilogin.domain.directory.cpr import Cpr
from unilogin.domain.directory.model import ActorGroup

DeliveryId = NewType("DeliveryId", UUID)


class Facts(NamedTuple):
    """A person as one row tells: names, number, and how to reach them."""

    first_name: str
    family_name: str
    cpr: Cpr | None  # None: the format does not tell it, and the person is found by ``source_id``
    protected: bool
    alias_first_name: str | None
    alias_family_name: str | None
    birth_date: date | None
    gender: str | None
    email: str | None
    contact: Mapping[str, str | bool]  # address, phones, photo
    source_id: str = ""  # what the source calls a person without a CPR number, the same wherever they are named

    @property
    def key(self) -> str:
        """What tells this person from the others of the delivery."""
        return self.cpr or key_of(self.source_id)


def key_of(source_id: str) -> str:
    """Return what somebody without a CPR number is told by; no such number begins with an equals sign."""
    return f"={source_id}"


class ContactRow(NamedTuple):
    """A contact person of a pupil (kontaktperson)."""

    facts: Facts
    relation: str
    child_custody: bool
    access_level: int


class PersonRow(NamedTuple):
    """One person at the institution, as pupil, employee or external."""

    local_person_id: str
    facts: Facts
    actor_group: ActorGroup
    roles: tuple[str, ...]
    level: str | None
    detail: Mapping[str, str]  # student number, initials, occupation, location
    main_group: str | None
    groups: tuple[str, ...]
    contacts: tuple[ContactRow, ...]
    contacts_complete: bool  # False: one was left out, so those known before stay


class GroupRow(NamedTuple):
    """A group the delivery declares."""

    group_id: str
    name: str
    type: str
    level: str | None
    line: str | None
    from_date: date | None
    to_date: date | None


class Severity(StrEnum):
    """What a finding meant for the person it is about."""

    REFUSED = "refused"  # not loaded; whoever was known before stays as they were
    WARNING = "warning"  # loaded, perhaps without the part the finding names


@dataclass(frozen=True, slots=True)
class Finding:
    """Something the sender should mend: where, about whom, what. Never with a name or a CPR number."""

    line: int
    code: str
    severity: Severity
    fields: Mapping[str, str | int] = field(default_factory=dict)
    local_person_id: str | None = None
    contact: int | None = None  # the pupil's contact person it is about, counted from 1
    group: str | None = None  # GroupId, when it is about a group


class Hidden(NamedTuple):
    """Somebody whom a row calls protected. ``own``: it is about them, whatever number they have."""

    keys: tuple[str, ...]  # what they may be known by, beside the row's local id
    own: bool
    first_name: str | None
    family_name: str | None
    alias_first_name: str | None
    alias_family_name: str | None


def not_loaded(protected: Iterable[Hidden], row: PersonRow | None) -> tuple[Hidden, ...]:
    """Return those who are not loaded with their row, because something is wrong with it or with them."""
    loaded = {row.facts.key, *(contact.facts.key for contact in row.contacts)} if row else set()
    return tuple(one for one in protected if (one.keys or one.own) and loaded.isdisjoint(one.keys))


class ReadRow(NamedTuple):
    """What became of one record: a row, or none when it was refused; its hash is empty when it must be read again."""

    line: int
    raw_hash: bytes
    local_person_id: str | None  # None: nobody can say whom it was about
    row: PersonRow | None
    protect: tuple[Hidden, ...]  # protected people who cannot be loaded
    findings: tuple[Finding, ...]
    leaves: bool = False  # a delta says of this person that they have left


@dataclass(frozen=True, slots=True)
class Header:
    """Where a delivery comes from and when its source made it."""

    institution_number: str
    source: str
    source_time: datetime
    school_year: str


class DeliveryKind(StrEnum):
    """What a delivery says about the people it does not name."""

    FULL = "full"  # they have left (importerXml)
    DELTA = "delta"  # nothing (importerDeltaXml)
    DELETE = "delete"  # nothing; the people it names leave (importerSletXml)


class DeliveryStatus(StrEnum):
    """What became of a delivery. Only an applied one counts."""

    APPLIED = "applied"
    REFUSED = "refused"  # it cannot be loaded
    PARKED = "parked"  # it would do more than the limits allow: two people decide, nothing is changed until then
    REJECTED = "rejected"  # was parked, and two people said no
    OVERTAKEN = "overtaken"  # was parked, and a later delivery of its source came
    UNDONE = "undone"  # was applied, and taken back


class DeliveryState(StrEnum):
    """How a delivery stands, as its sender is told; ``status`` is what the database counts by."""

    LOADED = "loaded"
    RELEASED = "released"  # loaded, after two people let it in
    PARKED = "parked"
    REJECTED = "rejected"
    OVERTAKEN = "overtaken"  # a later one came, or nobody decided for thirty days
    UNDONE = "undone"
    REFUSED = "refused"


class ChangeKind(StrEnum):
    """What a delivery changes about one person."""

    NEW = "new"
    BACK = "back"
    LEFT = "left"
    MOVED = "moved"  # to another class
    CHANGED = "changed"


class ChangeCount(NamedTuple):
    """How many people a delivery changes in one way."""

    kind: ChangeKind
    actor_group: ActorGroup
    after: str | None  # the class they are in
    people: int
    before: str | None = None
    renamed: int = 0  # of them


class Guardians(NamedTuple):
    """Contact persons of the pupils of one source: each counted once, however many children they have."""

    gained: int
    lost: int
    some_left: bool  # whether anybody has one now


class Jump(NamedTuple):
    """A pupil whose grade is not one that follows: the row, the grades, and the class of today with its size."""

    line: int
    local_person_id: str
    before: str
    after: str
    group_id: str | None
    group_name: str | None
    group_size: int | None


@dataclass(frozen=True, slots=True)
class PlanLine:
    """The plan of changes for one class, or for everybody of an actor group who is in none."""

    actor_group: ActorGroup
    group: str | None  # the class, as people call it afterwards
    new: int = 0
    back: int = 0
    left: int = 0
    changed: int = 0
    moved: Mapping[str, int] = field(default_factory=dict)  # out of this class: to which, how many
    moved_here: int = 0
    unchanged: int = 0
    was: str | None = None  # the class that goes on as this one, under another name or in it
    followed: int = 0  # out of that class into this one
    former: bool = False  # the class that had the name before; another one has it now

    @property
    def before(self) -> int:
        """How many there were before the delivery."""
        return self.unchanged + self.changed + self.left + self.followed + sum(self.moved.values())

    @property
    def after(self) -> int:
        """How many there are afterwards."""
        return self.unchanged + self.changed + self.new + self.back + self.followed + self.moved_here


@dataclass(frozen=True, slots=True)
class Breach:
    """A limit that a delivery would exceed: ``roster.held.<code>`` is the sentence."""

    code: str
    fields: Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Counts:
    """People at the institution by what the delivery did to them; contact persons are not counted here."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    left: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The answer to a delivery, stored and shown. ``repeated`` marks the second coming of the same one."""

    delivery_id: DeliveryId
    institution_number: str
    source: str
    source_time: datetime | None
    school_year: str
    status: DeliveryStatus
    refusal: str | None = None
    refusal_fields: Mapping[str, str | int] = field(default_factory=dict)
    counts: Counts = Counts()
    new_accounts: int = 0
    findings: tuple[Finding, ...] = ()
    finding_count: int = 0
    received_at: datetime
    kind: DeliveryKind
    plan: tuple[PlanLine, ...] = ()
    held_by: tuple[Breach, ...] = ()
    repeated: bool = False
    settled_at: datetime | None = None  # when it was released, rejected, overtaken or undone

    @property
    def state(self) -> DeliveryState:
        """How the delivery stands now."""
        if self.status is not DeliveryStatus.APPLIED:
            return DeliveryState(self.status.value)
        return DeliveryState.LOADED if self.settled_at is None else DeliveryState.RELEASED


class ExportFormat(StrEnum):
    """What an institution can be exported as."""

    ONEROSTER = "oneroster"
    SDS = "sds"


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export holds: rows by table."""

    institution_number: str
    written_as: ExportFormat
    rows: Mapping[str, int]
