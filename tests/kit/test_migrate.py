"""Migrations: in order, once, never edited, never backwards."""

import asyncio
from pathlib import Path

import pytest

from tests.builders.running import run
from tests.postgres import TestServer
from unilogin.kit.db.connection import connect
from unilogin.kit.db.migrate import Migration, MigrationError, applied, migrate, migrations_of, pending

ONE = Migration(1, "0001_one", "create table a (x int)")
TWO = Migration(2, "0002_two", "create table b (x int)")


@pytest.fixture
def empty(postgres: TestServer) -> str:
    postgres.drop_database("migrating")
    return postgres.create_database("migrating")


def folder(path: Path, *migrations: Migration) -> Path:
    path.mkdir(exist_ok=True)
    for migration in migrations:
        (path / f"{migration.name}.sql").write_text(migration.sql, encoding="utf-8")
    return path


def test_a_repeated_migration_changes_nothing(empty: str) -> None:
    assert len(run(migrate(empty))) == len(migrations_of())
    assert run(migrate(empty)) == []


def test_two_at_once_apply_each_file_once(empty: str, tmp_path: Path) -> None:
    place = folder(tmp_path / "m", ONE, TWO)

    async def both() -> list[list[str]]:
        return list(await asyncio.gather(migrate(empty, folder=place), migrate(empty, folder=place)))

    assert sorted(run(both()), key=len) == [[], ["0001_one", "0002_two"]]


def test_f_36_a_file_that_fails_leaves_nothing_and_can_be_tried_again(empty: str, tmp_path: Path) -> None:
    place = folder(tmp_path / "m", ONE, Migration(2, "0002_two", "create table b (x int); select 1/0"))
    with pytest.raises(Exception, match="division by zero"):
        run(migrate(empty, folder=place))
    folder(place, TWO)
    assert run(migrate(empty, folder=place)) == ["0002_two"]


def test_f_37_a_database_of_a_newer_release_is_refused() -> None:
    with pytest.raises(MigrationError, match="newer release"):
        pending({1: ONE.fingerprint, 2: TWO.fingerprint}, (ONE,))


def test_a_file_edited_after_it_was_applied_is_refused() -> None:
    with pytest.raises(MigrationError, match="must not be edited"):
        pending({1: TWO.fingerprint}, (ONE,))


def test_no_number_is_missing() -> None:
    """While several are being written, the one that comes later may be there first; in a release none is missing."""
    assert [one.number for one in migrations_of()] == list(range(1, len(migrations_of()) + 1))


def test_two_files_with_one_number_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MigrationError, match="one number"):
        migrations_of(folder(tmp_path / "m", ONE, Migration(1, "0001_other", "create table b (x int)")))


def test_k_08_the_role_that_serves_cannot_change_the_schema_or_the_audit_log(database: str) -> None:
    async def refused(statement: str) -> str:
        connection = await connect(database, role="unilogin_run")
        try:
            await connection.execute(statement)
        except Exception as error:
            return type(error).__name__
        finally:
            await connection.close()
        return "allowed"

    forbidden = (
        "create table x (y int)",
        "drop table directory_account",
        "alter table directory_account add column x int",
        "update audit_event set action = 'x'",
        "delete from audit_event",
        "truncate audit_event",
        "delete from directory_username",
        "delete from directory_account",
        "update directory_username set username = 'abcd0000'",
        "delete from services_pairwise",
        "update kit_migration set name = 'x'",
    )
    for statement in forbidden:
        assert run(refused(statement)) == "InsufficientPrivilegeError", statement


def test_every_table_can_be_reached_by_nobody_but_its_owner_and_the_serving_role(database: str) -> None:
    async def open_to_all() -> list[str]:
        connection = await connect(database)
        rows = await connection.fetch(
            "select distinct table_name from information_schema.role_table_grants"
            " where table_schema = 'public' and grantee = 'PUBLIC'"
        )
        known = await applied(connection)
        await connection.close()
        assert known
        return [row["table_name"] for row in rows]

    assert run(open_to_all()) == []
