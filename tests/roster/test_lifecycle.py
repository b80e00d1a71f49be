"""What ends by itself, and that whoever comes back after years is who they were."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tests.builders.clock import Clock
from tests.builders.running import run
from tests.roster.documents import contact, employee, member, person, student
from tests.roster.registry import Registry
from unilogin.apps.elevadministration.actions import mind_manual
from unilogin.domain.directory.bulk_undo import Undone
from unilogin.kit.db.connection import Connection, connect
from unilogin.roster.expiring import end_old_imports, forget_people
from unilogin.roster.lifecycle import ImportStage, stage_of_import
from unilogin.roster.model import DeliveryId
from unilogin.roster.queries import receipt

ADMINISTRATOR = """
  insert into access_right (account_id, institution_id, name, granted_by)
  select a.account_id, m.institution_id, 'Brugeradministrator', a.account_id
  from directory_account a join directory_membership m using (person_id) where m.local_person_id = 'm-1'
"""
NOW = datetime(2026, 8, 1, tzinfo=UTC)
MOTHER = person("6105802234", first="Ida", more="<EmailAddress>ida@example.dk</EmailAddress>")
CHILD = member("e-1", person(), student(more=contact(MOTHER)))
TEACHER = member("m-1", person("6207752235", first="Bo", family="Ek"), employee())
HIDDEN = member("e-7", person("6405162277", first="Ukendt", protected="true", alias=("Sol", "Skin")), student())


@pytest.mark.parametrize(
    ("days", "warned", "stage"),
    [
        (0, None, ImportStage.FRESH),
        (334, None, ImportStage.FRESH),
        (335, None, ImportStage.ENDS_SOON),
        (364, 29, ImportStage.ENDS_SOON),
        (365, 30, ImportStage.ENDED),
        (900, 565, ImportStage.ENDED),
        (900, None, ImportStage.ENDS_SOON),  # no job ran for a long time: nobody ends unwarned
        (900, 29, ImportStage.ENDS_SOON),
        (400, 600, ImportStage.ENDS_SOON),  # warned the year before, and renewed since
    ],
)
def test_an_import_lasts_a_year_and_a_month_after_the_warning(
    days: int, warned: int | None, stage: ImportStage
) -> None:
    last, warned_at = NOW - timedelta(days=days), None if warned is None else NOW - timedelta(days=warned)
    assert stage_of_import(last, warned_at=warned_at, now=NOW) is stage


@pytest.mark.parametrize("last", [
    datetime(2027, 3, 28, 1, 30, tzinfo=UTC),  # the hour that is not there in Danish time
    datetime(2027, 10, 31, 0, 30, tzinfo=UTC),  # the hour that is there twice
    datetime(2028, 2, 29, 12, tzinfo=UTC),
    datetime(2027, 1, 31, 23, 59, 59, tzinfo=UTC),
])  # fmt: skip
def test_the_days_of_an_import_are_counted_in_days_whatever_the_calendar_does(last: datetime) -> None:
    warned_at: datetime | None = None
    stages: list[tuple[ImportStage, float]] = []
    for hours in range(334 * 24, 367 * 24):
        now = last + timedelta(hours=hours)
        stage = stage_of_import(last, warned_at=warned_at, now=now)
        if stage is ImportStage.ENDS_SOON and warned_at is None:
            warned_at = now
        if not stages or stages[-1][0] is not stage:
            stages.append((stage, hours / 24))
    assert stages == [(ImportStage.FRESH, 334), (ImportStage.ENDS_SOON, 335), (ImportStage.ENDED, 365)]


def age(registry: Registry, days: int) -> None:
    """Let everything have happened so many days earlier."""
    for table, column in (
        ("roster_delivery", "applied_at"),
        ("roster_stale", "told_at"),
        ("directory_person", "changed_at"),
        ("directory_membership", "ended_at"),
    ):
        registry.execute(f"update {table} set {column} = {column} - $1 * interval '1 day'", days)


def there(registry: Registry) -> int:
    (count,) = registry.row("select count(*) from directory_membership where ended_at is null")
    return int(str(count))


def test_an_import_nobody_renews_ends_after_a_warning_and_can_be_taken_back(registry: Registry) -> None:
    registry.deliver(CHILD, TEACHER)
    registry.execute(ADMINISTRATOR)
    told = "select count(*) from notices_notice where kind = 'import_ending'"
    age(registry, 334)
    registry.act(end_old_imports)
    assert registry.row(told) == (0,)
    age(registry, 1)
    for _ in range(2):
        registry.act(end_old_imports)
        assert registry.row(told) == (1,)
    assert there(registry) == 2
    age(registry, 30)
    registry.act(end_old_imports)
    assert there(registry) == 0
    ended = registry.row("select delivery_id from roster_delivery where actor_kind = 'system'")[0]
    story = registry.do(lambda connection: receipt(connection, DeliveryId(ended)))  # type: ignore[arg-type]
    assert story
    assert (story.source, story.counts.left, [line.left for line in story.plan]) == ("Prøvesystem", 2, [1, 1, 1])
    assert registry.undo(story) == Undone(restored=2, left=0)
    for _ in range(2):
        registry.act(end_old_imports)
        assert there(registry) == 2, "who took it back is not asked again the night after"
    assert registry.row(told) == (1,)


def test_a_source_that_delivers_goes_on(registry: Registry) -> None:
    registry.deliver(CHILD, TEACHER)
    age(registry, 400)
    registry.deliver(CHILD, TEACHER)
    registry.act(end_old_imports)
    assert there(registry) == 2


def test_whoever_left_long_ago_is_forgotten_and_comes_back_as_the_same(registry: Registry) -> None:
    identity = "select username, uniid, account_id from directory_account order by 1"
    registry.deliver(CHILD, TEACHER, HIDDEN)
    before = registry.rows(identity)
    registry.deliver(TEACHER)
    names = "select first_name, alias_first_name, email from directory_person order by 1, 2"
    age(registry, 364)
    registry.act(forget_people)
    assert ("Åse", None, None) in registry.rows(names)
    age(registry, 1)
    registry.act(forget_people)
    assert registry.rows(names) == [
        ("Bo", None, None),
        ("Tidligere", "Beskyttet", None),
        ("Tidligere", None, None),
        ("Tidligere", None, None),
    ]
    assert registry.audit("person.erased") == 3
    receipt = registry.deliver(CHILD, TEACHER, HIDDEN)
    assert (receipt.counts.created, receipt.new_accounts) == (2, 0)
    assert registry.rows(identity) == before
    assert registry.rows(names) == [
        ("Bo", None, None),
        ("Ida", None, "ida@example.dk"),
        ("Ukendt", "Sol", None),
        ("Åse", None, None),
    ]
    assert registry.row("select count(*) from directory_person where erased_at is not null") == (0,)


STAGES = [
    ("day-care", "999002", "Barn", "DT", "2b"),
    ("school", "999001", "Elev", "0", "2b"),
    ("next grade", "999001", "Elev", "1", "2b"),
    ("youth education", "999002", "Studerende", "U1", "2b"),
    ("adult", "999002", "Studerende", "VU", "2b"),
]


def test_a_child_grows_up_with_one_username(registry: Registry) -> None:
    """Day-care, school, grades, youth education, adult: each source lets them go when it no longer has them."""
    usernames = set()
    for _, number, role, level, main in STAGES:
        row = member("e-1", person(), student(role=role, level=level, main=main))
        registry.deliver(row, TEACHER, number=number, source=f"System {role}")
        usernames |= {username for (username,) in registry.rows(
            "select a.username from directory_account a join directory_person p using (person_id)"
            " where p.first_name = 'Åse'"
        )}  # fmt: skip
    assert len(usernames) == 1


@pytest.mark.parametrize(
    ("until", "not_yet", "told"),
    [
        ("2028-03-29 12:00Z", "2028-02-29 11:59Z", "2028-02-29 12:01Z"),
        ("2027-03-31 12:00Z", "2027-02-28 23:59Z", "2027-03-01 00:00Z"),  # there is no 31 February
        ("2027-10-31 00:30Z", "2027-09-30 23:59Z", "2027-10-01 00:00Z"),
        ("2027-03-28 01:00Z", "2027-02-28 00:59Z", "2027-02-28 01:01Z"),  # the night that Danish clocks go forward
    ],
)
def test_administrators_are_told_a_month_before_by_the_calendar_and_once_whoever_looks(
    registry: Registry, until: str, not_yet: str, told: str
) -> None:
    registry.deliver(CHILD, TEACHER)
    registry.execute(ADMINISTRATOR)
    registry.execute(
        "insert into directory_manual (membership_id, until_at, confirmed_by)"
        " select membership_id, $1::text::timestamptz, membership_id from directory_membership"
        " where local_person_id = 'e-1'",
        until,
    )
    run(Clock(registry.dsn).move(0))

    def look_at(moment: str) -> tuple[object, int]:
        """Several nodes look at the same moment, and one of them twice."""
        registry.execute("update tests_clock set moved = $1::text::timestamptz - statement_timestamp()", moment)
        run(_at_once(registry))
        registry.act(mind_manual)
        count = registry.row("select coalesce(sum(times), 0)::int from notices_notice where kind = 'manual_ending'")
        return count[0], there(registry)

    assert look_at(not_yet) == (0, 2)
    assert look_at(told) == (1, 2)
    assert look_at(until) == (1, 1)


async def _at_once(registry: Registry) -> None:
    connections = [await connect(registry.dsn, role="unilogin_run") for _ in range(2)]
    await asyncio.gather(*(_mind(connection) for connection in connections))
    for connection in connections:
        await connection.close()


async def _mind(connection: Connection) -> None:
    async with connection.transaction():
        await mind_manual(connection)
