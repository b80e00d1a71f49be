"""A notice is written with the act, and any number at once are one."""

import ast
import asyncio

import pytest

from tests.builders.clock import Clock
from tests.builders.people import People, Somebody
from tests.builders.running import connect, run
from tests.house.source import name_of, parsed, python_files
from unilogin.domain.notices.actions import forget_old_notices, tell
from unilogin.domain.notices.model import Notice
from unilogin.kit.secrets import Secrets


@pytest.fixture
def somebody(database: str, secrets: Secrets) -> Somebody:
    return People(database, secrets).teacher(secret=None)


async def told(dsn: str, somebody: Somebody, notice: Notice, *, times: int = 1) -> None:
    async def once() -> None:
        connection = await connect(dsn)
        try:
            async with connection.transaction():
                await tell(connection, somebody.account_id, notice)
        finally:
            await connection.close()

    await asyncio.gather(*(once() for _ in range(times)))


async def rows(dsn: str, what: str = "kind, times, due_at <= kit_now() as due") -> list[tuple[object, ...]]:
    connection = await connect(dsn)
    try:
        return [tuple(row) for row in await connection.fetch(f"select {what} from notices_notice order by happened_at")]
    finally:
        await connection.close()


async def settle(dsn: str) -> None:
    connection = await connect(dsn)
    await connection.execute("update notices_notice set settled_at = kit_now() where settled_at is null")
    await connection.close()


def test_what_is_told_commits_with_the_act_or_not_at_all(database: str, somebody: Somebody) -> None:
    async def broken() -> None:
        connection = await connect(database)
        try:
            async with connection.transaction():
                await tell(connection, somebody.account_id, Notice.PASSWORD_BY_SELF)
                raise ConnectionError
        finally:
            await connection.close()

    with pytest.raises(ConnectionError):
        run(broken())
    assert run(rows(database)) == []


def test_ten_at_once_are_one_notice(database: str, somebody: Somebody) -> None:
    run(told(database, somebody, Notice.PASSWORD_BY_SELF, times=10))
    assert run(rows(database)) == [("password_by_self", 10, True)]


def test_the_same_again_within_an_hour_waits_and_gathers_another_kind_does_not(
    database: str, somebody: Somebody
) -> None:
    run(told(database, somebody, Notice.PASSWORD_BY_SELF))
    run(settle(database))
    run(told(database, somebody, Notice.PASSWORD_BY_SELF))
    run(told(database, somebody, Notice.PASSKEY_ADDED))
    run(told(database, somebody, Notice.PASSWORD_BY_SELF, times=3))
    assert run(rows(database)) == [
        ("password_by_self", 1, True),
        ("password_by_self", 4, False),
        ("passkey_added", 1, True),
    ]
    run(Clock(database).move(3601))
    assert all(due for *_, due in run(rows(database)))


def test_a_reminder_is_worth_a_letter_a_week(database: str, somebody: Somebody) -> None:
    for days in (0, 1, 5, 2):
        run(Clock(database).move(days * 86400 - 1))
        run(told(database, somebody, Notice.PASSWORD_CHANGE_DUE))
        run(settle(database))
    assert len(run(rows(database))) == 2


@pytest.mark.parametrize("value", ["anna1234", "150375-6123", "Anna", "en hest", "", "a\r\nBcc: x"])
def test_a_detail_holds_words_of_ours_alone(database: str, somebody: Somebody, value: str) -> None:
    async def try_it() -> None:
        connection = await connect(database)
        try:
            await tell(connection, somebody.account_id, Notice.PASSKEY_ADDED, detail={"by": value})
        finally:
            await connection.close()

    with pytest.raises(ValueError, match="small letters"):
        run(try_it())


def test_a_first_time_is_told_once_in_a_life(database: str, somebody: Somebody) -> None:
    for _ in range(3):
        run(told(database, somebody, Notice.MITID_FIRST))
        run(settle(database))
        run(Clock(database).move(200 * 86400))
        run(forgotten(database))
    run(told(database, somebody, Notice.PASSKEY_ADDED))
    run(Clock(database).move(181 * 86400))
    assert run(forgotten(database)) == 1
    assert [row[0] for row in run(rows(database))] == ["mitid_first"]


async def forgotten(dsn: str) -> int:
    connection = await connect(dsn, role="unilogin_run")
    try:
        return await forget_old_notices(connection)
    finally:
        await connection.close()


def test_n_10_everything_that_people_can_be_told_of_is_told_somewhere() -> None:
    """A kind of notice that nobody tells is a promise that is not kept."""
    told_of = {
        node.attr
        for path in python_files("src/")
        if "domain/notices" not in name_of(path)
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Notice"
    }
    assert set(Notice.__members__) <= told_of
