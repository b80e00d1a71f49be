"""The rights there are, and who holds one."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from unilogin.domain.directory.model import AccountId, InstitutionNumber, Username


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
