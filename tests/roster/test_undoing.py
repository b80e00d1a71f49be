"""A delivery is taken back: everything is what it was, nobody is somebody else, and the same file may come again."""

import dataclasses
import io
import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders.running import run
from tests.postgres import TestServer
from tests.roster.documents import GROUPS, contact, document, employee, member, person, student
from tests.roster.registry import OPERATOR, SOURCE, Registry, open_registry
from unilogin.domain.directory.bulk_undo import Later, Undone
from unilogin.kit.db.connection import Connection
from unilogin.kit.secrets import Secrets
from unilogin.roster.actions import import_file
from unilogin.roster.model import DeliveryKind, DeliveryStatus, Receipt
from unilogin.roster.undoing import NotUndone, UndoRefused, forget_what_was, undo

CLASSES = GROUPS + GROUPS.replace("2b", "3a").replace("2.B", "3.A").split("<Group><GroupId>kor")[0]
TEACHER = member("m-1", person("6207752235", first="Bo", family="Ek"), employee("Lærer", more="<GroupId>2b</GroupId>"))
SOURCES = itertools.count(1)
NO_LIMITS = "insert into roster_limit select institution_id, 100, 0, 100, 1000, 1000 from directory_institution"


@dataclasses.dataclass(frozen=True)
class Pupil:
    """What a delivery says of one pupil."""

    n: int
    name: str
    main: str
    choir: bool
    guardians: frozenset[int]
    guardian_name: str

    def __str__(self) -> str:
        more = "".join(contact(person(f"61058{one:05}", first=self.guardian_name)) for one in sorted(self.guardians))
        what = student(main=self.main, groups=["kor"] if self.choir else [], more=more)
        return member(f"e-{self.n}", person(f"62051{self.n:05}", first=self.name), what)


PUPILS = st.lists(
    st.builds(
        Pupil,
        n=st.integers(0, 6),
        name=st.sampled_from(["Åse", "Bo"]),
        main=st.sampled_from(["2b", "3a"]),
        choir=st.booleans(),
        guardians=st.frozensets(st.integers(0, 3), max_size=2),
        guardian_name=st.sampled_from(["Ida", "Eva"]),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda one: one.n,
)
KINDS = st.sampled_from([DeliveryKind.FULL, DeliveryKind.FULL, DeliveryKind.DELTA, DeliveryKind.DELETE])

ROWS = {
    "directory_person": ("person_id", "changed_at"),
    "directory_account": ("account_id",),
    "directory_membership": ("membership_id", "from_at", "ended_at"),
    "directory_group": ("group_key", "ended_at"),
    "directory_group_member": ("membership_id || group_key::text",),
    "directory_contact": ("membership_id || contact_person_id::text",),
}
"""The key of each table, and the columns that only say when."""


async def all_rows(connection: Connection, *, times: bool, source: str) -> dict[tuple[str, str], str]:
    """Every row of people by table and key; without ``times`` only whether somebody has left is compared.

    Of other sources it does not count whether a row is read again.
    """
    parts = []
    for table, (key, *when) in ROWS.items():
        gone = "|| jsonb_build_object('gone', ended_at is not null)" if "ended_at" in when else ""
        left_out = "" if times else "".join(f" - '{column}'" for column in when)
        left_out += " - 'contact_until'"  # says only that somebody was let go once
        if table == "directory_membership":
            left_out += f" - case when source = '{source}' then '' else 'raw_hash' end"
        parts.append(f"select '{table}', ({key})::text, ((to_jsonb(t) {gone}) {left_out})::text from {table} t")
    return {(table, key): row for table, key, row in await connection.fetch(" union all ".join(parts))}


STANDING = (
    "select m.source, m.local_person_id, p.first_name, a.username,"
    " array(select g.group_id from directory_group_member gm join directory_group g using (group_key)"
    "       where gm.membership_id = m.membership_id and g.ended_at is null order by 1),"
    " array(select c.contact_person_id from directory_contact c where c.membership_id = m.membership_id order by 1)"
    " from directory_membership m join directory_person p using (person_id) join directory_account a"
    " using (person_id) where m.ended_at is null order by 1, 2"
)
"""Who belongs where, in which groups and with which contact persons, now."""


def standing(registry: Registry) -> list[tuple[object, ...]]:
    return registry.rows(STANDING)


@pytest.fixture(scope="module")
def one_registry(postgres: TestServer, template: str, secrets: Secrets) -> Iterator[Registry]:
    """A database for all examples: each has a source of its own, and people in common with the others."""
    registry = run(open_registry(postgres.create_database("undoing", template), secrets))
    registry.execute(NO_LIMITS)
    yield registry
    postgres.drop_database("undoing")


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=PUPILS, after=PUPILS, kind=KINDS)
def test_apply_undo_apply_is_equal_row_by_row(
    one_registry: Registry, before: list[Pupil], after: list[Pupil], kind: DeliveryKind
) -> None:
    registry, source = one_registry, f"Kilde {next(SOURCES)}"
    days = itertools.count(1)

    async def deliver(connection: Connection, pupils: list[Pupil], kind: DeliveryKind) -> Receipt:
        groups = "" if kind is DeliveryKind.DELETE else CLASSES
        time = f"2025-08-{next(days):02}T00:00:00Z"
        text = document(*map(str, pupils), TEACHER, source=source, groups=groups, time=time)
        file = io.BytesIO(text.encode())
        receipt = await import_file(connection, file, secrets=registry.secrets, actor=SOURCE, kind=kind)
        assert receipt.status is DeliveryStatus.APPLIED
        return receipt

    async def back_and_forth(connection: Connection) -> None:
        await deliver(connection, before, DeliveryKind.FULL)
        was, was_now = await all_rows(connection, times=True, source=source), await connection.fetch(STANDING)
        delivery = await deliver(connection, after, kind)
        applied = await all_rows(connection, times=False, source=source)
        async with connection.transaction():
            assert isinstance(await undo(connection, delivery.delivery_id, actor=OPERATOR), Undone)
        restored = await all_rows(connection, times=True, source=source)
        assert {key: restored.get(key) for key in was} == was
        assert await connection.fetch(STANDING) == was_now
        await deliver(connection, after, kind)
        assert await all_rows(connection, times=False, source=source) == applied

    registry.do(back_and_forth)


PUPIL = Pupil(1, "Åse", "2b", choir=True, guardians=frozenset((1,)), guardian_name="Ida")
OTHER = Pupil(2, "Øjvind", "2b", choir=False, guardians=frozenset((1,)), guardian_name="Ida")


def test_the_first_load_of_a_school_can_be_taken_back_and_come_again(registry: Registry) -> None:
    first = registry.deliver(str(PUPIL), TEACHER)
    names = registry.rows("select person_id, username, uniid from directory_account order by 1")
    assert registry.undo(first) == Undone(restored=0, left=2)
    assert standing(registry) == []
    assert registry.rows("select group_id from directory_group where ended_at is null") == []
    assert registry.row("select status from roster_delivery") == ("undone",)
    again = registry.deliver(str(PUPIL), TEACHER)
    assert (again.counts.created, again.new_accounts) == (2, 0)
    assert registry.rows("select person_id, username, uniid from directory_account order by 1") == names


def test_the_very_same_file_counts_again_after_it_was_taken_back(registry: Registry) -> None:
    registry.deliver(str(PUPIL), str(OTHER))
    text = document(str(PUPIL), time="2025-09-01T00:00:00Z")
    delivery = registry.send(text)
    assert registry.undo(delivery) == Undone(restored=1, left=0)
    again = registry.send(text)
    assert (again.status, again.repeated, again.counts.left) == (DeliveryStatus.APPLIED, False, 1)


def test_what_a_later_delivery_changed_is_not_taken_back_and_the_people_are_named(registry: Registry) -> None:
    registry.deliver(str(PUPIL), str(OTHER), TEACHER, groups=CLASSES)
    moved = registry.deliver(str(dataclasses.replace(PUPIL, main="3a")), str(OTHER), TEACHER, groups=CLASSES)
    later = dataclasses.replace(PUPIL, main="3a", choir=False)
    registry.deliver(str(later), str(OTHER), TEACHER, groups=CLASSES)
    before = registry.people()
    assert registry.undo(moved) == UndoRefused(NotUndone.CHANGED_LATER, [Later("Åse Prøve", "e-1")])
    assert registry.people() == before
    assert registry.audit("delivery.undone") == 0


def test_an_older_delivery_is_taken_back_when_nothing_later_touches_the_same_people(registry: Registry) -> None:
    registry.deliver(str(PUPIL), str(OTHER), TEACHER, groups=CLASSES)
    moved = registry.deliver(str(dataclasses.replace(PUPIL, main="3a")), str(OTHER), TEACHER, groups=CLASSES)
    renamed = dataclasses.replace(OTHER, name="Ole")
    registry.deliver(str(dataclasses.replace(PUPIL, main="3a")), str(renamed), TEACHER, groups=CLASSES)
    assert registry.undo(moved) == Undone(restored=1, left=0)
    assert [row[1:3] for row in standing(registry)] == [("e-1", "Åse"), ("e-2", "Ole"), ("m-1", "Bo")]
    assert registry.undo(moved) == UndoRefused(NotUndone.UNKNOWN)


def test_deliveries_are_taken_back_one_after_the_other(registry: Registry) -> None:
    wanted = []
    deliveries = []
    for pupil in (PUPIL, dataclasses.replace(PUPIL, main="3a"), dataclasses.replace(PUPIL, main="3a", name="Åsa")):
        deliveries.append(registry.deliver(str(pupil), TEACHER, groups=CLASSES))
        wanted.append(standing(registry))
    for delivery, state in zip(reversed(deliveries[1:]), reversed(wanted[:-1]), strict=True):
        assert isinstance(registry.undo(delivery), Undone)
        assert standing(registry) == state


def test_nobody_can_take_a_delivery_back_after_thirty_days(registry: Registry) -> None:
    delivery = registry.deliver(str(PUPIL))
    registry.execute("update roster_delivery set applied_at = applied_at - interval '30 days'")
    assert registry.undo(delivery) == UndoRefused(NotUndone.TOO_OLD)


def test_two_who_take_the_same_delivery_back_at_once_do_it_once(registry: Registry) -> None:
    delivery = registry.deliver(str(PUPIL), TEACHER)
    with ThreadPoolExecutor(2) as threads:
        done = list(threads.map(lambda _: registry.undo(delivery), range(2)))
    assert sorted(map(str, done)) == sorted([str(Undone(0, 2)), str(UndoRefused(NotUndone.UNKNOWN))])


def test_the_way_back_and_the_changes_are_forgotten_in_time(registry: Registry) -> None:
    registry.deliver(str(PUPIL), str(OTHER))
    registry.deliver(str(dataclasses.replace(PUPIL, name="Anna")), str(OTHER))
    kept = "select (select count(*) > 0 from directory_journal), (select count(*) from roster_change)"
    registry.act(forget_what_was)
    assert registry.row(kept) == (True, 1)
    registry.execute("update directory_journal set at = at - interval '32 days'")
    registry.execute("update roster_delivery set received_at = received_at - interval '401 days'")
    registry.act(forget_what_was)
    assert registry.row(kept) == (False, 0)


def test_protection_that_began_is_not_taken_back(registry: Registry) -> None:
    registry.deliver(str(PUPIL))
    hidden = str(PUPIL).replace(
        person("6205100001", first="Åse"),
        person("6205100001", first="Åse", protected="true", alias=("Sol", "Skin")),
    )
    delivery = registry.deliver(hidden)
    shown = "select protected, alias_first_name from directory_person where first_name = 'Åse'"
    assert registry.row(shown) == (True, "Sol")
    assert isinstance(registry.undo(delivery), Undone)
    assert registry.row(shown) == (True, "Sol")
    assert [finding.code for finding in registry.deliver(str(PUPIL)).findings] == ["protection_ends"]
    registry.deliver(str(PUPIL))
    assert registry.row(shown) == (False, None)


def test_protection_that_ended_comes_back(registry: Registry) -> None:
    hidden = person("6205162233", protected="true", alias=("Sol", "Skin"))
    registry.deliver(member("e-1", hidden, student()))
    registry.deliver(member("e-1", person(), student()))
    delivery = registry.deliver(member("e-1", person(), student()))
    shown = "select protected, alias_first_name from directory_person"
    assert registry.row(shown) == (False, None)
    assert isinstance(registry.undo(delivery), Undone)
    assert registry.row(shown) == (True, "Sol")
