"""Who takes two locks takes them in one order: the institutions' own, the one for writing people, then single rows.

Each test plays a delivery that stands between its first lock and its last, and lets another one come in the way.
"""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.builders.running import run
from tests.roster.documents import employee, member, person, student
from tests.roster.registry import OPERATOR, Registry
from unilogin.domain.directory.bulk import lock_institution
from unilogin.domain.directory.following import lock_people
from unilogin.domain.directory.model import InstitutionId
from unilogin.kit.db.connection import Connection, Transaction, connect
from unilogin.roster.cpr_cases import accept
from unilogin.roster.expiring import end_old_imports, forget_people
from unilogin.roster.switching.retiring import retire_due

CHILD = member("e-1", person(), student())
OTHER = member("m-1", person("6207752235", first="Bo", family="Ek"), employee())
Work = Callable[[Transaction], Awaitable[object]]

WAITS = "select count(*) from pg_locks where not granted and pg_backend_pid() = any (pg_blocking_pids(pid))"


async def _until_it_stands_in_the_way(connection: Connection) -> None:
    async with asyncio.timeout(120):
        while not await connection.fetchval(WAITS):
            await asyncio.sleep(0.01)


async def _in_the_way(dsn: str, work: Work, *, first: Work, then: Work) -> None:
    """Do ``first`` as a delivery, let ``work`` come in its way, and go on with ``then``: both must come to an end."""

    async def do() -> None:
        other = await connect(dsn, role="unilogin_run")
        try:
            async with other.transaction():
                await work(other)
        finally:
            await other.close()

    delivery = await connect(dsn, role="unilogin_run")
    try:
        async with asyncio.TaskGroup() as both, delivery.transaction():
            await first(delivery)
            both.create_task(do())
            await _until_it_stands_in_the_way(delivery)
            await then(delivery)
    finally:
        await delivery.close()


def in_the_way(registry: Registry, work: Work, *, first: Work, then: Work) -> None:
    run(_in_the_way(registry.dsn, work, first=first, then=then))


def institution(registry: Registry, number: str) -> InstitutionId:
    (found,) = registry.row("select institution_id from directory_institution where number = $1", number)
    return InstitutionId(found)  # type: ignore[arg-type]


def there(registry: Registry) -> object:
    return registry.row("select count(*) from directory_membership where ended_at is null")[0]


def everywhere(registry: Registry) -> None:
    registry.deliver(CHILD)
    registry.deliver(OTHER, number="999002")


def grown_old(registry: Registry) -> None:
    everywhere(registry)
    registry.execute("update roster_delivery set applied_at = applied_at - interval '366 days'")
    registry.execute(
        "insert into roster_stale (institution_id, source, told_at)"
        " select distinct institution_id, source, kit_now() - interval '31 days' from roster_delivery"
    )


def left_for_another(registry: Registry) -> None:
    everywhere(registry)
    registry.execute(
        "insert into roster_switch (institution_id, old_source, new_source, file_hash, actor_kind, actor_id, run_at,"
        " retire_at) select institution_id, 'Prøvesystem', 'Nyt', '', 'operator', 'tests', kit_now(), kit_now()"
        " from directory_institution order by number"
    )


@pytest.mark.parametrize(
    ("prepare", "job"), [(grown_old, end_old_imports), (left_for_another, retire_due)], ids=["ends", "retires"]
)
@pytest.mark.parametrize("number", ["999001", "999002"])
def test_f_29_who_ends_several_imports_and_a_delivery_do_not_lock_each_other_out(
    registry: Registry, prepare: Callable[[Registry], None], job: Work, number: str
) -> None:
    prepare(registry)
    where = institution(registry, number)
    in_the_way(registry, job, first=lambda tx: lock_institution(tx, where), then=lock_people)
    assert there(registry) == 0


def test_f_29_an_import_that_is_renewed_in_this_moment_does_not_end(registry: Registry) -> None:
    grown_old(registry)
    where = institution(registry, "999001")

    async def renewed(tx: Transaction) -> None:
        await tx.execute("update roster_delivery set applied_at = kit_now() where institution_id = $1", where)

    in_the_way(registry, end_old_imports, first=lambda tx: lock_institution(tx, where), then=renewed)
    assert registry.rows("select local_person_id from directory_membership where ended_at is null") == [("e-1",)]


@pytest.mark.parametrize("decides", [True, False], ids=["accepts", "forgets"])
def test_f_29_a_delivery_about_somebody_whose_number_is_being_decided_goes_on(
    registry: Registry, *, decides: bool
) -> None:
    registry.deliver(CHILD)
    registry.deliver(CHILD.replace("6205162233", "6206162299"))
    (case_id, person_id) = registry.row(
        "select case_id, person_id from roster_cpr_case join directory_membership using (membership_id)"
    )
    if not decides:  # they left and are forgotten now, if the delivery does not bring them back
        registry.deliver(OTHER)
        registry.execute("update roster_cpr_case set settled_at = null, outcome = null, found_at = '2020-01-01'")
        registry.execute("update directory_membership set ended_at = '2021-01-01' where local_person_id = 'e-1'")

    async def told_anew(tx: Transaction) -> None:
        await lock_people(tx)
        await tx.execute("update directory_person set email = 'aase@example.dk' where person_id = $1", person_id)

    async def settled(tx: Transaction) -> None:
        await tx.execute(
            "update roster_cpr_case set settled_at = kit_now(), outcome = 'gone' where case_id = $1", case_id
        )

    async def decide(tx: Transaction) -> None:
        found = await accept(tx, case_id, secrets=registry.secrets, actor=OPERATOR)  # type: ignore[arg-type]
        assert found is None, "it was settled meanwhile"

    in_the_way(registry, decide if decides else forget_people, first=told_anew, then=settled)
