"""What a delivery holds, what was found wrong with it, and the receipt its sender gets.

Rows are tuples and not dataclasses: a night has half a million of them, and COPY takes tuples as they are.
"""

from collections.abc import Mapping
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
    cpr: Cpr
    protected: bool
    alias_first_name: str | None
    alias_family_name: str | None
    birth_date: date | None
    gender: str | None
    email: str | None
    contact: Mapping[str, str | bool]  # address, phones, photo


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


class ReadRow(NamedTuple):
    """What became of one record: a row, or none when it was refused; its hash is empty when it must be read again."""

    line: int
    raw_hash: bytes
    local_person_id: str | None  # None: nobody can say whom it was about
    row: PersonRow | None
    protect: tuple[Cpr, ...]  # protected people who cannot be loaded for want of an alias
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Header:
    """Where a delivery comes from and when its source made it."""

    institution_number: str
    source: str
    source_time: datetime
    school_year: str


class DeliveryStatus(StrEnum):
    """Whether a delivery changed anything."""

    APPLIED = "applied"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Counts:
    """People at the institution by what the delivery did to them; contact persons are not counted here."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    left: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to a delivery, stored and shown. ``repeated`` marks the second coming of the same one."""

    delivery_id: DeliveryId
    institution_number: str
    source: str
    source_time: datetime | None
    school_year: str
    status: DeliveryStatus
    refusal: str | None
    refusal_fields: Mapping[str, str | int]
    counts: Counts
    new_accounts: int
    findings: tuple[Finding, ...]
    finding_count: int
    received_at: datetime
    repeated: bool = False
