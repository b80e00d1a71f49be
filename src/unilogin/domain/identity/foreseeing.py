"""Looking ahead: what would follow from making one account of two, and which pupils seem to have two. Changes nothing.

Names of protected people never lead to somebody: whoever is hidden is compared with others who are hidden alone, or the
list of those who seem to be one would say who is behind an alias (N-113).
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from unilogin.domain.access.administering import AdministeredSchool
from unilogin.domain.access.care import in_care
from unilogin.domain.directory.cpr import CprKind
from unilogin.domain.directory.following import found
from unilogin.domain.directory.model import PersonId, Username
from unilogin.domain.directory.queries import DISPLAY_NAME
from unilogin.domain.identity.model import NotDone, Side
from unilogin.domain.identity.moving import FOLLOWING, ends_of
from unilogin.domain.identity.queries import are_of_other_days, are_related, kind_of_sealed
from unilogin.domain.identity.rules import goes_on, takes_other_number, why_not_merge
from unilogin.domain.services.following import services_that_know_both
from unilogin.domain.sessions.queries import LIVE
from unilogin.kit.db.connection import Connection
from unilogin.kit.secrets import CprVault

MOST_DOUBLES = 50


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What follows from a merge: ``kept`` goes on because of ``why``; ``refusal`` says why it must not be."""

    kept: Side
    other: Side
    why: str
    refusal: NotDone | None
    follows: dict[str, int]
    """Rows that go from the other account to the one that goes on, by kind."""
    told: tuple[tuple[str, bool], ...]
    """Services that know both accounts, and whether they asked to be told of a change."""
    sessions: int
    """Sign-ins with the other account that end."""
    takes_number: bool
    other_day: bool
    """Born on another day: whoever looks at a screen must not say that they are one."""


@dataclass(frozen=True, slots=True)
class Place:
    """A membership as somebody sees it who puts people right."""

    membership_id: UUID
    institution_id: UUID
    institution: str
    local_person_id: str
    source: str
    roles: tuple[str, ...]
    level: str | None
    group: str | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Doubles:
    """Two accounts of a school that seem to be one pupil's; ``names`` are those that others may see."""

    usernames: tuple[Username, Username]
    name: str
    group: str | None
    one_number: bool
    """Whether one of them came with a replacement number, or none, and the other one with a number of the register."""


def ordered(one: Side, other: Side) -> tuple[Side, Side, str]:
    """Return which of two goes on, which one does not, and why."""
    first, why = goes_on(one.use, other.use)
    return (one, other, why) if first else (other, one, why)


async def foresee_merge(connection: Connection, pair: tuple[Side, Side], *, why: str) -> Foreseen:
    """Look at what would follow if the second account became part of the first."""
    kept, other = pair
    related = await are_related(connection, kept.person_id, other.person_id)
    follows = {}
    for follow in FOLLOWING:
        if keys := await found(connection, follow, ends=ends_of(follow, other, kept)):
            follows[follow.what] = len(keys)
    sessions = await connection.fetchval(
        f"select count(*)::int from sessions_session s where s.account_id = $1 and {LIVE}", other.account_id
    )
    return Foreseen(
        kept,
        other,
        why,
        why_not_merge(kept, other, related=related, two_numbers=False),
        follows,
        await services_that_know_both(connection, kept.account_id, other.account_id),
        sessions,
        takes_other_number(kept.number, other.number),
        await are_of_other_days(connection, kept.person_id, other.person_id),
    )


_PLACES = """
  select m.membership_id, m.institution_id, i.name as institution, m.local_person_id, m.source, m.roles, m.level,
         (select g.name from directory_group_member gm join directory_group g using (group_key)
          where gm.membership_id = m.membership_id and gm.main limit 1) as group_name, m.ended_at
  from directory_membership m join directory_institution i using (institution_id)
  where m.person_id = $1 order by m.ended_at is not null, m.ended_at desc, i.name, m.local_person_id limit 20
"""


async def places_of(connection: Connection, person_id: PersonId) -> list[Place]:
    """Return where somebody belongs and belonged, what is true now first."""
    rows = await connection.fetch(_PLACES, person_id)
    return [
        Place(
            row["membership_id"],
            row["institution_id"],
            row["institution"],
            row["local_person_id"],
            row["source"],
            tuple(row["roles"]),
            row["level"],
            row["group_name"],
            row["ended_at"],
        )
        for row in rows
    ]


_DOUBLES = f"""
  with here as materialized (
    select distinct a.account_id, a.username, p.person_id, p.birth_date, p.protected, p.cpr_sealed,
           lower(p.first_name || ' ' || p.family_name) as real_name, {DISPLAY_NAME} as name
    from directory_membership m join directory_person p using (person_id) join directory_account a using (person_id)
    where m.institution_id = $1 and m.actor_group = 'Elev' and a.merged_into is null
      and (m.ended_at is null or m.ended_at > kit_now() - interval '1 year')
      and {in_care()}
  )
  select one.username as one, other.username as other, one.name,
         one.person_id as one_id, one.cpr_sealed as one_sealed,
         other.person_id as other_id, other.cpr_sealed as other_sealed,
         (select g.name from directory_membership m join directory_group_member gm using (membership_id)
          join directory_group g using (group_key)
          where m.person_id in (one.person_id, other.person_id) and m.institution_id = $1 and gm.main
          order by m.ended_at is not null limit 1) as group_name
  from here one join here other
    on other.real_name = one.real_name and other.protected = one.protected and other.account_id > one.account_id
  where (one.birth_date = other.birth_date or one.birth_date is null or other.birth_date is null)
    and not exists (select from identity_proposal r where r.institution_id = $1 and r.kind = 'merge'
                      and r.correction_id is null
                      and (r.kept_id, r.other_id) in ((one.account_id, other.account_id),
                                                      (other.account_id, one.account_id)))
  order by one.name, one.username limit {MOST_DOUBLES}
"""


async def doubles_at(connection: Connection, school: AdministeredSchool, *, vault: CprVault) -> list[Doubles]:
    """Return pupils of a school who seem to have two accounts: of one name and birthday, and not two real numbers.

    Nobody about whom somebody has said yes or no.
    """
    rows = await connection.fetch(_DOUBLES, school.institution_id)
    found = []
    for row in rows:
        kinds = {
            kind_of_sealed(row[f"{which}_sealed"], PersonId(row[f"{which}_id"]), vault) for which in ("one", "other")
        }
        if kinds != {CprKind.REAL}:
            names = (Username(row["one"]), Username(row["other"]))
            found.append(Doubles(names, row["name"], row["group_name"], CprKind.REAL in kinds))
    return found
