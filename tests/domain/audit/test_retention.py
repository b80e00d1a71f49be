"""An old month can be dropped, and only by declaring it: the chain holds, and what was not declared is still found."""

from datetime import UTC, date, datetime

import pytest

from tests.domain.audit.sealed_log import SealedLog
from unilogin.domain.audit.model import Actor, Anchor
from unilogin.domain.audit.retention import RetentionError, drop_month
from unilogin.kit.db.connection import Connection

OPERATOR = Actor("operator", "tests")
JANUARY, FEBRUARY = date(2031, 1, 1), date(2031, 2, 1)


def set_clock(sealed_log: SealedLog, moment: datetime) -> None:
    sealed_log.tamper(
        "create or replace function kit_now() returns timestamptz language sql stable parallel safe"
        f" return '{moment.isoformat()}'::timestamptz"
    )


def drop(sealed_log: SealedLog, month: date) -> Anchor:
    async def work(connection: Connection) -> Anchor:
        async with connection.transaction():
            return await drop_month(connection, month, actor=OPERATOR, secrets=sealed_log.secrets)

    return sealed_log.run(work)


@pytest.fixture
def new_year(sealed_log: SealedLog) -> SealedLog:
    """January, the midnight to February with rows of both months in one run, then March."""
    sealed_log.tamper(f"select audit_make_partition('{JANUARY}')")  # February has none: its rows are in the rest
    for moment in (datetime(2031, 1, 10, tzinfo=UTC), datetime(2031, 1, 31, 23, 59, 59, tzinfo=UTC)):
        set_clock(sealed_log, moment)
        sealed_log.write(5)
    sealed_log.seal()
    sealed_log.write(2, about="late in January")
    set_clock(sealed_log, datetime(2031, 2, 1, tzinfo=UTC))
    sealed_log.write(2, about="February")
    set_clock(sealed_log, datetime(2031, 1, 31, 23, 59, 59, tzinfo=UTC))
    sealed_log.write(1, about="began before midnight")
    set_clock(sealed_log, datetime(2031, 3, 2, tzinfo=UTC))
    sealed_log.seal()
    return sealed_log


def months_of_rows(sealed_log: SealedLog) -> list[str]:
    rows = sealed_log.look("select distinct to_char(at at time zone 'UTC', 'YYYY-MM') as m from audit_event order by 1")
    return [row["m"] for row in rows if row["m"] > "2030"]


def test_k_32_no_link_spans_two_months(new_year: SealedLog) -> None:
    links = new_year.look("select month, events from audit_link where month > '2030-12-31' order by number")
    assert [(row["month"], row["events"]) for row in links] == [(JANUARY, 10), (JANUARY, 3), (FEBRUARY, 2)]
    assert new_year.verify().fault is None


def test_k_32_a_dropped_month_leaves_an_anchor_and_the_chain_holds(new_year: SealedLog) -> None:
    anchor = drop(new_year, JANUARY)
    assert (anchor.links, anchor.events) == (2, 13)
    assert months_of_rows(new_year) == ["2031-02", "2031-03"]  # March: the row about the drop itself
    verdict = new_year.verify()
    assert verdict.fault is None
    assert verdict.dropped == (JANUARY,)
    written = new_year.look("select object, actor_id, detail from audit_event where action = 'audit.month_dropped'")
    assert [(row["object"], row["actor_id"]) for row in written] == [("2031-01", "tests")]
    assert written[0]["detail"] == {"links": 2, "events": 13}


def test_k_32_a_month_whose_rows_are_in_the_default_partition_can_be_dropped(new_year: SealedLog) -> None:
    drop(new_year, FEBRUARY)
    assert months_of_rows(new_year) == ["2031-01", "2031-03"]
    assert new_year.verify().fault is None


def test_k_32_all_that_was_not_dropped_is_still_checked(new_year: SealedLog) -> None:
    drop(new_year, JANUARY)
    number = new_year.look("select sequence from audit_event where object = 'February' order by 1")[1]["sequence"]
    new_year.tamper("delete from audit_event where sequence = $1", number)
    fault = new_year.verify().fault
    assert fault
    assert (fault.kind, fault.sequence) == ("deleted", number)


def test_k_32_a_month_dropped_without_declaring_it_is_found(new_year: SealedLog) -> None:
    first = new_year.look("select min(sequence) as n from audit_event where at >= '2031-01-01'")[0]["n"]
    new_year.tamper("drop table audit_event_2031_01")
    fault = new_year.verify().fault
    assert fault
    assert (fault.kind, fault.sequence) == ("deleted", first)


def test_k_32_a_row_put_into_a_dropped_month_is_found(new_year: SealedLog) -> None:
    number = new_year.look("select min(sequence) as n from audit_event where at >= '2031-01-01'")[0]["n"]
    drop(new_year, JANUARY)
    new_year.tamper(
        "insert into audit_event (sequence, at, action, actor_kind, actor_id)"
        " values ($1, '2031-01-10', 'right.granted', 'x', 'x')",
        number,
    )
    fault = new_year.verify().fault
    assert fault
    assert (fault.kind, fault.sequence) == ("inserted", number)


@pytest.mark.parametrize(
    "change", ["actor_id = 'nobody'", "events = events - 1", "links = links - 1", "month = '2031-02-01'", "mac = hash"]
)
def test_k_32_a_forged_anchor_is_found(new_year: SealedLog, change: str) -> None:
    drop(new_year, JANUARY)
    new_year.tamper(f"update audit_anchor set {change}")
    fault = new_year.verify().fault
    assert fault
    assert fault.kind == "anchor"


def test_k_32_a_month_that_is_not_over_or_not_sealed_or_gone_is_not_dropped(new_year: SealedLog) -> None:
    with pytest.raises(RetentionError, match="not over"):
        drop(new_year, date(2031, 3, 1))
    with pytest.raises(RetentionError, match="holds nothing"):
        drop(new_year, date(2030, 6, 1))
    drop(new_year, JANUARY)
    with pytest.raises(RetentionError, match="dropped already"):
        drop(new_year, JANUARY)
    set_clock(new_year, datetime(2031, 2, 10, tzinfo=UTC))
    new_year.write(1)
    set_clock(new_year, datetime(2031, 3, 10, tzinfo=UTC))
    with pytest.raises(RetentionError, match="not sealed"):
        drop(new_year, FEBRUARY)
