"""Scheduled jobs: each works with the rights of the server, on one node at a time, as often as anybody likes."""

import pytest

from tests.builders.running import run
from unilogin.jobs import Job, jobs, run_job
from unilogin.kit.db.connection import Transaction, connect
from unilogin.kit.secrets import Secrets

EVERY = jobs(Secrets({"audit_checkpoint": b"x" * 32}))  # for their names; the tests have real secrets


async def run_twice(dsn: str, job: Job) -> list[bool]:
    connection = await connect(dsn, role="unilogin_run")
    try:
        return [await run_job(connection, job) for _ in range(2)]
    finally:
        await connection.close()


async def run_while_another_node_does(dsn: str, job: Job) -> bool:
    one, other = await connect(dsn, role="unilogin_run"), await connect(dsn, role="unilogin_run")
    outcomes = []

    async def long_one(tx: Transaction) -> None:
        outcomes.append(await run_job(other, job))

    try:
        await run_job(one, Job(job.name, job.every_seconds, long_one))
        return outcomes[0]
    finally:
        await one.close()
        await other.close()


def test_jobs_have_names_of_their_own() -> None:
    assert len({job.name for job in EVERY}) == len(EVERY)


@pytest.mark.parametrize("name", [job.name for job in EVERY])
def test_a_job_needs_no_more_than_the_rights_of_the_server(name: str, shared_database: str, secrets: Secrets) -> None:
    (job,) = (job for job in jobs(secrets) if job.name == name)
    assert run(run_twice(shared_database, job)) == [True, True]


def test_a_job_is_left_to_the_node_that_is_at_it(database: str, secrets: Secrets) -> None:
    job = jobs(secrets)[0]
    assert run(run_while_another_node_does(database, job)) is False
    assert run(run_twice(database, job)) == [True, True]


async def months_of_the_log(dsn: str) -> set[str]:
    connection = await connect(dsn)
    try:
        rows = await connection.fetch(
            "select relname from pg_class where relispartition and relname like 'audit_event_%' and relkind = 'r'"
        )
        return {row["relname"] for row in rows}
    finally:
        await connection.close()


async def shift(dsn: str, months: int) -> set[str]:
    """Move the database's clock, and return the partitions that time needs."""
    connection = await connect(dsn)
    try:
        await connection.execute(
            "create or replace function kit_now() returns timestamptz language sql stable parallel safe as"
            f" $$ select statement_timestamp() + interval '{months} months' $$"
        )
        rows = await connection.fetch(
            "select to_char((kit_now() + m * interval '1 month') at time zone 'UTC', '\"audit_event_\"YYYY_MM') as name"
            " from generate_series(0, 2) m"
        )
        return {row["name"] for row in rows}
    finally:
        await connection.close()


def test_the_log_has_its_partitions_ahead_of_time(database: str, secrets: Secrets) -> None:
    (job,) = (job for job in jobs(secrets) if "partitions" in job.name)
    wanted = run(shift(database, 7))
    assert not wanted & run(months_of_the_log(database))
    run(run_twice(database, job))
    assert wanted <= run(months_of_the_log(database))


async def write_a_row(dsn: str) -> None:
    connection = await connect(dsn, role="unilogin_run")
    try:
        await connection.execute("insert into audit_event (action, actor_kind, actor_id) values ('x.y', 'system', 'z')")
    finally:
        await connection.close()


def test_a_month_that_began_without_its_partition_does_not_stop_the_next(database: str, secrets: Secrets) -> None:
    """A server that was off for long writes before its first job: those rows stay where they are."""
    (job,) = (job for job in jobs(secrets) if "partitions" in job.name)
    wanted = run(shift(database, 7))
    run(write_a_row(database))
    assert run(run_twice(database, job)) == [True, True]
    assert len(wanted & run(months_of_the_log(database))) == 2
