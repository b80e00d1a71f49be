"""RT-05: whatever happens in whatever order, the wrong guesses between two successes of the owner have a ceiling."""

import itertools
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.builders.running import run
from tests.builders.throttle import MOST_IN_A_ROW, Throttle, Tried, account, most_in_a_row
from unilogin.domain.limits import rules
from unilogin.domain.limits.actions import forget_old_counts
from unilogin.domain.limits.model import Kind, Reserved

SCHOOL = uuid4()
AT_SCHOOL, AT_HOME = "203.0.113.7", "198.51.100.20"
OWN_DEVICES = [f"own {number}" for number in range(7)]
SECRETS = [f"one of a few {number}" for number in range(6)]
_numbers = itertools.count()


class Guessing(RuleBasedStateMachine):
    """An owner with many devices, attackers on all of them and elsewhere, and time."""

    throttle: Throttle

    @initialize(kind=st.sampled_from(Kind))
    def begin(self, kind: Kind) -> None:
        self.who = account(institutions=[SCHOOL], kind=kind)
        self.spent = 0
        self.compared: set[tuple[int, str]] = set()

    @rule(device=st.sampled_from([*OWN_DEVICES, "new"]), at_school=st.booleans(), secret=st.sampled_from(SECRETS))
    def guess(self, device: str, secret: str, *, at_school: bool) -> None:
        self._note(run(self._type(device, secret, at_school=at_school)), secret)

    @rule(
        device=st.sampled_from([*OWN_DEVICES, "new"]),
        at_school=st.booleans(),
        times=st.integers(1, 9),
        patient=st.booleans(),
    )
    def hammer(self, device: str, times: int, *, at_school: bool, patient: bool) -> None:
        async def go() -> None:
            for _ in range(times):
                if patient:
                    await self.throttle.let_time_pass(rules.LONGEST_WAIT + 1)
                secret = f"fresh {next(_numbers)}"
                self._note(await self._type(device, secret, at_school=at_school), secret)

        run(go())

    @rule()
    def attack_everywhere(self) -> None:
        for device, at_school in [*itertools.product(OWN_DEVICES, [True]), ("new", True), ("new", False)]:
            self.hammer(device=device, at_school=at_school, times=26 if device == "new" else 11, patient=True)

    @rule()
    def owner_signs_in_everywhere(self) -> None:
        for device in OWN_DEVICES:
            self.owner_signs_in(device=device, at_school=True)

    @rule(device=st.sampled_from(OWN_DEVICES), at_school=st.booleans())
    def owner_signs_in(self, device: str, *, at_school: bool) -> None:
        if run(self._type(device, self.who.secret, at_school=at_school)).fitted:
            self.spent = 0

    @rule(device=st.sampled_from(OWN_DEVICES))
    def somebody_else_signs_in_there(self, device: str) -> None:
        other = account(institutions=self.who.institutions)
        run(self.throttle.type(other, other.secret, device=device, address=AT_SCHOOL))

    @rule(hours=st.sampled_from([0.001, 0.3, 25, 24 * 30]))
    def time_passes(self, hours: float) -> None:
        run(self.throttle.let_time_pass(hours * 3600))

    @rule()
    def housekeeping(self) -> None:
        async def go() -> None:
            async with self.throttle.pool.acquire() as connection, connection.transaction():
                await forget_old_counts(connection)

        run(go())

    @invariant()
    def no_more_than_the_ceiling(self) -> None:
        if hasattr(self, "who"):
            assert self.spent <= most_in_a_row(self.who.kind) <= MOST_IN_A_ROW

    async def _type(self, device: str, secret: str, *, at_school: bool) -> Tried:
        browser = f"{self.who.username} {device}"
        return await self.throttle.type(self.who, secret, device=browser, address=AT_SCHOOL if at_school else AT_HOME)

    def _note(self, tried: Tried, secret: str) -> None:
        """A guess that is not counted is one that was made in this bucket before: it teaches nothing."""
        if not tried.compared or not isinstance(tried.answer, Reserved):
            return
        if tried.answer.counted:
            self.spent += 1
        else:
            assert (tried.answer.place, secret) in self.compared
        self.compared.add((tried.answer.place, secret))


@pytest.mark.parametrize("kind", Kind)
def test_rt_05_the_ceiling_is_where_the_rules_say(throttle: Throttle, kind: Kind) -> None:
    """Every device trusted, every bucket filled, patiently: so many guesses are compared, and not one more."""

    async def go() -> int:
        await throttle.register("203.0.113.0/24", SCHOOL, pupils=1_000_000)
        who = account(institutions=[SCHOOL], kind=kind)
        for device in OWN_DEVICES:
            assert (await throttle.type(who, who.secret, device=device, address=AT_SCHOOL)).fitted
        compared = 0
        for device, address in [*itertools.product(OWN_DEVICES, [AT_SCHOOL, AT_HOME]), ("new", AT_SCHOOL)]:
            for number in range(26):
                await throttle.let_time_pass(rules.LONGEST_WAIT + 1)
                compared += (await throttle.type(who, f"{device} {number}", device=device, address=address)).compared
        return compared

    assert run(go()) == most_in_a_row(kind)


def test_rt_05_wrong_guesses_between_two_successes_never_exceed_the_ceiling(throttle: Throttle) -> None:
    run(throttle.register("203.0.113.0/24", SCHOOL, pupils=1_000_000))
    machine = type("GuessingHere", (Guessing,), {"throttle": throttle})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=10,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
