"""The people of the demo as the demo page and ``/demo.json`` list them: names as others may see them."""

from dataclasses import dataclass

from unilogin.domain.credentials.model import PasswordType
from unilogin.domain.directory.model import AccountId
from unilogin.domain.directory.queries import DISPLAY_NAME
from unilogin.kit.db.connection import Connection


@dataclass(frozen=True, slots=True)
class ListedPerson:
    """One way a person belongs somewhere, or a contact person who belongs nowhere else."""

    account_id: AccountId
    name: str
    username: str
    uniid: str
    protected: bool
    actor_group: str
    roles: tuple[str, ...]
    institution: str
    school: str
    class_name: str | None
    level: str | None
    password_type: PasswordType | None
    children: tuple[str, ...]


_CHILDREN = """array(
    select distinct ca.username from directory_contact k join directory_membership m using (membership_id)
    join directory_account ca on ca.person_id = m.person_id
    where k.contact_person_id = p.person_id and k.child_custody and m.ended_at is null order by ca.username)"""

_LISTED = f"""
  select a.account_id, {DISPLAY_NAME} as name, a.username, a.uniid, p.protected, m.actor_group, m.roles,
         i.number, i.name as school, g.name as class_name, m.level,
         c.type as password_type, {_CHILDREN} as children
  from directory_membership m
  join directory_person p using (person_id) join directory_account a using (person_id)
  join directory_institution i using (institution_id)
  left join directory_group_member gm on gm.membership_id = m.membership_id and gm.main
  left join directory_group g using (group_key)
  left join credentials_password c using (account_id)
  where m.ended_at is null
  union all
  select a.account_id, {DISPLAY_NAME}, a.username, a.uniid, p.protected, 'Kontaktperson', array['Kontaktperson'],
         min(i.number), min(i.name), null, null, c.type, {_CHILDREN}
  from directory_contact k
  join directory_membership m using (membership_id) join directory_institution i using (institution_id)
  join directory_person p on p.person_id = k.contact_person_id join directory_account a on a.person_id = p.person_id
  left join credentials_password c using (account_id)
  where m.ended_at is null
    and not exists (select from directory_membership own where own.person_id = p.person_id and own.ended_at is null)
  group by a.account_id, a.username, a.uniid, p.person_id, c.type
  order by 8, 6, 11 nulls last, 10 nulls last, 2
"""


async def listed_people(connection: Connection) -> list[ListedPerson]:
    """Return everybody, by institution, group, level, class and name."""
    rows = await connection.fetch(_LISTED)
    return [
        ListedPerson(
            AccountId(row["account_id"]),
            row["name"],
            row["username"],
            row["uniid"],
            row["protected"],
            row["actor_group"],
            tuple(row["roles"]),
            row["number"],
            row["school"],
            row["class_name"],
            row["level"],
            PasswordType(row["password_type"]) if row["password_type"] else None,
            tuple(row["children"]),
        )
        for row in rows
    ]


async def accounts_by_cpr_index(connection: Connection) -> dict[bytes, AccountId]:
    """Return CPR look-up value → account, of everybody who has a number."""
    rows = await connection.fetch(
        "select p.cpr_index, a.account_id from directory_person p join directory_account a using (person_id)"
        " where p.cpr_index is not null"
    )
    return {row["cpr_index"]: AccountId(row["account_id"]) for row in rows}
