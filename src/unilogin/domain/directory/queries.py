"""Reading people and institutions. A protected person's real name never leaves this room but by its own query."""

from collections.abc import Sequence
from uuid import UUID

from asyncpg import Record

from unilogin.domain.directory.model import (
    SOURCE_BY_HAND,
    AccountId,
    ActorGroup,
    Belonging,
    FoundPerson,
    Institution,
    InstitutionId,
    InstitutionKind,
    InstitutionNumber,
    PersonId,
    Standing,
    Username,
)
from unilogin.kit.db.connection import Connection
from unilogin.kit.db.patterns import holding

# A grade that an office typed is nothing to whoever has one from their own school: it would ask for another password.
_LEVEL = f"""case when m.source = '{SOURCE_BY_HAND}' and exists (
        select from directory_membership o where o.person_id = m.person_id and o.actor_group = 'Elev'
          and o.ended_at is null and o.source <> m.source) then null else m.level end"""

BELONGINGS = f"""
  select coalesce(jsonb_agg(jsonb_build_object('i', b.institution_id, 'n', b.number, 'g', b.actor_group,
                                               'r', b.roles, 'l', b.level)
                            order by b.number, b.actor_group), '[]') as belongings
  from (
    select i.institution_id, i.number, m.actor_group, m.roles, {_LEVEL} as level
    from directory_membership m join directory_institution i using (institution_id)
    where m.person_id = a.person_id and m.ended_at is null and i.active
    union
    select i.institution_id, i.number, 'Kontaktperson', array['Kontaktperson'], null
    from directory_contact c
    join directory_membership m using (membership_id) join directory_institution i using (institution_id)
    where c.contact_person_id = a.person_id and m.ended_at is null and i.active
  ) b
"""
"""Everything the person of ``a`` (directory_account) belongs to now, as one JSON value; for LATERAL joins."""

_STANDING = f"""
  select a.account_id, a.person_id, a.username, a.uniid, a.blocked_at is not null as blocked, b.belongings
  from directory_account a cross join lateral ({BELONGINGS}) b
"""

LED_TO = """select coalesce(n.merged_into, n.account_id) from directory_account n
  where n.username = {0} or n.account_id = (
    select f.account_id from directory_former_username f where f.username = {0} and f.leads_until > kit_now())"""
"""The account that a username leads to: whose it is, or lately was; or the one that account was merged into."""

DISPLAY_NAME = """case when p.protected then p.alias_first_name || ' ' || p.alias_family_name
  else p.first_name || ' ' || p.family_name end"""
"""How the person of ``p`` (directory_person) is called everywhere outside the authority package (N-113)."""


def standing_of(row: Record) -> Standing:
    """Return the standing in a row that has the columns of the standing statement."""
    return Standing(
        AccountId(row["account_id"]),
        PersonId(row["person_id"]),
        Username(row["username"]),
        row["uniid"],
        row["blocked"],
        _belongings(row["belongings"]),
    )


def _belongings(values: Sequence[dict[str, object]]) -> tuple[Belonging, ...]:
    return tuple(
        Belonging(
            InstitutionId(UUID(str(value["i"]))),
            InstitutionNumber(str(value["n"])),
            ActorGroup(str(value["g"])),
            tuple(str(role) for role in _list(value["r"])),
            None if value["l"] is None else str(value["l"]),
        )
        for value in values
    )


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else ()


async def standing_by_username(connection: Connection, username: Username) -> Standing | None:
    """Return the account that a folded username leads to, or None."""
    row = await connection.fetchrow(f"{_STANDING} where a.account_id = ({LED_TO.format('$1')})", username)
    return standing_of(row) if row else None


async def standing(connection: Connection, account_id: AccountId) -> Standing | None:
    """Return the account and what it belongs to now, or None."""
    row = await connection.fetchrow(f"{_STANDING} where a.account_id = $1", account_id)
    return standing_of(row) if row else None


MOST_FOUND = 50

_FIND = f"""
  select a.account_id, {DISPLAY_NAME} as display_name, p.protected, a.username, a.uniid, b.belongings
  from directory_account a join directory_person p using (person_id) cross join lateral ({BELONGINGS}) b
"""


async def find_people(connection: Connection, term: str) -> list[FoundPerson]:
    """Return people whose username or uniid is ``term`` or whose shown name contains it (at least 3 characters)."""
    rows = await connection.fetch(
        f"{_FIND} where a.account_id = ({LED_TO.format('lower($1)')}) or a.uniid = lower($1)"
        f" or ({DISPLAY_NAME} ilike $2 escape '\\' and a.merged_into is null)"
        f" order by display_name, a.username limit {MOST_FOUND}",
        term,
        holding(term),
    )
    return [_found(row) for row in rows]


async def person_by_cpr_index(connection: Connection, cpr_index: bytes) -> FoundPerson | None:
    """Return the one person of a CPR look-up value, or None."""
    row = await connection.fetchrow(f"{_FIND} where p.cpr_index = $1", cpr_index)
    return _found(row) if row else None


def _found(row: Record) -> FoundPerson:
    return FoundPerson(
        AccountId(row["account_id"]),
        row["display_name"],
        row["protected"],
        Username(row["username"]),
        row["uniid"],
        _belongings(row["belongings"]),
    )


_INSTITUTION = "select institution_id, number, name, kind, cvr, municipality, public_law_body, active"


def _institution(row: Record) -> Institution:
    return Institution(
        InstitutionId(row["institution_id"]),
        InstitutionNumber(row["number"]),
        row["name"],
        InstitutionKind(row["kind"]),
        row["cvr"],
        row["municipality"],
        row["public_law_body"],
        row["active"],
    )


async def institutions(connection: Connection) -> list[Institution]:
    """Return all institutions by number."""
    rows = await connection.fetch(f"{_INSTITUTION} from directory_institution order by number")
    return [_institution(row) for row in rows]


async def institution(connection: Connection, number: str) -> Institution | None:
    """Return the institution of a number in any case, or None."""
    row = await connection.fetchrow(f"{_INSTITUTION} from directory_institution where number = upper($1)", number)
    return _institution(row) if row else None
