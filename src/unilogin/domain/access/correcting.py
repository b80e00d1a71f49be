"""The way of a user administrator to an account that they may help to put right: a pupil's, and only of their schools.

Whoever merges accounts decides whose password opens what, and whoever splits one decides whose a pupil's work is. Over
pupils of their own schools administrators have that power anyway (a window of five minutes). Over adults, and over
pupils whom another school has, they have not, and do not get it here: that is for whoever runs Unilogin.
"""

from dataclasses import dataclass
from enum import StrEnum

from asyncpg import Record

from unilogin.domain.access.administering import Administrator, administered_schools
from unilogin.domain.access.care import in_care
from unilogin.domain.directory.model import AccountId, InstitutionId, PersonId, Username
from unilogin.kit.db.connection import Connection


@dataclass(frozen=True, slots=True)
class PupilToCorrect:
    """An account that ``reached_by`` may help to put right now. Only the gate of this file makes one."""

    account_id: AccountId
    person_id: PersonId
    username: Username
    places: frozenset[InstitutionId]
    """Where they belong, or belonged last; all of it is in reach."""
    reached_by: AccountId


class NotCorrectable(StrEnum):
    """Why somebody may not."""

    UNKNOWN = "unknown"  # there is none, or nowhere near: the same answer, for usernames are not to be tried here
    YOURSELF = "yourself"
    ELSEWHERE = "elsewhere"  # another school has them too
    NOT_A_PUPIL = "not_a_pupil"  # or not a pupil alone: somebody's contact person, or the holder of a right


_WHO = f"""
  with who as (select account_id, person_id, username from directory_account where username = lower($1)),
  held as (
    select m.institution_id, m.actor_group, m.ended_at, {in_care()} as in_care
    from directory_membership m join who using (person_id)
  ), counts as (
    select institution_id, actor_group, in_care from held where ended_at is null
    union all
    select institution_id, actor_group, in_care from held where ended_at = (select max(ended_at) from held)
      and not exists (select from held where ended_at is null)
  )
  select w.account_id, w.person_id, w.username,
         (select coalesce(array_agg(distinct institution_id), '{{}}') from counts) as places,
         (select coalesce(array_agg(institution_id) filter (where in_care), '{{}}') from counts) as in_care_of,
         (select bool_and(actor_group = 'Elev') from counts)
           and not exists (select from directory_contact c where c.contact_person_id = w.person_id)
           and not exists (select from access_right r where r.account_id = w.account_id and r.revoked_at is null)
           and not exists (select from access_loan l where l.account_id = w.account_id and l.ended_at is null)
           as is_pupil
  from who w
"""


async def pupil_to_correct(
    connection: Connection, administrator: Administrator, username: str
) -> PupilToCorrect | NotCorrectable:
    """Return the account of a username when this person may help to put it right, else why not.

    Where somebody belongs counts, or belonged last.
    """
    row = await connection.fetchrow(_WHO, username)
    reached = {one.institution_id for one in await administered_schools(connection, administrator)}
    places = frozenset(InstitutionId(place) for place in row["places"]) if row else frozenset()
    if row is None or reached.isdisjoint(row["in_care_of"]):  # an office that only added them tries no usernames here
        return NotCorrectable.UNKNOWN
    return _why_not(row, administrator, is_elsewhere=not places <= reached) or PupilToCorrect(
        AccountId(row["account_id"]),
        PersonId(row["person_id"]),
        Username(row["username"]),
        places,
        administrator.account_id,
    )


def _why_not(row: Record, administrator: Administrator, *, is_elsewhere: bool) -> NotCorrectable | None:
    if row["account_id"] == administrator.account_id:
        return NotCorrectable.YOURSELF
    if not row["is_pupil"]:
        return NotCorrectable.NOT_A_PUPIL
    return NotCorrectable.ELSEWHERE if is_elsewhere else None
