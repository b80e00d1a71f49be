"""What was proposed at a school about who is who, and how it stands."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from asyncpg import Record

from unilogin.domain.access.administering import AdministeredSchool
from unilogin.domain.directory.model import Username
from unilogin.domain.directory.queries import DISPLAY_NAME
from unilogin.domain.identity.model import CorrectionId
from unilogin.kit.db.connection import Connection

ProposalId = NewType("ProposalId", UUID)

KEPT_DAYS = 30
"""A proposal can be agreed to so long."""

_MOST_SHOWN = 100


class State(StrEnum):
    """How a proposal stands."""

    OPEN = "open"
    DONE = "done"
    DROPPED = "dropped"
    TAKEN_BACK = "taken_back"
    LATE = "late"


class NotAgreed(StrEnum):
    """Why somebody's word counted for nothing."""

    LATE = "late"  # settled, too old, or not this school's
    OTHER_DAY = "other_day"  # born on different days: two people, until the operator has seen papers
    SAME_PERSON = "same_person"  # B-A05: who proposed it is no second person


@dataclass(frozen=True, slots=True)
class Proposal:
    """What somebody wants to put right; names are those that others may see."""

    proposal_id: ProposalId
    kind: str
    kept: Username
    other: Username | None
    """Of a split only when it is done."""
    name: str
    new_name: str | None
    """Of a split: what the person is called of whom an account is made; None of somebody who is hidden."""
    memberships: tuple[UUID, ...]
    subjects: tuple[UUID, ...]
    """Of a split: by which services go on knowing that person."""
    proposed_by: str
    is_own: bool
    """Whether whoever looks has proposed it."""
    proposed_at: datetime
    settled_by: str | None
    settled_at: datetime | None
    correction_id: CorrectionId | None
    state: State


_PROPOSAL = f"""
  select r.proposal_id, r.kind, k.username as kept, coalesce(o.username, made.username) as other,
         {DISPLAY_NAME} as name,
         case when not p.protected then r.first_name || ' ' || r.family_name end as new_name, r.memberships, r.subjects,
         {DISPLAY_NAME.replace("p.", "bp.")} as proposed_by, r.proposed_by = $2 as is_own, r.proposed_at,
         {DISPLAY_NAME.replace("p.", "sp.")} as settled_by, r.settled_at, r.correction_id,
         case when c.undone_at is not null then 'taken_back' when r.correction_id is not null then 'done'
              when r.settled_at is not null then 'dropped'
              when r.proposed_at <= kit_now() - interval '{KEPT_DAYS} days' then 'late' else 'open' end as state
  from identity_proposal r
  join directory_account k on k.account_id = r.kept_id join directory_person p on p.person_id = k.person_id
  left join directory_account o on o.account_id = r.other_id
  join directory_account ba on ba.account_id = r.proposed_by join directory_person bp on bp.person_id = ba.person_id
  left join directory_account sa on sa.account_id = r.settled_by
  left join directory_person sp on sp.person_id = sa.person_id
  left join identity_correction c using (correction_id)
  left join directory_account made on made.account_id = c.other_id
  where r.institution_id = $1
"""


async def proposals_at(connection: Connection, school: AdministeredSchool) -> list[Proposal]:
    """Return what was proposed at a school: what is open first, then the newest."""
    rows = await connection.fetch(
        f"{_PROPOSAL} order by r.settled_at is not null, r.proposed_at desc limit {_MOST_SHOWN}",
        school.institution_id,
        school.reached_by,
    )
    return [_proposal(row) for row in rows]


async def proposal_at(connection: Connection, school: AdministeredSchool, proposal_id: UUID) -> Proposal | None:
    """Return one of a school's proposals; another school's is as unknown as one that never was."""
    row = await connection.fetchrow(
        f"{_PROPOSAL} and r.proposal_id = $3", school.institution_id, school.reached_by, proposal_id
    )
    return _proposal(row) if row else None


def _proposal(row: Record) -> Proposal:
    values = dict(row)
    state, memberships = State(values.pop("state")), tuple(values.pop("memberships"))
    subjects = tuple(values.pop("subjects"))
    return Proposal(**values, memberships=memberships, subjects=subjects, state=state)
