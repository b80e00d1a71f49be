"""Whatever schools send, in whatever order, and whatever offices decide: nobody is lost, and nobody is somebody else.

A machine that takes random steps through the doors of the program and compares every row of people with a simple model.
The suite takes the same few ways each time; ``--hypothesis-profile=default`` looks for others.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from tests.builders.clock import Clock
from tests.builders.running import run
from tests.postgres import TestServer
from tests.roster.expecting import Expecting, Sent, check_undone, check_waiting
from tests.roster.registry import Registry, open_registry
from tests.roster.tables import Tables, check_kept, look
from tests.roster.world import CLASSES, EDITS, World, file_of
from unilogin.domain.directory.bulk_undo import Undone
from unilogin.kit.secrets import Secrets
from unilogin.roster.deciding import Decision
from unilogin.roster.model import DeliveryKind, DeliveryStatus

EXAMPLES = int(os.environ.get("UNILOGIN_TEST_EXAMPLES", "25"))
STEPS = int(os.environ.get("UNILOGIN_TEST_STEPS", "15"))
SCHOOLS = (("999001", "Alfa"), ("999002", "Beta"))
OFTEN = ("join", "come", "leave", "move", "protect", "number", "custody")
CHANGES = st.lists(
    st.tuples(st.sampled_from([*EDITS, *OFTEN]), st.integers(0, 9), st.integers(0, 3)), min_size=0, max_size=4
)
SCHOOL = st.sampled_from(SCHOOLS)
_KEEP = ("kit_migration", "keys_signing", "tests_clock", "directory_institution", "roster_limit")


@dataclass
class Ground:
    """A database that each example finds empty."""

    registry: Registry
    clock: Clock
    tables: list[str] = field(default_factory=list)

    def clear(self) -> None:
        if not self.tables:
            rows = self.registry.rows(
                "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'"
                " and relname <> all ($1::text[])",
                list(_KEEP),
            )
            self.tables = [str(name) for (name,) in rows]
        emptied = ";".join(f"delete from {name}" for name in self.tables)
        self.registry.execute_all(f"begin; set local session_replication_role = replica; {emptied}; commit")
        run(self.clock.move(0))
        self.registry.execute("update tests_clock set moved = interval '0'")


@pytest.fixture(scope="module")
def empty(postgres: TestServer, template: str, secrets: Secrets) -> Iterator[Ground]:
    dsn = postgres.create_database("machine_of_rosters", template)
    registry = run(open_registry(dsn, secrets))
    registry.execute(
        "insert into roster_limit (institution_id, removed_percent, removed_persons)"
        " select institution_id, 0, 2 from directory_institution where number = '999001'"
    )
    yield Ground(registry, Clock(dsn))
    postgres.drop_database("machine_of_rosters")


class Rosters(RuleBasedStateMachine):
    """Two schools, two systems, and everything that may happen to their people."""

    ground: Ground

    def __init__(self) -> None:
        super().__init__()
        self.registry = self.ground.registry
        self.vault = self.registry.secrets.cpr_vault()
        self.world = World()
        self.sent: list[Sent] = []
        self.passed = timedelta()
        self.last_read: dict[Any, Any] = {}

    @initialize()
    def begin(self) -> None:
        self.ground.clear()
        self.now = look(self.registry.dsn)
        for school in SCHOOLS:
            self.world.begin(school)
            self._send(school, DeliveryKind.FULL)
            assert self.sent[-1].after, "the first delivery counts"

    # Deliveries ------------------------------------------------------------------------------------------------------

    @rule(school=SCHOOL, changes=CHANGES)
    def send_everybody(self, school: tuple[str, str], changes: list[tuple[str, int, int]]) -> None:
        for change in changes:
            self.world.edit(school, *change)
        self._send(school, DeliveryKind.FULL)

    @rule(school=SCHOOL, changes=CHANGES)
    def send_changes(self, school: tuple[str, str], changes: list[tuple[str, int, int]]) -> None:
        before = list(self.world.systems[school])
        for change in changes:
            self.world.edit(school, *change)
        self._send(school, DeliveryKind.DELTA, [row for row in self.world.systems[school] if row not in before])

    @rule(school=SCHOOL, which=st.integers(0, 9), many=st.integers(1, 2))
    def send_leavers(self, school: tuple[str, str], which: int, many: int) -> None:
        rows = self.world.systems[school]
        leavers = rows[which % max(1, len(rows)) :][:many]
        for row in leavers:
            rows.remove(row)
        self._send(school, DeliveryKind.DELETE, leavers)

    def _send(self, school: tuple[str, str], kind: DeliveryKind, rows: list[Any] | None = None) -> None:
        rows = self.world.systems[school] if rows is None else rows
        if not rows:
            return
        time = datetime.now(UTC) + self.passed
        text = file_of(rows, number=school[0], source=school[1], time=f"{time:%Y-%m-%dT%H:%M:%S.%fZ}")
        sent = Sent(school, kind, tuple(rows), text, CLASSES, known=dict(self.last_read))
        self.sent.append(sent)
        self._load(sent)

    def _load(self, sent: Sent) -> None:
        before = self.now
        sent.receipt = self.registry.send(sent.text, kind=sent.kind)
        self.now = look(self.registry.dsn)
        if sent.receipt.status is DeliveryStatus.APPLIED:
            self._has_counted(sent, before)
        else:
            check_waiting(sent, before, self.now)
            if sent.receipt.status is DeliveryStatus.PARKED:
                assert sent.receipt.held_by
            else:
                assert sent.kind is not DeliveryKind.FULL
                base = {"no_base": "applied", "earlier_waits": "parked"}[str(sent.receipt.refusal)]
                there = [one for one in self._with(base) if one.school == sent.school]
                assert bool(there) == (base == "parked")
        check_kept(before, self.now)

    def _has_counted(self, sent: Sent, before: Tables) -> None:
        sent.before, sent.after = before, self.now
        expecting = Expecting(sent, before, self.now, vault=self.vault)
        expecting.check()
        for key, row in sent.by_key.items():
            if sent.kind is not DeliveryKind.DELETE and not expecting.is_refused(key, row):
                self.last_read[key] = row

    # Decisions -------------------------------------------------------------------------------------------------------

    def _status(self, sent: Sent) -> str:
        assert sent.receipt
        return str(self.now.deliveries[str(sent.receipt.delivery_id)]["status"])

    def _with(self, status: str) -> list[Sent]:
        found = {str(one.receipt.delivery_id): one for one in self.sent if one.receipt and self._status(one) == status}
        return list(found.values())

    @precondition(lambda self: self._with("parked"))
    @rule(which=st.integers(0, 9), said=st.sampled_from(Decision))
    def decide(self, which: int, said: Decision) -> None:
        waiting = self._with("parked")
        sent = waiting[which % len(waiting)]
        assert sent.receipt
        before = self.now
        for who in ("anna", "anna"):
            decided = self.registry.decide(sent.receipt, said, who=who)
            assert decided, "one person's word is one word"
            assert decided.needs_another
        decided = self.registry.decide(sent.receipt, said, who="bo")
        assert decided
        assert decided.receipt
        self.now = look(self.registry.dsn)
        sent.receipt = decided.receipt
        if said is Decision.RELEASE:
            assert decided.receipt.status is DeliveryStatus.APPLIED
            sent.known = dict(self.last_read)
            self._has_counted(sent, before)
        else:
            check_waiting(sent, before, self.now)
        check_kept(before, self.now)

    @precondition(lambda self: self._with("applied"))
    @rule(which=st.integers(0, 9))
    def undo(self, which: int) -> None:
        applied = self._with("applied")
        sent = applied[-1 - which % min(4, len(applied))]
        assert sent.receipt
        before = self.now
        done = self.registry.undo(sent.receipt)
        self.now = look(self.registry.dsn)
        check_kept(before, self.now)
        if isinstance(done, Undone):
            check_undone(sent, before, self.now)
            for key in sent.by_key:
                self.last_read.pop(key, None)
        else:
            assert before == self.now
            assert sent is not self.sent[-1], "the newest can be taken back"

    @rule(which=st.integers(0, 9))
    def send_again(self, which: int) -> None:
        """The same file once more: the same receipt, or refused as older; after its undo it counts again."""
        sent = self.sent[-1 - which % min(4, len(self.sent))]
        before, status = self.now, self._status(sent)
        receipt = self.registry.send(sent.text, kind=sent.kind)
        self.now = look(self.registry.dsn)
        if receipt.repeated or receipt.status is DeliveryStatus.REFUSED:
            check_waiting(sent, before, self.now)
        else:
            assert status == "undone"
            sent = Sent(sent.school, sent.kind, sent.rows, sent.text, sent.classes, receipt, known=dict(self.last_read))
            self.sent.append(sent)
            if receipt.status is DeliveryStatus.APPLIED:
                self._has_counted(sent, before)
        check_kept(before, self.now)


@pytest.mark.timeout(1200)
def test_whatever_happens_nobody_is_lost_and_nobody_is_somebody_else(empty: Ground) -> None:
    run_state_machine_as_test(
        type("RostersHere", (Rosters,), {"ground": empty}),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
        ),
    )
