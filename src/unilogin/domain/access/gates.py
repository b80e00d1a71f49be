"""The only way to a person one may do something for. What a gate returns is the permission; nobody else makes one.

A gate is asked again at every step: what was true a minute ago may have ended. "Not allowed" and "not there" are one
answer.
"""

from collections.abc import Sequence

from asyncpg import Record

from unilogin.domain.access.model import ChildInCustody, Place, PupilInReach
from unilogin.domain.directory.custody import AGREED, TIES
from unilogin.domain.directory.model import AccountId, Username
from unilogin.domain.directory.queries import DISPLAY_NAME
from unilogin.kit.db.connection import Connection

__all__ = [
    "IN_CUSTODY",
    "UNDER_18",
    "ChildInCustody",
    "Place",
    "PupilInReach",
    "child_in_custody",
    "children_in_custody",
    "places_of",
]


UNDER_18 = """case when child.birth_date is not null
    then child.birth_date + interval '18 years' > (kit_now() at time zone 'Europe/Copenhagen')::date
    else m.level in ('DT', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '10') end"""
"""Not 18 yet today. Without a date of birth whoever goes to the primary school is taken for a child."""

_CONTACTS = f"""
  {TIES}
    join directory_person child on child.person_id = m.person_id
"""

_HELD = f"{AGREED} and bool_or({UNDER_18})"
"""Small by what any school tells; in custody by what all tell, also one that knows neither grade nor date of birth."""

IN_CUSTODY = f"""exists (
  select 1 from {_CONTACTS}
  where k.contact_person_id = guardian.person_id and m.person_id = pupil.person_id
    and guardian.blocked_at is null and pupil.blocked_at is null
  having {_HELD})"""
"""For a statement of another room: ``guardian`` has custody of ``pupil`` (both rows of directory_account) now."""

_CHILDREN = f"""
  select pupil.account_id, pupil.username, {DISPLAY_NAME} as name,
         jsonb_agg(distinct jsonb_build_object('s', i.name, 'g', groups.name)) as places
  from directory_account guardian
    join {_CONTACTS} on k.contact_person_id = guardian.person_id
    join directory_account pupil on pupil.person_id = m.person_id
    join directory_person p on p.person_id = m.person_id
    left join lateral (
      select g.name from directory_group_member gm join directory_group g using (group_key)
      where gm.membership_id = m.membership_id and gm.main and g.ended_at is null order by g.name limit 1
    ) groups on true
  where guardian.account_id = $1 and guardian.blocked_at is null and pupil.blocked_at is null
    and ($2::uuid is null or pupil.account_id = $2)
  group by pupil.account_id, pupil.username, p.person_id
  having {_HELD}
  order by name, pupil.username
"""


async def child_in_custody(connection: Connection, guardian: AccountId, child: AccountId) -> ChildInCustody | None:
    """Return the child when this account has custody of it now and it is under 18, else None."""
    rows = await connection.fetch(_CHILDREN, guardian, child)
    return _child(rows[0], guardian) if rows else None


async def children_in_custody(connection: Connection, guardian: AccountId) -> list[ChildInCustody]:
    """Return the children under 18 of whom this account has custody now, by name."""
    return [_child(row, guardian) for row in await connection.fetch(_CHILDREN, guardian, None)]


def _child(row: Record, guardian: AccountId) -> ChildInCustody:
    return ChildInCustody(
        AccountId(row["account_id"]),
        guardian,
        None,
        row["name"],
        Username(row["username"]),
        places_of(row["places"]),
    )


def places_of(values: Sequence[dict[str, str | None]]) -> tuple[Place, ...]:
    """Return places from the JSON in which statements bring them: ``s`` is the school, ``g`` the class."""
    return tuple(Place(str(value["s"]), value["g"]) for value in values)
