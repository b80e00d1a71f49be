"""References between people's tables are checked once a statement, and hold as foreign keys do."""

import asyncpg
import pytest

from tests.builders.running import run
from unilogin.kit.db.connection import connect

NOBODY = "00000000-0000-7000-8000-000000000000"

NEW = "(select person_id from directory_person where first_name = 'Ny')"
ACCOUNT = "insert into directory_account (person_id, username, uniid)"
MEMBERSHIP = """insert into directory_membership
  (person_id, institution_id, source, local_person_id, actor_group, roles, raw_hash)"""
MEMBER = "insert into directory_group_member (group_key, membership_id)"
CONTACT = "insert into directory_contact (membership_id, contact_person_id, relation, child_custody, access_level)"

LOOSE = (
    f"{ACCOUNT} values ('{NOBODY}', 'nyny0000', 'aaaaaaaaaa')",
    f"{ACCOUNT} values ({NEW}, 'zzzz0000', 'aaaaaaaaaa')",
    f"{MEMBERSHIP} select '{NOBODY}', institution_id, 'x', 'x', 'Elev', '{{Elev}}', '' from directory_institution",
    f"{MEMBERSHIP} select person_id, '{NOBODY}', 'x', first_name, 'Elev', '{{Elev}}', '' from directory_person",
    f"{MEMBER} select '{NOBODY}', membership_id from directory_membership",
    f"{MEMBER} select group_key, '{NOBODY}' from directory_group",
    f"{CONTACT} select membership_id, '{NOBODY}', 'Mor', true, 1 from directory_membership",
    f"{CONTACT} values ('{NOBODY}', {NEW}, 'Mor', true, 1)",
)
HELD = ("directory_person", "directory_username", "directory_membership", "directory_group", "directory_institution")
KEYS = (
    "update directory_account set person_id = person_id",
    "update directory_account set username = username",
    "update directory_membership set person_id = person_id",
    "update directory_membership set membership_id = membership_id",
    "update directory_membership set institution_id = institution_id",
    "update directory_institution set institution_id = institution_id",
    "update directory_group_member set group_key = group_key",
    "update directory_contact set contact_person_id = contact_person_id",
    "update directory_person set person_id = person_id",
    "update directory_username set username = username",
    "update directory_group set group_key = group_key",
)
SEEDS = (
    "insert into directory_institution (number, name, kind, public_law_body) values ('R1', 'R1', 'folkeskole', true)",
    "insert into directory_person (first_name, family_name) values ('Ny', 'Prøve'), ('Gammel', 'Prøve')",
    "insert into directory_username (username) values ('nyny0000'), ('gaml0000')",
    f"{ACCOUNT} select person_id, 'gaml0000', 'bbbbbbbbbb' from directory_person where first_name = 'Gammel'",
    f"""{MEMBERSHIP} select p.person_id, i.institution_id, 'y', 'y', 'Elev', '{{Elev}}', ''
        from directory_person p, directory_institution i where p.first_name = 'Gammel'""",
    """insert into directory_group (institution_id, source, group_id, name)
       select institution_id, 'tests', 'g', 'g' from directory_institution""",
    f"{MEMBER} select g.group_key, m.membership_id from directory_group g, directory_membership m",
    f"{CONTACT} select membership_id, {NEW}, 'Mor', true, 1 from directory_membership",
)


async def _refused(dsn: str, statement: str) -> str:
    connection = await connect(dsn)
    for seed in SEEDS:
        await connection.execute(seed)
    try:
        await connection.execute(statement)
    except asyncpg.PostgresError as error:
        return type(error).__name__
    finally:
        await connection.close()
    return "allowed"


@pytest.mark.parametrize("statement", [*LOOSE, *KEYS, *(f"delete from {table}" for table in HELD)])
def test_no_reference_leads_to_nobody(database: str, statement: str) -> None:
    assert run(_refused(database, statement)) == "ForeignKeyViolationError"
