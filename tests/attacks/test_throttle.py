"""Attacks on accounts, told as they happen in a school: who is let in meanwhile, and what the attackers learn."""

import asyncio
import random
from uuid import UUID, uuid4

import pytest

from tests.builders.running import run
from tests.builders.throttle import Account, Throttle, Tried, account
from unilogin.domain.audit.events import Event
from unilogin.domain.limits import rules
from unilogin.domain.limits.model import ELSEWHERE, FIRST_DEVICE, HOME, Closed, Kind, Sprayed

AT_SCHOOL = "203.0.113.7"
AT_HOME = "198.51.100.20"
TRIES = 5000
AT_ONCE = 10
MONTH = 30 * 86_400


async def school(throttle: Throttle, *, pupils: int = 600) -> frozenset[UUID]:
    """A school with its own address."""
    institution = uuid4()
    await throttle.register(f"{AT_SCHOOL}/32", institution, pupils=pupils)
    return frozenset([institution])


async def sign_in(throttle: Throttle, who: Account, device: str, address: str) -> Tried:
    return await throttle.type(who, who.secret, device=device, address=address)


async def attack(throttle: Throttle, victim: Account, places: list[tuple[str, str]]) -> int:
    """Try ``TRIES`` secrets from places (device, address) in turn, with all patience; return how many were compared."""
    compared = 0
    for wave in range(0, TRIES, AT_ONCE):
        await throttle.let_time_pass(rules.LONGEST_WAIT + 1 if wave < 1000 else 5)
        tried = await asyncio.gather(
            *(
                throttle.type(victim, f"guess {number}", device=device, address=address)
                for number in range(wave, wave + AT_ONCE)
                for device, address in [places[number % len(places)]]
            )
        )
        compared += sum(one.compared for one in tried)
    return compared


def test_rt_01_a_pupil_with_class_tablets_locks_no_teacher_out(throttle: Throttle) -> None:
    async def go() -> None:
        teacher = account(institutions=await school(throttle))
        assert (await sign_in(throttle, teacher, "own laptop", AT_SCHOOL)).fitted
        tablets = [(f"tablet {number}", AT_SCHOOL) for number in range(28)]
        assert await attack(throttle, teacher, tablets) == rules.allowance(Kind.TYPED, HOME).cap
        own = await sign_in(throttle, teacher, "own laptop", AT_SCHOOL)
        assert own.fitted  # (a)
        assert not own.slowed
        assert (await sign_in(throttle, teacher, "computer at home", AT_HOME)).fitted  # (b)
        assert await throttle.events(Event.PLACE_CLOSED) == [{"how": "for good", "place": "home"}]

    run(go())


def test_rt_02_a_botnet_locks_no_teacher_out(throttle: Throttle) -> None:
    async def go() -> None:
        teacher = account(institutions=await school(throttle))
        assert (await sign_in(throttle, teacher, "own laptop", AT_HOME)).fitted
        nets = [(f"bot {number}", f"10.{number // 256}.{number % 256}.9") for number in range(10_000)]
        assert await attack(throttle, teacher, nets) == rules.allowance(Kind.TYPED, ELSEWHERE).cap
        assert (await sign_in(throttle, teacher, "own laptop", AT_HOME)).fitted  # (a)
        assert (await sign_in(throttle, teacher, "new computer", AT_SCHOOL)).fitted  # (b)

    run(go())


def test_rt_04_the_smartboard_loses_its_trust_and_no_other_device_does(throttle: Throttle) -> None:
    async def go() -> None:
        teacher = account(institutions=await school(throttle))
        for device in ("smartboard", "own laptop", "telephone"):
            assert (await sign_in(throttle, teacher, device, AT_SCHOOL)).fitted
        places = []
        for number in range(12):
            await throttle.let_time_pass(61)
            tried = await throttle.type(teacher, f"guess {number}", device="smartboard", address=AT_SCHOOL)
            assert tried.compared
            places.append(getattr(tried.answer, "place", None))
        assert places == [FIRST_DEVICE] * 10 + [HOME] * 2
        assert await throttle.events(Event.DEVICE_DISTRUSTED) == [{"how": "for good"}]
        for device in ("own laptop", "telephone"):
            assert (await sign_in(throttle, teacher, device, AT_SCHOOL)).fitted
        assert (
            await sign_in(throttle, teacher, "smartboard", AT_SCHOOL)
        ).fitted  # by the school's bucket: trusted again
        again = await throttle.type(teacher, "guess", device="smartboard", address=AT_SCHOOL)
        assert getattr(again.answer, "place", None) == FIRST_DEVICE

    run(go())


def test_rt_06_neither_time_nor_somebody_elses_success_reopens_a_closed_place(throttle: Throttle) -> None:
    async def go() -> None:
        institutions = await school(throttle)
        teacher, other = account(institutions=institutions), account(institutions=institutions)
        assert (await sign_in(throttle, teacher, "own laptop", AT_SCHOOL)).fitted
        for number in range(30):
            await throttle.let_time_pass(rules.LONGEST_WAIT + 1)
            await throttle.type(teacher, f"guess {number}", device="tablet", address=AT_SCHOOL)
        assert (await sign_in(throttle, teacher, "tablet", AT_SCHOOL)).answer == Closed()
        await throttle.let_time_pass(MONTH)
        assert (await sign_in(throttle, other, "tablet", AT_SCHOOL)).fitted
        assert (await sign_in(throttle, teacher, "own laptop", AT_SCHOOL)).fitted
        for device in ("tablet", "new tablet"):
            assert (await sign_in(throttle, teacher, device, AT_SCHOOL)).answer == Closed()

    run(go())


def test_rt_08_six_hundred_pupils_of_one_address_at_eight_are_all_let_in(throttle: Throttle) -> None:
    """8 % mistype first, 5 % of what is typed names nobody; every device is new, as on the first day of a term."""
    chance = random.Random(8)

    async def go() -> None:
        institutions = await school(throttle, pupils=600)
        arrivals = []
        for number in range(600):
            kind = Kind.PICTURES if number % 3 == 0 else Kind.TYPED
            pupil = account(secret=f"secret {number}", institutions=institutions, kind=kind)
            mistypes = chance.random() < 0.08
            arrivals.append((number * 0.1, pupil, f"tablet {number}", "mistyped" if mistypes else pupil.secret))
            if mistypes:
                arrivals.append((number * 0.1 + 6, pupil, f"tablet {number}", pupil.secret))
            if chance.random() < 0.05:
                nobody = account(known=False)
                arrivals.append((number * 0.1 - 4, nobody, f"tablet {number}", pupil.secret))
        clock = 0.0
        for at, who, device, typed in sorted(arrivals, key=lambda arrival: arrival[0]):
            await throttle.let_time_pass(max(0.001, at - clock))
            clock = max(at, clock)
            tried = await throttle.type(who, typed, device=device, address=AT_SCHOOL)
            assert not tried.slowed
            if typed == who.secret:
                assert tried.fitted
        assert await throttle.events(Event.SITE_ALERTED) == []

    run(go())


def test_rt_09_a_class_that_shares_four_tablets_is_never_paused(throttle: Throttle) -> None:
    chance = random.Random(9)

    async def go() -> None:
        institutions = await school(throttle, pupils=28)
        for number in range(28):
            pupil = account(institutions=institutions, kind=Kind.PICTURES)
            tablet = f"tablet {number % 4}"
            if chance.random() < 0.3:
                assert (await throttle.type(pupil, "mistyped", device=tablet, address=AT_SCHOOL)).compared
                await throttle.let_time_pass(8)
            tried = await sign_in(throttle, pupil, tablet, AT_SCHOOL)
            assert tried.fitted
            assert not tried.slowed
            await throttle.let_time_pass(20)

    run(go())


@pytest.mark.parametrize("at_once", [1, 60])
def test_rt_10_one_secret_over_a_whole_school_is_compared_ten_times_at_most(throttle: Throttle, at_once: int) -> None:
    async def go() -> None:
        institutions = await school(throttle)
        everybody = [account(secret="blomster1", institutions=institutions) for _ in range(60)]
        others = [account(institutions=institutions) for _ in range(600)]
        assert (await sign_in(throttle, everybody[0], "own tablet", AT_SCHOOL)).fitted
        compared = 0
        for first in range(0, len(others), at_once):
            tried = await asyncio.gather(
                *(
                    throttle.type(who, "blomster1", device=f"{who.username}'s", address=AT_SCHOOL)
                    for who in others[first : first + at_once]
                )
            )
            compared += sum(one.compared for one in tried)
        assert compared == rules.SPRAY_AT_A_SITE
        assert len(await throttle.events(Event.SPRAY_ALERTED)) == 1
        assert (await sign_in(throttle, everybody[1], "new tablet", AT_SCHOOL)).answer == Sprayed()
        assert (await sign_in(throttle, everybody[0], "own tablet", AT_SCHOOL)).fitted

    run(go())
