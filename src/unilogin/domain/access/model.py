"""The rights there are, who holds one, and the permissions that gates make."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from unilogin.domain.directory.model import AccountId, InstitutionId, InstitutionNumber, Username

GroupKey = NewType("GroupKey", UUID)
"""A class or another group."""


class Right(StrEnum):
    """Rights at an institution, named as the Danish service names them."""

    BRUGERADMINISTRATOR = "Brugeradministrator"
    BRUGERADMINISTRATOR_ELEVADGANG = "Brugeradministrator i Elevadgang"


@dataclass(frozen=True, slots=True)
class HeldRight:
    """One right, held by one account at one institution."""

    account_id: AccountId
    username: Username
    display_name: str
    institution: InstitutionNumber
    right: Right
    granted_at: datetime
    granted_by: str


@dataclass(frozen=True, slots=True)
class PupilInReach:
    """A pupil for whom somebody may do something now: ``reached_by`` is who, ``institution_id`` where, if anywhere.

    ``by_right``: by the administrator's right, and not as a teacher of theirs.
    """

    account_id: AccountId
    reached_by: AccountId
    institution_id: InstitutionId | None
    by_right: bool = field(default=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Place:
    """A school and the class there, if the school tells one."""

    school: str
    group: str | None


@dataclass(frozen=True, slots=True)
class ChildInCustody(PupilInReach):
    """A pupil under 18 of whom ``reached_by`` has custody now, with what a parent is shown of it."""

    name: str
    username: Username
    places: tuple[Place, ...]
