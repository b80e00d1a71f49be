"""Attempts on one account: counted before they are made, in one bucket and no other."""

import asyncio
from uuid import uuid4

import pytest

from tests.builders.running import run
from tests.builders.throttle import OPERATOR, Account, Throttle, Tried, account
from unilogin.domain.audit.events import Event
from unilogin.domain.limits import rules
from unilogin.domain.limits.actions import forget_account, forget_old_counts, reopen
from unilogin.domain.limits.attempts import give_back, reserve
from unilogin.domain.limits.model import ELSEWHERE, FIRST_DEVICE, HOME, Closed, Kind, Place, Reserved, Waiting

QUARTER = 16 * 60
DAY = 86_400
SCHOOL = uuid4()
AT_HOME = "198.51.100.20"
AT_SCHOOL = "203.0.113.7"


async def hammer(
    throttle: Throttle, who: Account, times: int, *, device: str = "x", address: str = AT_HOME
) -> list[Tried]:
    """Try wrong secrets patiently: every wait is waited out."""
    tried = []
    for number in range(times):
        await throttle.let_time_pass(QUARTER)
        tried.append(
            await throttle.type(who, f"wrong {number} {throttle.moved_seconds}", device=device, address=address)
        )
    return tried


async def trust(throttle: Throttle, who: Account, device: str, *, address: str = AT_HOME) -> None:
    """The owner signs in on a device."""
    await throttle.let_time_pass(QUARTER)
    assert (await throttle.type(who, who.secret, device=device, address=address)).fitted


def compared(tried: list[Tried]) -> int:
    return sum(one.compared for one in tried)


@pytest.mark.parametrize(
    ("kind", "place"),
    [(kind, place) for kind in Kind for place in (ELSEWHERE, HOME, FIRST_DEVICE)],
)
def test_each_bucket_waits_and_closes_by_its_table(throttle: Throttle, kind: Kind, place: Place) -> None:
    async def go() -> list[float]:
        await throttle.register("203.0.113.0/24", SCHOOL, pupils=10_000)
        who = account(institutions=[SCHOOL], kind=kind)
        address = AT_HOME if place == ELSEWHERE else AT_SCHOOL
        if place == FIRST_DEVICE:
            await trust(throttle, who, "x", address=address)
        waited = []
        for number in range(rules.allowance(kind, place).cap):
            seconds = 0.0
            tried = await throttle.type(who, f"wrong {number}", device="x", address=address)
            if isinstance(tried.answer, Waiting):
                seconds = tried.answer.seconds
                await throttle.let_time_pass(seconds + 0.01)
                tried = await throttle.type(who, f"wrong {number}", device="x", address=address)
            assert isinstance(tried.answer, Reserved)
            assert tried.answer.place == place
            waited.append(seconds)
        assert isinstance(tried.answer, Reserved)
        assert tried.answer.closing == "for good"
        await throttle.let_time_pass(QUARTER)
        after = await throttle.type(who, "wrong after", device="x", address=address)
        if place == FIRST_DEVICE:
            assert isinstance(after.answer, Reserved)
            assert after.answer.place == HOME
        else:
            assert after.answer == Closed()
        return waited

    assert run(go()) == pytest.approx(list(rules.allowance(kind, place).waits), abs=0.6)


def test_a_wait_gets_shorter_by_a_step_each_hour_but_the_count_stays(throttle: Throttle) -> None:
    async def go() -> None:
        who = account()
        assert compared(await hammer(throttle, who, 20)) == 20
        waiting = await throttle.type(who, "one more")
        assert isinstance(waiting.answer, Waiting)
        assert waiting.answer.seconds > 400
        await throttle.let_time_pass(30 * 3600)
        assert (await throttle.type(who, "after a day")).compared
        assert (await throttle.type(who, "and at once")).compared
        assert compared(await hammer(throttle, who, 20)) == 3

    run(go())


def test_r10_the_same_wrong_secret_again_counts_once(throttle: Throttle) -> None:
    async def go() -> None:
        who = account()
        for secret in ("one", "two", "three"):
            assert (await throttle.type(who, secret)).compared
        for secret in ("one", "two", "three") * 10:
            tried = await throttle.type(who, secret)
            assert tried.compared
            assert isinstance(tried.answer, Reserved)
            assert not tried.answer.counted
        for secret in ("four", "one"):  # "one" is no longer among the last three
            tried = await throttle.type(who, secret)
            assert isinstance(tried.answer, Reserved)
            assert tried.answer.counted

    run(go())


def test_a_second_click_on_the_right_secret_meets_no_wait(throttle: Throttle) -> None:
    async def go() -> None:
        who = account()
        await hammer(throttle, who, 12)
        await throttle.let_time_pass(QUARTER)
        async with throttle.pool.acquire() as connection:
            circumstances = await throttle.circumstances(connection, who, device="x", address=AT_HOME)
            guess = throttle.guess(who, who.secret, device="x", address=AT_HOME, circumstances=circumstances)
            first = await reserve(connection, guess, slot=None)
            second = await reserve(connection, guess, slot=None)
            assert isinstance(first, Reserved)
            assert isinstance(second, Reserved)
            assert (await throttle.settle(connection, who, guess, second, typed=who.secret)).fitted
            assert (await throttle.settle(connection, who, guess, first, typed=who.secret)).fitted
        assert len(await hammer(throttle, who, 3, device="y")) == 3

    run(go())


def test_an_attempt_that_was_never_made_is_given_back_whole(throttle: Throttle) -> None:
    async def go() -> None:
        who = account(kind=Kind.PICTURES)
        await hammer(throttle, who, 4)
        await throttle.let_time_pass(QUARTER)
        async with throttle.pool.acquire() as connection:
            circumstances = await throttle.circumstances(connection, who, device="x", address=AT_HOME)
            for _ in range(10):
                guess = throttle.guess(who, "fifth", device="x", address=AT_HOME, circumstances=circumstances)
                answer = await reserve(connection, guess, slot=None)
                assert isinstance(answer, Reserved)
                await give_back(connection, guess, answer)
        assert compared(await hammer(throttle, who, 3)) == 1

    run(go())


def test_a_success_begins_its_own_bucket_anew_and_no_other(throttle: Throttle) -> None:
    async def go() -> None:
        await throttle.register("203.0.113.0/24", SCHOOL, pupils=10_000)
        who = account(institutions=[SCHOOL])
        assert compared(await hammer(throttle, who, 30)) == 25
        assert compared(await hammer(throttle, who, 20, address=AT_SCHOOL)) == 20
        await trust(throttle, who, "tablet", address=AT_SCHOOL)
        assert compared(await hammer(throttle, who, 1)) == 0
        assert compared(await hammer(throttle, who, 30, address=AT_SCHOOL)) == 25

    run(go())


@pytest.mark.parametrize(("kind", "devices"), [(Kind.TYPED, 5), (Kind.PICTURES, 3)])
def test_the_longest_unused_device_makes_room_for_a_new_one(throttle: Throttle, kind: Kind, devices: int) -> None:
    async def go() -> None:
        who = account(kind=kind)
        for number in range(devices):
            await trust(throttle, who, f"device {number}")
        await trust(throttle, who, "device 0")  # used again: now device 1 is the longest unused
        await trust(throttle, who, "new device")
        async with throttle.pool.acquire() as connection:
            for name in ("device 0", "device 2", "new device"):
                assert (await throttle.circumstances(connection, who, device=name)).slot is not None
            assert (await throttle.circumstances(connection, who, device="device 1")).slot is None
        rows = await throttle.pool.fetchval("select count(place) from limits_bucket where place >= 2")
        assert rows == devices

    run(go())


def test_trust_ends_half_a_year_after_the_last_success(throttle: Throttle) -> None:
    async def go() -> None:
        who = account()
        await trust(throttle, who, "laptop")
        await throttle.let_time_pass((rules.TRUST_DAYS - 1) * DAY)
        await trust(throttle, who, "laptop")
        await throttle.let_time_pass((rules.TRUST_DAYS - 1) * DAY)
        async with throttle.pool.acquire() as connection:
            assert (await throttle.circumstances(connection, who, device="laptop")).slot is not None
            await throttle.let_time_pass(2 * DAY)
            assert (await throttle.circumstances(connection, who, device="laptop")).slot is None

    run(go())


def test_a_new_password_ends_trust_and_opens_what_was_closed(throttle: Throttle) -> None:
    async def go() -> None:
        who = account()
        await trust(throttle, who, "laptop")
        assert compared(await hammer(throttle, who, 30)) == 25
        async with throttle.pool.acquire() as connection, connection.transaction():
            assert who.account_id is not None
            await forget_account(connection, who.account_id)
        async with throttle.pool.acquire() as connection:
            assert (await throttle.circumstances(connection, who, device="laptop")).slot is None
        assert compared(await hammer(throttle, who, 30)) == 25

    run(go())


def test_an_operator_reopens_what_was_closed_and_it_is_written_down(throttle: Throttle) -> None:
    async def go() -> None:
        who = account()
        await trust(throttle, who, "laptop")
        assert compared(await hammer(throttle, who, 30)) == 25
        assert compared(await hammer(throttle, who, 10, device="laptop")) == 10
        assert who.account_id is not None
        async with throttle.pool.acquire() as connection, connection.transaction():
            assert await reopen(connection, who.account_id, actor=OPERATOR)
        async with throttle.pool.acquire() as connection:
            circumstances = await throttle.circumstances(connection, who, device="laptop")
            assert rules.trusted_slot(circumstances, who.kind) is None
        await trust(throttle, who, "laptop")
        assert await throttle.events(Event.THROTTLE_REOPENED) == [{"buckets": 2}]

    run(go())


def test_a_picture_account_has_a_budget_for_each_day_whatever_succeeds_in_between(throttle: Throttle) -> None:
    async def go() -> None:
        await throttle.register("203.0.113.0/24", SCHOOL, pupils=10_000)
        who = account(institutions=[SCHOOL], kind=Kind.PICTURES)
        budget = rules.allowance(Kind.PICTURES, HOME).a_day
        await throttle.at_noon()
        spent = 0
        for number in range(40):
            tried = await throttle.type(who, f"wrong {number}", device=f"new {number}", address=AT_SCHOOL)
            spent += tried.compared
            if number % 3 == 2 and spent < budget:
                await trust(throttle, who, f"the child's {number}", address=AT_SCHOOL)
        assert spent == budget
        await throttle.let_time_pass(DAY)
        assert (await throttle.type(who, "next day", device="new", address=AT_SCHOOL)).compared

    run(go())


def test_nobody_closes_an_account_before_it_exists(throttle: Throttle) -> None:
    async def go() -> None:
        nobody = account(known=False)
        assert compared(await hammer(throttle, nobody, 30)) == 25
        somebody = Account(nobody.username, "right", uuid4(), frozenset())
        assert (await throttle.type(somebody, "right", address=AT_HOME)).fitted

    run(go())


def test_old_rows_are_forgotten_but_what_is_closed_stays_closed(throttle: Throttle) -> None:
    async def go() -> None:
        closed, slipped, nobody, stranger = account(), account(), account(known=False), account(known=False)
        await trust(throttle, slipped, "laptop")
        await hammer(throttle, closed, 30)
        await hammer(throttle, slipped, 1)
        await hammer(throttle, nobody, 25)
        await hammer(throttle, stranger, 1)
        await throttle.let_time_pass(200 * DAY)
        async with throttle.pool.acquire() as connection, connection.transaction():
            await forget_old_counts(connection)
        left = await throttle.pool.fetch("select account_key, place from limits_bucket")
        keys = {who.username: throttle.fingerprints.account(who.username) for who in (closed, slipped, nobody)}
        assert {(row["account_key"], row["place"]) for row in left} == {(key, ELSEWHERE) for key in keys.values()}
        for table in ("limits_device", "limits_net", "limits_spray"):
            assert await throttle.pool.fetchval(f"select count(1) from {table}") == 0
        assert compared(await hammer(throttle, closed, 2)) == 0

    run(go())


def test_rt_07_five_hundred_guesses_at_once_count_exactly(throttle: Throttle) -> None:
    async def go() -> None:
        who = account()
        # Every statement sees a time a day after the one before, so that no wait stands between the guesses.
        await throttle.pool.execute("create sequence ticks")
        await throttle.pool.execute(
            "create or replace function kit_now() returns timestamptz language sql volatile"
            " return clock_timestamp() + (select last_value from ticks) * interval '1 day'"
        )
        gate = asyncio.Semaphore(12)

        async def guess(number: int) -> Tried:
            async with gate:
                await throttle.pool.fetchval("select nextval('ticks')")
                return await throttle.type(who, f"wrong {number}", device=f"browser {number}")

        tried = await asyncio.gather(*(guess(number) for number in range(500)))
        assert compared(list(tried)) == 25
        assert await throttle.pool.fetchval("select failures from limits_bucket") == 25
        assert all(isinstance(one.answer, Reserved | Closed | Waiting) for one in tried)

    run(go())
