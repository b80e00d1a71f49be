"""What offices have decided is carried out by a process of its own: once, whole, and also after a node has stopped."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from tests.builders.running import run
from tests.postgres import TestServer
from tests.roster.registry import OPERATOR, Registry, open_registry
from tests.roster.test_parking import CLASSES, pupil, school
from unilogin.domain.audit.model import Actor
from unilogin.kit.db.connection import Transaction
from unilogin.kit.secrets import SealBrokenError, Secrets, create_secrets_file, load_secrets
from unilogin.roster.deciding import Decision, say
from unilogin.roster.model import DeliveryStatus, Receipt
from unilogin.roster.tasks import FAILED, MOST_TRIES, Ordered, Task, carry_out_next, last_ordered, mind_tasks, order
from unilogin.roster.undo_words import say_undo, take_words_back


@pytest.fixture(scope="module")
def registry(postgres: TestServer, template: str, secrets: Secrets) -> Iterator[Registry]:
    """One database for all of them: each begins with a school that is as it was."""
    yield run(open_registry(postgres.create_database("tasks", template), secrets))
    postgres.drop_database("tasks")


@pytest.fixture
def parked(registry: Registry) -> Receipt:
    """A delivery that would forget nearly everybody, and whom two have released."""
    registry.deliver(*school(), groups=CLASSES)
    receipt = registry.deliver(pupil(0, guardian=0), groups=CLASSES)
    assert receipt.status is DeliveryStatus.PARKED
    for who in (Actor("operator", "anne"), Actor("operator", "bo")):
        registry.act(partial(_say, receipt, who))
    _order(registry, receipt, Task.RELEASE)
    return receipt


async def _say(receipt: Receipt, who: Actor, tx: Transaction) -> None:
    await say(tx, receipt.delivery_id, Decision.RELEASE, actor=who)


def _order(registry: Registry, receipt: Receipt, what: Task) -> None:
    registry.act(lambda tx: order(tx, receipt.delivery_id, what, actor=OPERATOR))


def _carry_out(registry: Registry, secrets: Secrets | None = None) -> bool:
    return registry.do(lambda connection: carry_out_next(connection, secrets=secrets or registry.secrets))


def _came_of(registry: Registry, receipt: Receipt) -> Ordered | None:
    return registry.do(lambda connection: last_ordered(connection, receipt.delivery_id))


def _status(registry: Registry, receipt: Receipt) -> object:
    return registry.row("select status from roster_delivery where delivery_id = $1", receipt.delivery_id)[0]


def test_what_was_ordered_twice_is_done_once_by_whoever_is_first(registry: Registry, parked: Receipt) -> None:
    _order(registry, parked, Task.RELEASE)
    applied = registry.audit("delivery.applied")
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(lambda _: _carry_out(registry), range(3)))
    assert _came_of(registry, parked) == Ordered(Task.RELEASE, "done")
    assert _status(registry, parked) == "applied"
    assert registry.audit("delivery.applied") == applied + 1
    assert not _carry_out(registry)

    _order(registry, parked, Task.UNDO)
    assert _came_of(registry, parked) == Ordered(Task.UNDO, None)
    assert _carry_out(registry)
    assert _came_of(registry, parked) == Ordered(Task.UNDO, "done")
    _order(registry, parked, Task.UNDO)
    assert _carry_out(registry)
    assert _came_of(registry, parked) == Ordered(Task.UNDO, "unknown"), "taken back before"


def test_who_breaks_off_has_done_nothing_and_after_some_tries_it_is_given_up(
    registry: Registry, parked: Receipt, tmp_path: Path
) -> None:
    create_secrets_file(tmp_path / "other.toml")
    others = load_secrets(tmp_path / "other.toml")
    before = registry.people()
    for _ in range(MOST_TRIES):
        with pytest.raises(SealBrokenError):
            _carry_out(registry, others)
        assert _came_of(registry, parked) == Ordered(Task.RELEASE, None)
    assert _carry_out(registry, others)
    assert _came_of(registry, parked) == Ordered(Task.RELEASE, FAILED)
    assert (registry.people(), _status(registry, parked)) == (before, "parked")

    _order(registry, parked, Task.RELEASE)
    assert _carry_out(registry)
    assert _status(registry, parked) == "applied"


def test_what_breaks_off_keeps_nothing_else_waiting(registry: Registry, parked: Receipt, tmp_path: Path) -> None:
    create_secrets_file(tmp_path / "other.toml")
    others = load_secrets(tmp_path / "other.toml")
    applied = registry.row(
        "select delivery_id from roster_delivery where status = 'applied' order by received_at limit 1"
    )
    registry.execute(
        "insert into roster_task (delivery_id, what, actor_kind, actor_id, ordered_at)"
        " select $1, 'undo', 'operator', 'tests', ordered_at + interval '1 minute' from roster_task"
        " where done_at is null",
        applied[0],
    )
    with pytest.raises(SealBrokenError):
        _carry_out(registry, others)
    assert _carry_out(registry, others), "whose turn it is comes before a second try"
    answers = "select answer from roster_task where delivery_id = $1 order by ordered_at desc limit 1"
    assert registry.row(answers, applied[0])[0] is not None
    assert _came_of(registry, parked) == Ordered(Task.RELEASE, None)
    assert _carry_out(registry), "and the one that can be done now is done now"
    assert _came_of(registry, parked) != Ordered(Task.RELEASE, None)


def test_what_a_node_left_behind_another_one_carries_out(
    registry: Registry, parked: Receipt, secrets_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.execute("update roster_task set ordered_at = ordered_at - interval '1 minute' where done_at is null")
    registry.execute("update roster_task set done_at = done_at - interval '31 days' where done_at is not null")
    monkeypatch.setenv("UNILOGIN_DATABASE_URL", registry.dsn)
    monkeypatch.setenv("UNILOGIN_SECRETS_FILE", str(secrets_file))
    registry.act(mind_tasks)
    until = time.monotonic() + 120
    while _status(registry, parked) == "parked":
        assert time.monotonic() < until
        time.sleep(0.05)  # waits for a condition, not for luck
    assert registry.row("select count(*) from roster_task") == (1,), "old ones are forgotten"


def test_who_says_no_while_the_second_one_says_yes_comes_too_late(registry: Registry) -> None:
    """The page would say that nothing is taken back, and it would be."""
    receipt = registry.deliver(*school(), groups=CLASSES)
    for who in ("anne", "bo"):
        registry.act(lambda tx, who=who: say_undo(tx, receipt.delivery_id, actor=Actor("operator", who)))  # type: ignore[misc]
    _order(registry, receipt, Task.UNDO)
    assert not registry.act(lambda tx: take_words_back(tx, receipt.delivery_id, actor=OPERATOR))
    assert _carry_out(registry)
    assert _status(registry, receipt) == "undone"
