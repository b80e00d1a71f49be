"""Many accounts: what one browser, one address, one school and one secret may fail."""

from uuid import uuid4

import pytest

from tests.builders.running import run
from tests.builders.throttle import OPERATOR, Throttle, Tried, account, net_of
from unilogin.domain.audit.events import Event
from unilogin.domain.limits import rules
from unilogin.domain.limits.actions import (
    may_try_client,
    note_client_failure,
    remove_site_range,
    set_site_pupils,
    settle_decoys,
)
from unilogin.domain.limits.attempts import reserve
from unilogin.domain.limits.model import Crowded, Kind, Reserved, Sprayed, Waiting
from unilogin.domain.limits.queries import registered_ranges

SCHOOL = uuid4()
AT_HOME = "198.51.100.20"
AT_SCHOOL = "203.0.113.7"


async def fail(
    throttle: Throttle, times: int, *, device: str = "", address: str = AT_HOME, known: bool = True
) -> Tried:
    """So many wrong secrets, each on an account of its own, from a browser of its own if none is named."""
    for number in range(times):
        browser = device or f"browser {number} {address} {known}"
        tried = await throttle.type(account(known=known), f"wrong {browser} {number}", device=browser, address=address)
    return tried


def test_r6_a_browser_that_fails_on_many_accounts_pauses_and_then_goes_on(throttle: Throttle) -> None:
    async def go() -> None:
        await throttle.register("203.0.113.0/24", SCHOOL, pupils=10_000)
        await fail(throttle, rules.ACCOUNTS_OF_A_DEVICE - 1, device="smartboard", address=AT_SCHOOL)
        assert (await fail(throttle, 1, device="smartboard", address=AT_SCHOOL)).compared
        paused = await fail(throttle, 1, device="smartboard", address=AT_SCHOOL)
        assert isinstance(paused.answer, Waiting)
        assert paused.answer.seconds == pytest.approx(rules.PAUSE_SECONDS, abs=1)
        assert (await fail(throttle, 1, device="another", address=AT_SCHOOL)).compared
        await throttle.let_time_pass(rules.PAUSE_SECONDS + 1)
        assert (await fail(throttle, 1, device="smartboard", address=AT_SCHOOL)).compared

    run(go())


def test_r6_one_account_many_times_pauses_no_browser(throttle: Throttle) -> None:
    async def go() -> None:
        who = account()
        for number in range(20):
            await throttle.let_time_pass(25)
            await throttle.type(who, f"wrong {number}", device="mine")
        async with throttle.pool.acquire() as connection:
            assert (await throttle.circumstances(connection, who, device="mine")).paused_seconds == 0

    run(go())


def test_r6_a_trusted_device_is_not_paused_by_others_failures_on_it(throttle: Throttle) -> None:
    async def go() -> None:
        owner = account()
        assert (await throttle.type(owner, "right", device="smartboard")).fitted
        await fail(throttle, 12, device="smartboard")
        assert (await throttle.type(owner, "right", device="smartboard")).fitted

    run(go())


def test_r7_an_address_of_no_school_is_slowed_browser_by_browser(throttle: Throttle) -> None:
    async def go() -> None:
        owner = account()
        assert (await throttle.type(owner, "right", device="laptop", address=AT_HOME)).fitted
        assert not (await fail(throttle, rules.NET_BURST, address=AT_HOME)).slowed
        await fail(throttle, 1, address=AT_HOME)  # a little has leaked away meanwhile
        slowed = await throttle.type(account(), "right", device="new", address=AT_HOME)
        assert slowed.fitted
        assert slowed.slowed
        assert not (await throttle.type(owner, "right", device="laptop", address=AT_HOME)).slowed
        assert not (await throttle.type(account(), "right", device="new", address="198.51.100.21")).slowed
        for _ in range(int(rules.LONGEST_TURN / rules.TURN_SECONDS) + 1):
            last = await throttle.type(account(), "right", device="impatient", address=AT_HOME)
        assert isinstance(last.answer, Waiting)
        assert (await throttle.type(account(), "right", device="patient", address=AT_HOME)).fitted
        await throttle.let_time_pass(rules.WINDOW_SECONDS)
        assert not (await throttle.type(account(), "right", device="later", address=AT_HOME)).slowed

    run(go())


def test_r7_slowing_ends_within_a_quarter_of_an_hour(throttle: Throttle) -> None:
    async def go() -> None:
        await fail(throttle, 200)
        await throttle.let_time_pass(15 * 60)
        assert not (await throttle.type(account(), "right", device="new", address=AT_HOME)).slowed

    run(go())


@pytest.mark.parametrize(
    ("pupils", "known", "most"), [(0, True, 60), (121, True, 61), (400, True, 200), (100, False, 30), (400, False, 40)]
)
def test_r8_a_school_over_its_budget_is_slowed_and_reported_once_and_never_blocked(
    throttle: Throttle, pupils: int, *, known: bool, most: int
) -> None:
    async def go() -> None:
        await throttle.register("203.0.113.0/24", SCHOOL, pupils=pupils)
        assert not (await fail(throttle, most - 1, address=AT_SCHOOL, known=known)).slowed
        assert await throttle.events(Event.SITE_ALERTED) == []
        await fail(throttle, 3, address=AT_SCHOOL, known=known, device="a")
        reported = await throttle.events(Event.SITE_ALERTED)
        assert [one["failures" if known else "unknown"] for one in reported] == [most]
        pupil = account(institutions=[SCHOOL])
        slowed = await throttle.type(pupil, "right", device="tablet", address=AT_SCHOOL)
        assert slowed.fitted
        assert slowed.slowed
        assert not (await throttle.type(pupil, "right", device="tablet", address=AT_SCHOOL)).slowed  # trusted now
        await throttle.let_time_pass(rules.WINDOW_SECONDS + 1)
        assert not (await throttle.type(account(), "right", device="new", address=AT_SCHOOL)).slowed

    run(go())


def test_r8_who_stays_under_the_ten_minutes_budget_is_reported_by_the_days(throttle: Throttle) -> None:
    async def go() -> None:
        await throttle.register("203.0.113.0/24", SCHOOL, pupils=10)
        await throttle.at_noon()
        for _ in range(5):
            await throttle.let_time_pass(rules.WINDOW_SECONDS + 1)
            await fail(throttle, 59, address=AT_SCHOOL)
        reported = await throttle.events(Event.SITE_ALERTED)
        assert [one["today"] for one in reported] == [rules.SITE_DAY_FAILURES]

    run(go())


def test_r8_all_schools_behind_one_line_are_told(throttle: Throttle) -> None:
    async def go() -> None:
        other = uuid4()
        site = await throttle.register("203.0.113.0/24", SCHOOL, other, pupils=60)
        await throttle.register("203.0.112.0/20", uuid4(), pupils=60)  # a wider range is not this one
        await fail(throttle, 61, address=AT_SCHOOL)
        rows = await throttle.pool.fetch(
            "select institution_id, object from audit_event where action = $1", Event.SITE_ALERTED.value
        )
        assert {(row["institution_id"], row["object"]) for row in rows} == {(SCHOOL, str(site)), (other, str(site))}

    run(go())


def test_r9_one_secret_on_many_accounts_is_refused_and_only_that_secret(throttle: Throttle) -> None:
    async def go() -> None:
        for number in range(rules.SPRAY_ANYWHERE):
            tried = await throttle.type(account(), "sommer2026", device=f"b{number}", address=f"198.51.100.{number}")
            assert tried.compared
        assert len(await throttle.events(Event.SPRAY_ALERTED)) == 1
        refused = await throttle.type(account(), "sommer2026", device="other", address="192.0.2.1")
        assert refused.answer == Sprayed()
        assert (await throttle.type(account(), "vinter2026", device="other", address="192.0.2.1")).compared
        await throttle.let_time_pass(rules.SPRAY_REFUSED_SECONDS - 1)
        refused = await throttle.type(account(), "sommer2026", device="third", address="192.0.2.2")
        assert refused.answer == Sprayed()  # the key of the hour may have changed meanwhile
        await throttle.let_time_pass(2)
        assert (await throttle.type(account(), "sommer2026", device="third", address="192.0.2.3")).compared

    run(go())


def test_r9_a_class_that_shares_one_right_secret_is_never_refused(throttle: Throttle) -> None:
    async def go() -> None:
        await throttle.register("203.0.113.0/24", SCHOOL, pupils=100)
        for number in range(50):
            pupil = account(institutions=[SCHOOL])
            assert (await throttle.type(pupil, "right", device=f"tablet {number}", address=AT_SCHOOL)).fitted

    run(go())


def test_r9_so_many_at_once_come_back_in_a_moment_and_nothing_is_counted(throttle: Throttle) -> None:
    async def go() -> None:
        await throttle.register("203.0.113.0/24", SCHOOL, pupils=100)
        under_way = []
        async with throttle.pool.acquire() as connection:
            for number in range(rules.SPRAY_AT_A_SITE + 1):
                pupil = account(institutions=[SCHOOL])
                circumstances = await throttle.circumstances(connection, pupil, device=f"t{number}", address=AT_SCHOOL)
                guess = throttle.guess(
                    pupil, "right", device=f"t{number}", address=AT_SCHOOL, circumstances=circumstances
                )
                under_way.append((pupil, guess, await reserve(connection, guess, slot=None)))
            assert all(isinstance(answer, Reserved) for _, _, answer in under_way[:-1])
            pupil, guess, answer = under_way[-1]
            assert answer == Crowded()
            key = throttle.fingerprints.account(pupil.username)
            assert await connection.fetchval("select failures from limits_bucket where account_key = $1", key) == 0
            first, its_guess, its_answer = under_way[0]
            assert (await throttle.settle(connection, first, its_guess, its_answer, typed="right")).fitted
            assert (await throttle.type(pupil, "right", device="t10", address=AT_SCHOOL)).fitted

    run(go())


def test_r13_a_client_is_stopped_at_one_address_and_nowhere_else(throttle: Throttle) -> None:
    async def go() -> None:
        key, other = throttle.fingerprints.client("service-1"), throttle.fingerprints.client("service-2")
        here, there = net_of("192.0.2.1"), net_of("192.0.2.2")
        async with throttle.pool.acquire() as connection:
            for _ in range(rules.CLIENT_FAILURES):
                assert await may_try_client(connection, key, net=here) is None
                await note_client_failure(connection, key, net=here)
            seconds = await may_try_client(connection, key, net=here)
            assert seconds is not None
            assert 0 < seconds <= rules.CLIENT_WINDOW_SECONDS
            assert await may_try_client(connection, key, net=there) is None
            assert await may_try_client(connection, other, net=here) is None
            await throttle.let_time_pass(rules.CLIENT_WINDOW_SECONDS + 1)
            assert await may_try_client(connection, key, net=here) is None
            await note_client_failure(connection, key, net=here)
            assert await may_try_client(connection, key, net=here) is None

    run(go())


def test_ranges_are_registered_counted_and_removed(throttle: Throttle) -> None:
    async def go() -> None:
        site = await throttle.register("203.0.113.0/24", SCHOOL, pupils=400)
        async with throttle.pool.acquire() as connection, connection.transaction():
            (line,) = await registered_ranges(connection, institution_id=None)
            assert (line.range, line.institution_id) == (site, SCHOOL)
            await set_site_pupils(connection, {site: 7})
            assert await connection.fetchval("select pupils from limits_site") == 7
            assert [line.range for line in await registered_ranges(connection, institution_id=SCHOOL)] == [site]
            assert await registered_ranges(connection, institution_id=uuid4()) == []
            assert await remove_site_range(connection, site, institution_id=SCHOOL, actor=OPERATOR)
            assert not await remove_site_range(connection, site, institution_id=SCHOOL, actor=OPERATOR)
            assert await connection.fetchval("select count(1) from limits_site") == 0
        assert len(await throttle.events(Event.SITE_RANGE_ADDED)) == 1
        assert len(await throttle.events(Event.SITE_RANGE_REMOVED)) == 1

    run(go())


def test_b_l03_decoys_follow_the_true_share_but_not_its_every_move(throttle: Throttle) -> None:
    async def go() -> None:
        async with throttle.pool.acquire() as connection:
            assert not await settle_decoys(connection, 0.38)
            assert await settle_decoys(connection, 0.60)
            assert not await settle_decoys(connection, 0.57)
            who = account(kind=Kind.PICTURES)
            circumstances = await throttle.circumstances(connection, who, device="any")
            assert circumstances.pictures_share == pytest.approx(0.60)

    run(go())
