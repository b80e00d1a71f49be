"""The least a roster loader can do: parse the files with lxml, read every field of every person, and COPY the rows.

Nothing is checked, compared, encrypted or audited, and the tables have no index. ``python -m bench.bare_roster FILE…``
parses; with ``--dsn`` it also copies.
"""

import argparse
import asyncio
from collections.abc import Iterator
from pathlib import Path

import asyncpg
from lxml import etree

ROWS_AT_ONCE = 5000
_PERSON = ("FirstName", "FamilyName", "CivilRegistrationNumber", "BirthDate", "Gender", "EmailAddress")
_ADDRESS = ("StreetAddress", "PostalCode", "PostalDistrict", "CountryCode", "MunicipalityCode")
PERSON_COLUMNS = ("institution", "local_id", "relation", "custody", "protected", *_PERSON, *_ADDRESS)
MEMBERSHIP_COLUMNS = ("institution", "local_id", "part", "roles", "level", "main_group", "groups")

Row = tuple[str | None, ...]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--dsn")
    given = parser.parse_args()
    if given.dsn is None:
        print(sum(1 + len(persons) for file in given.files for _, persons in read(file)))
    else:
        asyncio.run(load(given.files, given.dsn))


def read(file: Path) -> Iterator[tuple[Row, list[Row]]]:
    """Read one membership after the other, with its persons: the member and the contact persons."""
    institution = None
    for _, element in etree.iterparse(file, tag=("{*}InstitutionNumber", "{*}InstitutionPerson")):
        if _name(element) == "InstitutionNumber":
            institution = element.text
            continue
        yield _rows(institution, element)
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]


def _rows(institution: str | None, element: etree._Element) -> tuple[Row, list[Row]]:
    local_id, person, part = element[0].text, element[1], element[2]
    persons = [_person(institution, local_id, person)]
    texts: dict[str, list[str]] = {}
    for child in part:
        name = _name(child)
        if name == "ContactPerson":
            persons.append(_person(institution, local_id, child[0], around=child))
        else:
            texts.setdefault(name, []).append(child.text or "")
    one = {name: values[0] for name, values in texts.items()}
    roles, groups = ",".join(texts.get("Role", [])), ",".join(texts.get("GroupId", []))
    return (institution, local_id, _name(part), roles, one.get("Level"), one.get("MainGroupId"), groups), persons


def _person(
    institution: str | None, local_id: str | None, person: etree._Element, *, around: etree._Element | None = None
) -> Row:
    texts = {_name(leaf): leaf.text for leaf in person.iter() if leaf.text}
    relation, custody = (None, None) if around is None else (around.get("relation"), around.get("childCustody"))
    fields = [texts.get(name) for name in (*_PERSON, *_ADDRESS)]
    return (institution, local_id, relation, custody, person.get("protected"), *fields)


def _name(element: etree._Element) -> str:
    return element.tag.rpartition("}")[2]


async def load(files: list[Path], dsn: str) -> None:
    """Copy the rows of all files into plain tables, one transaction a file."""
    connection = await asyncpg.connect(dsn)
    for table, columns in (("bare_person", PERSON_COLUMNS), ("bare_membership", MEMBERSHIP_COLUMNS)):
        await connection.execute(
            f"create table if not exists {table} ({', '.join(f'{c} text' for c in _sql(columns))})"
        )
    for file in files:
        async with connection.transaction():
            await _load_file(connection, file)
    await connection.close()


async def _load_file(connection: "asyncpg.Connection[asyncpg.Record]", file: Path) -> None:
    persons: list[Row] = []
    memberships: list[Row] = []
    for membership, people in read(file):
        memberships.append(membership)
        persons.extend(people)
        if len(persons) >= ROWS_AT_ONCE:
            await _copy(connection, persons, memberships)
            persons, memberships = [], []
    await _copy(connection, persons, memberships)


async def _copy(connection: "asyncpg.Connection[asyncpg.Record]", persons: list[Row], memberships: list[Row]) -> None:
    await connection.copy_records_to_table("bare_person", records=persons, columns=_sql(PERSON_COLUMNS))
    await connection.copy_records_to_table("bare_membership", records=memberships, columns=_sql(MEMBERSHIP_COLUMNS))


def _sql(columns: tuple[str, ...]) -> list[str]:
    return [column.lower() for column in columns]


if __name__ == "__main__":
    main()
