"""Every table has one room that writes it, and is read only by rooms that stand above that one.

SQL stands in plain sight, so the strings of the source tell who reads and writes what.
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.house.source import PACKAGE, ROOT, name_of, parsed, python_files, read, room_of, strings

WRITES = re.compile(
    r"\b(?:insert\s+into|update(?:\s+only)?|delete\s+from(?:\s+only)?|merge\s+into|truncate(?:\s+table)?)\s+([\w{}]+)",
    re.I,
)
COPIES = re.compile(r"\bcopy\s+([\w{}]+)\s*(?:\([^)]*\))?\s+from\b", re.I)
READS = re.compile(r"\b(?:from|join|using)\s+(?:only\s+|lateral\s+)?(\w+)", re.I)
CREATES = re.compile(r"\bcreate\s+(?:unlogged\s+)?table\s+(?:if\s+not\s+exists\s+)?(\w+)", re.I)
TEMPORARY = re.compile(r"\bcreate\s+temp(?:orary)?\s+table\s+(?:if\s+not\s+exists\s+)?(\w+)", re.I)
SQL = re.compile(r"^\s*(?:with|select|insert|update|delete|merge|truncate|copy|create|grant|\{\})\b", re.I)
NOT_A_TABLE = {"set", "on", "of", "skip", "nowait"}  # for update of …, do update set …
EVENTS_LOG = "audit_event"


def test_every_table_is_declared_by_the_room_whose_name_it_begins_with() -> None:
    declared = {table: room for room, tables in declarations() for table in tables}
    made = {table for table in made_by_migrations() if not table.startswith("audit_event_")}
    assert made | {"kit_migration"} == set(declared)
    for table, room in declared.items():
        assert any(table.startswith(f"{part}_") for part in room.split("/")), table


def test_every_table_is_declared_once() -> None:
    declared = [table for _, tables in declarations() for table in tables]
    assert len(declared) == len(set(declared))


def test_every_table_is_written_only_by_its_room() -> None:
    strangers = [
        f"{place} writes {table}"
        for path, place, table in written()
        if table in owners() and room_of(path) != owners()[table]
    ]
    assert not strangers


def test_what_is_written_stands_in_plain_sight() -> None:
    """A table whose name is put together while running could be anybody's."""
    hidden = [
        f"{place} writes {table}"
        for path, place, table in written()
        if table not in owners() and table not in own_temporary_tables(path)
    ]
    assert not hidden


@pytest.mark.parametrize(
    "sql",
    [
        "insert into a_table (b) values ($1)",
        "INSERT INTO\n  a_table select 1",
        "with gone as (delete from only a_table where b returning c) select c from gone",
        "), moved as (update a_table set b = 1)",
        "merge into a_table using other on true when matched then delete",
        "truncate table a_table",
        "copy a_table (b, c) from stdin",
    ],
)
def test_the_scan_sees_every_kind_of_write(sql: str) -> None:
    assert written_in(sql) == ["a_table"]


def test_the_scan_does_not_take_a_locked_row_for_a_write() -> None:
    assert written_in("select b from a_table where c for update of a_table skip locked") == []
    assert written_in("insert into a_table (b) values (1) on conflict (b) do update set b = 2") == ["a_table"]


def test_audit_rows_of_other_rooms_go_through_the_fragment_that_audit_owns() -> None:
    spelled_out = [
        f"{name_of(path)}:{line}"
        for path in python_files("src/")
        if room_of(path) != "domain/audit"
        for line, text in strings(path)
        if re.search(rf"\b(?:into|update|from)\s+{EVENTS_LOG}\b", text, re.I) and WRITES.search(text)
    ]
    assert not spelled_out


def test_a_table_is_read_only_from_above_its_room() -> None:
    """Tokens hang on sessions and not the other way: a lower room never looks into a higher one's tables."""
    upward = [
        f"{name_of(path)}:{line} reads {table}"
        for path in python_files("src/")
        for line, text in strings(path)
        for table in READS.findall(text)
        if table in owners() and not may_use(room_of(path), owners()[table])
    ]
    assert not upward


@pytest.mark.parametrize(
    ("user", "used", "allowed"),
    [
        ("signin", "domain/sessions", True),
        ("domain/sessions", "signin", False),
        ("domain/directory", "domain/access", False),
        ("domain/access", "domain/directory", True),
        ("protocols/oidc", "domain/sessions", True),
        ("domain/sessions", "protocols/oidc", False),
        ("apps/support", "protocols/oidc", False),
        ("kit/db", "domain/audit", False),
    ],
)
def test_who_may_read_whose_tables_follows_the_floors(user: str, used: str, *, allowed: bool) -> None:
    assert may_use(user, used) is allowed


def declarations() -> Iterator[tuple[str, list[str]]]:
    """Each room with the tables its docstring names."""
    for path in python_files("src/"):
        documented = ast.get_docstring(parsed(path)) or ""
        if path.name == "__init__.py" and (found := re.search(r"\bTables: ([\w,\s]+)\.", documented)):
            names = [name.strip() for name in found[1].split(",")]
            if names != ["none"]:
                yield room_of(path), names


def made_by_migrations() -> set[str]:
    made: set[str] = set()
    for path in sorted((PACKAGE / "migrations").glob("*.sql")):
        made |= set(CREATES.findall(re.sub(r"--[^\n]*", "", read(path))))
    return made


@cache
def owners() -> dict[str, str]:
    return {table: room for room, tables in declarations() for table in tables}


def written() -> Iterator[tuple[Path, str, str]]:
    """Every write to a table in the source: the file, the place to point at, the table."""
    for path in python_files("src/"):
        for line, text in strings(path):
            for table in written_in(text):
                if table in owners() or SQL.search(text):
                    yield path, f"{name_of(path)}:{line}", table
        for line, table in copied_through_the_driver(path):
            yield path, f"{name_of(path)}:{line}", table


def written_in(sql: str) -> list[str]:
    """The tables that a piece of SQL writes to."""
    return [table for table in (*WRITES.findall(sql), *COPIES.findall(sql)) if table.lower() not in NOT_A_TABLE]


def copied_through_the_driver(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(parsed(path)):
        called = node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""
        if isinstance(node, ast.Call) and re.match(r"copy_\w*to_table", called):
            table = node.args[0] if node.args else None
            yield node.lineno, str(table.value) if isinstance(table, ast.Constant) else "{}"


@cache
def own_temporary_tables(path: Path) -> set[str]:
    """Temporary tables made anywhere in the same room: they live in one transaction and are nobody else's."""
    return {
        table
        for other in python_files("src/")
        if room_of(other) == room_of(path)
        for _, text in strings(other)
        for table in TEMPORARY.findall(text)
    }


@cache
def heights() -> dict[str, int]:
    """How high each room stands, by the same contracts that the imports keep."""
    contracts = {
        contract["id"]: contract
        for contract in tomllib.loads(read(ROOT / "pyproject.toml"))["tool"]["importlinter"]["contracts"]
    }
    found: dict[str, int] = {}
    for floor, layer in enumerate(reversed(contracts["floors"]["layers"])):
        for room in layer.split("|"):
            found[room.strip(" ()")] = floor * 100
    for step, layer in enumerate(reversed(contracts["domain"]["layers"])):
        for room in layer.split("|"):
            found[f"domain/{room.strip(' ()')}"] = found["domain"] + step
    return found


def height(room: str) -> int:
    return heights().get(room, heights().get(room.split("/", maxsplit=1)[0], 0) if room else max(heights().values()))


def may_use(user: str, used: str) -> bool:
    return user == used or height(user) > height(used)
