"""F-04: whatever an office does is cut off anywhere, or done by two nodes at once: nothing is half, nothing twice.

The connection breaks at a statement, before or after it was done; the same is done again. Each run has a source and
people of its own in one school.
"""

import io
import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from tests.builders.running import run
from tests.faults.wire import COMMIT, Loss, Wire
from tests.postgres import TestServer
from tests.roster.documents import document, member, person, student
from tests.roster.registry import OPERATOR, SOURCE, Registry, open_registry
from unilogin.domain.audit.model import Actor
from unilogin.kit.db.connection import Connection, connect
from unilogin.kit.secrets import Secrets
from unilogin.roster.actions import import_file
from unilogin.roster.deciding import Decision, decide
from unilogin.roster.model import DeliveryId, DeliveryStatus, Receipt
from unilogin.roster.switching.actions import plan_switch, run_switch, undo_switch
from unilogin.roster.switching.model import SwitchId
from unilogin.roster.undoing import undo

DATABASE = "interrupted"
_runs = itertools.count(10)
BO = Actor("operator", "bo")


@pytest.fixture(scope="module")
def one_registry(postgres: TestServer, template: str, secrets: Secrets) -> Iterator[Registry]:
    registry = run(open_registry(postgres.create_database(DATABASE, template), secrets))
    yield registry
    postgres.drop_database(DATABASE)


@dataclass
class Case:
    """Four pupils of one source, and something that is about to be done to them."""

    registry: Registry
    number: int = field(default_factory=lambda: next(_runs))
    switch_id: SwitchId | None = None
    delivery_id: DeliveryId | None = None

    def source(self, name: str) -> str:
        return f"{name} {self.number}"

    def text(self, *pupils: int, source: str = "Gammel", hour: int = 1) -> str:
        members = [
            member(f"e-{n}", person(f"620516{self.number:02}{n:02}", first=f"Barn{n}"), student()) for n in pupils
        ]
        return document(*members, source=self.source(source), time=f"2025-08-11T{hour:02}:00:00Z")

    def send(self, *pupils: int, source: str = "Gammel", hour: int = 1) -> Receipt:
        return self.registry.send(self.text(*pupils, source=source, hour=hour))

    @property
    def new_file(self) -> io.BytesIO:
        return io.BytesIO(self.text(1, 2, 3, 5, source="Ny", hour=2).encode())

    # Where it begins

    def loaded(self) -> None:
        self.send(1, 2, 3, 4)

    def planned(self) -> None:
        self.loaded()
        self.registry.do(self.plan)

    def switched(self) -> None:
        self.planned()
        self.registry.do(self.run_switch)

    def changed(self) -> None:
        self.loaded()
        self.delivery_id = self.send(1, 2, 3, 5, hour=2).delivery_id

    def parked(self) -> None:
        self.registry.execute(
            "insert into roster_limit select institution_id, 0, 0, 10, 5, 2 from directory_institution"
            " on conflict (institution_id) do update set removed_percent = 0, removed_persons = 0"
        )
        self.loaded()
        told = self.send(1, 2, hour=2)
        self.registry.execute("delete from roster_limit")
        assert told.status is DeliveryStatus.PARKED
        self.delivery_id = told.delivery_id

    def released_by_one(self) -> None:
        self.parked()
        self.registry.decide(self.receipt, Decision.RELEASE, who="anne")

    def rejected_by_one(self) -> None:
        self.parked()
        self.registry.decide(self.receipt, Decision.REJECT, who="anne")

    @property
    def receipt(self) -> Receipt:
        from unilogin.roster.queries import receipt

        assert self.delivery_id
        found = self.registry.do(lambda connection: receipt(connection, DeliveryId(self.delivery_id)))  # type: ignore[arg-type]
        assert found
        return found

    # What is done

    async def plan(self, connection: Connection) -> object:
        found = await plan_switch(
            connection,
            self.new_file,
            number="999001",
            old_source=self.source("Gammel"),
            secrets=self.registry.secrets,
            actor=OPERATOR,
        )
        assert not isinstance(found, str), found
        self.switch_id = found
        return found

    async def run_switch(self, connection: Connection) -> object:
        assert self.switch_id
        return await run_switch(
            connection, self.switch_id, self.new_file, secrets=self.registry.secrets, actor=OPERATOR
        )

    async def undo_switch(self, connection: Connection) -> object:
        assert self.switch_id
        async with connection.transaction():
            return await undo_switch(connection, self.switch_id, actor=OPERATOR)

    async def undo(self, connection: Connection) -> object:
        assert self.delivery_id
        async with connection.transaction():
            return await undo(connection, self.delivery_id, actor=OPERATOR)

    async def release(self, connection: Connection) -> object:
        assert self.delivery_id
        return await decide(connection, self.delivery_id, Decision.RELEASE, actor=BO, secrets=self.registry.secrets)

    async def reject(self, connection: Connection) -> object:
        assert self.delivery_id
        return await decide(connection, self.delivery_id, Decision.REJECT, actor=BO, secrets=self.registry.secrets)

    async def deliver_later(self, connection: Connection) -> object:
        file = io.BytesIO(self.text(1, 2, 3, 4, 6, hour=3).encode())
        return await import_file(connection, file, secrets=self.registry.secrets, actor=SOURCE)

    def state(self) -> tuple[object, ...]:
        """All that can be seen of it, without ids and times; and that nobody has two accounts."""
        sources = [self.source("Gammel"), self.source("Ny")]
        rows = [self.registry.rows(sql, sources) for sql in STATE]
        return tuple(tuple(found) for found in rows)


STATE = (
    (
        "select m.source like 'Ny%', p.first_name, count(distinct a.account_id) from directory_membership m"
        " join directory_person p using (person_id) join directory_account a using (person_id)"
        " where m.source = any ($1) and m.ended_at is null group by 1, 2 order by 1, 2"
    ),
    (
        "select source like 'Ny%', kind, status, gone, count(*) from roster_delivery where source = any ($1)"
        " group by 1, 2, 3, 4 order by 1, 2, 3, 4"
    ),
    "select source like 'Ny%' from roster_source_not_heard where source = any ($1) order by 1",
    "select run_at is null, retired_by is null, undone_at is null from roster_switch where old_source = any ($1)",
    (
        "select e.action, count(*) from audit_event e join roster_delivery d on e.object = d.delivery_id::text"
        " where d.source = any ($1) and e.action not like '%decided' group by 1 order by 1"
    ),
    "select count(*) from roster_parked_part join roster_delivery using (delivery_id) where source = any ($1)",
    "select count(distinct person_id), count(*) from directory_membership where source = any ($1)",
)

ACTS: dict[str, tuple[Callable[[Case], None], Callable[[Case, Connection], Any]]] = {
    "a change of system is planned": (Case.loaded, Case.plan),
    "a change of system is run": (Case.planned, Case.run_switch),
    "a change of system is taken back": (Case.switched, Case.undo_switch),
    "a parked delivery is released": (Case.released_by_one, Case.release),
    "a parked delivery is rejected": (Case.rejected_by_one, Case.reject),
    "a delivery is taken back": (Case.changed, Case.undo),
}


async def over(wire: Wire, registry: Registry, work: Callable[[Connection], Any]) -> None:
    """Do it over a wire; where that breaks, as a killed process leaves it."""
    dsn = wire.dsn.replace("/unilogin?", f"/{DATABASE}?")
    try:
        connection = await connect(dsn, role="unilogin_run")
        try:
            await work(connection)
        finally:
            connection.terminate()
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        return


def broken(registry: Registry, case: Case, act: Callable[[Case, Connection], Any], *, at: str, **how: Any) -> Loss:
    """Do it over a wire that breaks at a statement; return what passed before, and whether it broke."""

    async def work() -> Loss:
        wire = Wire(socket_of(registry.dsn))
        await wire.open()
        loss = wire.lose(at, **how)
        await over(wire, registry, lambda connection: act(case, connection))
        await wire.close()
        return loss

    return run(work())


def socket_of(dsn: str) -> Path:
    query = parse_qs(urlsplit(dsn).query)
    return Path(query["host"][0]) / f".s.PGSQL.{query.get('port', ['5432'])[0]}"


@pytest.mark.parametrize(("begin", "act"), ACTS.values(), ids=ACTS)
def test_f_04_cut_off_anywhere_and_done_again_it_is_done_once(
    one_registry: Registry, begin: Callable[[Case], None], act: Callable[[Case, Connection], Any]
) -> None:
    """Both sides of each COMMIT, and a statement that nobody chose."""
    whole = Case(one_registry)
    begin(whole)
    before = whole.state()
    passed = broken(one_registry, whole, act, at=r".", skip=10_000).passed
    after = whole.state()
    assert after != before
    commits = sum(statement.lower().startswith("commit") for statement in passed)
    points = [(COMMIT, {"skip": n, "before": side}) for n in range(commits) for side in (True, False)]
    points.append((r".", {"skip": Random(len(passed)).randrange(len(passed))}))
    for at, how in points:
        case = Case(one_registry)
        begin(case)
        assert broken(one_registry, case, act, at=at, **how).is_done
        assert case.state() in (before, after), (at, how)
        one_registry.do(lambda connection, case=case: act(case, connection))  # type: ignore[misc]
        assert case.state() == after, (at, how)


AT_ONCE: dict[str, tuple[Callable[[Case], None], list[Callable[[Case, Connection], Any]]]] = {
    "two run a change of system": (Case.planned, [Case.run_switch, Case.run_switch]),
    "two take a change of system back": (Case.switched, [Case.undo_switch, Case.undo_switch]),
    "two reject a delivery": (Case.rejected_by_one, [Case.reject, Case.reject]),
    "two release a delivery": (Case.released_by_one, [Case.release, Case.release]),
    "two take a delivery back": (Case.changed, [Case.undo, Case.undo]),
}


@pytest.mark.parametrize(("begin", "acts"), AT_ONCE.values(), ids=AT_ONCE)
def test_f_31_two_nodes_that_do_the_same_at_once_do_it_once(
    one_registry: Registry, begin: Callable[[Case], None], acts: list[Callable[[Case, Connection], Any]]
) -> None:
    alone = Case(one_registry)
    begin(alone)
    one_registry.do(lambda connection: acts[0](alone, connection))
    case = Case(one_registry)
    begin(case)
    both(one_registry, case, acts)
    assert case.state() == alone.state()


EITHER: dict[str, tuple[Callable[[Case], None], list[Callable[[Case, Connection], Any]]]] = {
    "released while a later delivery comes": (Case.released_by_one, [Case.release, Case.deliver_later]),
    "rejected while a later delivery comes": (Case.rejected_by_one, [Case.reject, Case.deliver_later]),
    "a change of system run while it is planned anew": (Case.planned, [Case.run_switch, Case.plan]),
}


@pytest.mark.parametrize(("begin", "acts"), EITHER.values(), ids=EITHER)
def test_f_31_two_things_at_once_are_one_after_the_other(
    one_registry: Registry, begin: Callable[[Case], None], acts: list[Callable[[Case, Connection], Any]]
) -> None:
    wanted = []
    for order in (acts, acts[::-1]):
        case = Case(one_registry)
        begin(case)
        for act in order:
            attempt(one_registry, case, act)
        wanted.append(case.state())
    case = Case(one_registry)
    begin(case)
    both(one_registry, case, acts)
    assert case.state() in wanted


def attempt(registry: Registry, case: Case, act: Callable[[Case, Connection], Any]) -> None:
    """Do it; what is refused may be."""

    async def work(connection: Connection) -> None:
        try:
            await act(case, connection)
        except AssertionError:
            return

    registry.do(work)


def both(registry: Registry, case: Case, acts: list[Callable[[Case, Connection], Any]]) -> None:
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda act: attempt(registry, case, act), acts))
