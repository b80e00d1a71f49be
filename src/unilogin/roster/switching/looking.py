"""Reading the new system's file without loading it, and those who are here."""

from collections.abc import Sequence
from datetime import date
from typing import BinaryIO

from unilogin.domain.directory.model import InstitutionId
from unilogin.kit.db.connection import Connection
from unilogin.kit.secrets import Secrets
from unilogin.roster.model import DeliveryKind, Severity
from unilogin.roster.reading import Reading
from unilogin.roster.rules import check_source
from unilogin.roster.switching.model import Coming, FirstFile, Here, Unread

MOST_UNREAD = 100
"""Findings that are shown with a plan: with more of them the file is not the one to begin with."""


def read_file(
    file: BinaryIO, *, secrets: Secrets, today: date, namespaces: Sequence[str], institution: str
) -> FirstFile:
    """Read everybody of an institution in a file; blocks. Raises DocumentError or DeliveryRefusedError."""
    file.seek(0)
    reading = Reading(
        file, kind=DeliveryKind.FULL, secrets=secrets, today=today, namespaces=namespaces, institution=institution
    )
    try:
        check_source(reading.header)
        names = {group.group_id: group.name for group in reading.groups}
        found = []
        while (batch := reading.next_batch()) is not None:
            classes = {row.membership_id: names.get(row.group_id, row.group_id) for row in batch.groups if row.main}
            persons = {(row.line, row.cpr_index): row for row in batch.persons if row.own}
            for member in batch.members:
                who = persons[member.line, member.cpr_index]
                found.append(
                    Coming(
                        member.local_person_id,
                        member.line,
                        who.cpr_index if who.cpr_sealed else None,
                        who.first_name,
                        who.family_name,
                        who.birth_date,
                        member.actor_group,
                        classes.get(member.membership_id),
                        who.person_id,
                        who.cpr_sealed,
                        who.protected,
                        member.level,
                    )
                )
        reading.finish()
        why = [one for one in reading.findings if one.severity is Severity.REFUSED and one.group is None]
        return FirstFile(reading.header, reading.kind, found, Unread(reading.refused, tuple(why[:MOST_UNREAD])))
    finally:
        reading.close()
        file.seek(0)


_HERE = """
  select m.membership_id, m.local_person_id, p.first_name, p.family_name, p.birth_date, m.actor_group,
         (select g.name from directory_group_member gm join directory_group g using (group_key)
          where gm.membership_id = m.membership_id and gm.main limit 1) as class_name,
         array_remove(array_append(array(select f.cpr_index from directory_former_cpr f
                                         where f.person_id = p.person_id), p.cpr_index), null) as numbers,
         exists (select from directory_account a join access_right r using (account_id)
                 where a.person_id = m.person_id and r.revoked_at is null) as guarded
  from directory_membership m join directory_person p using (person_id)
  where m.institution_id = $1 and m.source = $2 and m.ended_at is null
"""


async def who_is_here(connection: Connection, institution_id: InstitutionId, *, source: str) -> list[Here]:
    """Return everybody whom a system has at an institution now. Real names: nobody is shown them."""
    rows = await connection.fetch(_HERE, institution_id, source)
    return [
        Here(
            row["membership_id"],
            row["local_person_id"],
            frozenset(row["numbers"]),
            row["first_name"],
            row["family_name"],
            row["birth_date"],
            row["actor_group"],
            row["class_name"],
            row["guarded"],
        )
        for row in rows
    ]


async def known_numbers(connection: Connection, theirs: Sequence[Coming]) -> frozenset[bytes]:
    """Return those numbers of a file that somebody has or had, wherever they are."""
    rows = await connection.fetch(
        "select cpr_index from directory_person where cpr_index = any ($1::bytea[])"
        " union select cpr_index from directory_former_cpr where cpr_index = any ($1::bytea[])",
        [one.number for one in theirs if one.number is not None],
    )
    return frozenset(row["cpr_index"] for row in rows)


async def sources_of(connection: Connection, institution_id: InstitutionId) -> list[str]:
    """Return the systems that have people at an institution now."""
    rows = await connection.fetch(
        "select distinct source from directory_membership where institution_id = $1 and ended_at is null order by 1",
        institution_id,
    )
    return [row["source"] for row in rows]
