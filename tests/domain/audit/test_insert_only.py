"""K-31, K-08: who serves can add to the log and read it, and nothing else; not even through a partition."""

import asyncpg
import pytest

from tests.builders.running import run
from tests.domain.audit.sealed_log import SERVING, SealedLog
from unilogin.kit.db.connection import Connection, connect


@pytest.fixture
def written(sealed_log: SealedLog) -> SealedLog:
    sealed_log.write(3)
    sealed_log.seal()
    sealed_log.look("select audit_make_partition(now() + interval '9 months')")
    return sealed_log


def tables(sealed_log: SealedLog) -> list[str]:
    found = sealed_log.look(
        "select relname::text as name from pg_class where relname ~ '^audit_' and relkind in ('r', 'p') order by 1"
    )
    return [row["name"] for row in found]


def refused(sealed_log: SealedLog, sql: str) -> bool:
    """Whether the database refuses it to the role that serves, for want of a right and nothing else."""

    async def attempt() -> bool:
        connection = await connect(sealed_log.dsn, role=SERVING)
        try:
            await connection.execute(sql)
        except asyncpg.InsufficientPrivilegeError:
            return True
        finally:
            await connection.close()
        return False

    return run(attempt())


def test_the_log_has_its_partitions_and_its_chain(written: SealedLog) -> None:
    found = tables(written)
    assert {"audit_event", "audit_event_rest", "audit_link", "audit_mark", "audit_anchor"} < set(found)
    assert len([name for name in found if name.startswith("audit_event_2")]) >= 3


def test_k_31_no_table_of_the_log_can_be_changed_by_who_serves(written: SealedLog) -> None:
    columns = {"audit_link": "month = month", "audit_mark": "upto = upto", "audit_anchor": "month = month"}
    for table in tables(written):
        assert refused(written, f"update {table} set {columns.get(table, 'outcome = outcome')}"), table
        assert refused(written, f"truncate {table}"), table
        assert refused(written, f"drop table {table}"), table
        assert refused(written, f"alter table {table} add column more text"), table
        assert refused(written, f"create trigger t before insert on {table} execute function suppress_it()"), table
        if table != "audit_mark":  # what it holds is used up and says nothing about the past
            assert refused(written, f"delete from {table}"), table


def test_k_31_a_partition_cannot_be_reached_around_the_log(written: SealedLog) -> None:
    for table in tables(written):
        if table.startswith("audit_event_"):
            assert refused(written, f"select from {table}"), table
            assert refused(written, f"insert into {table} (action, actor_kind, actor_id) values ('x', 'x', 'x')"), table


@pytest.mark.parametrize(
    "sql",
    [
        "insert into audit_event (at, action, actor_kind, actor_id) values ('2020-01-01', 'x', 'x', 'x')",
        "insert into audit_event (sequence, action, actor_kind, actor_id) values (1, 'x', 'x', 'x')",
        "select setval('audit_event_sequence', 1)",
        "alter sequence audit_event_sequence restart",
        "select audit_drop_partition('2026-01-01')",
        "alter table audit_event detach partition audit_event_rest",
        "insert into audit_anchor values ('2026-01-01', now(), 'x', 'x', 1, 1, '', '')",
        "create or replace function kit_now() returns timestamptz language sql as 'select now()'",
        "set session_replication_role = replica",
    ],
)
def test_k_31_a_row_can_neither_be_dated_back_nor_placed_nor_hidden(written: SealedLog, sql: str) -> None:
    assert refused(written, sql)


def test_a_row_can_be_added_and_read(written: SealedLog) -> None:
    async def work(connection: Connection) -> int:
        await connection.execute("insert into audit_event (action, actor_kind, actor_id) values ('x', 'x', 'x')")
        found: int = await connection.fetchval("select count(*) from audit_event where action = 'x'")
        return found

    assert written.run(work, role=SERVING) == 1
