"""Guessing closes places, never people: who has a MitID comes in, and opens what was closed (RT-01 c, RT-03, R4)."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import pytest

from tests.attacks.conftest import HOME, Door
from tests.builders.people import Somebody
from tests.builders.provider import Providers, StubProvider, give_cpr, stub_provider
from tests.builders.running import run
from tests.builders.throttle import OPERATOR, Account, Throttle
from tests.visitor import Visitor
from unilogin.domain.access.actions import grant_right
from unilogin.domain.access.model import Right
from unilogin.domain.directory.model import InstitutionId
from unilogin.domain.limits import rules
from unilogin.domain.limits.fingerprints import Fingerprints
from unilogin.domain.limits.model import ELSEWHERE, Kind, Place, Reserved
from unilogin.domain.limits.model import HOME as AT_HOME_SCHOOL
from unilogin.kit.ids import new_token
from unilogin.kit.secrets import Secrets
from unilogin.signin.model import Alias

AT_SCHOOL = "203.0.113.7"


@dataclass(frozen=True, slots=True)
class MitIdDoor:
    """A door, and a provider that says who it is."""

    door: Door
    stub: StubProvider
    alias: Alias
    throttle: Throttle

    def sign_in(self, cpr: str, *, address: str, token: str | None = None) -> Visitor:
        """Sign in with MitID in a browser at an address."""
        visitor, known_by = self.door.browser(token=token, address=address)
        visitor.open(self.door.journeys.begin(known_by))
        visitor.submit(button=("selectedIdp", self.alias))
        visitor.move_on()
        self.stub.moved_seconds = self.throttle.moved_seconds
        visitor.open(self.stub.approve(visitor.left_for or "", {"cpr": cpr}))
        return visitor


@pytest.fixture
def mitid(door: Door, throttle: Throttle, database: str, secrets: Secrets) -> Iterator[MitIdDoor]:
    with stub_provider() as stub:
        yield MitIdDoor(door, stub, Providers(database, secrets).add(stub), throttle)


def school_of(throttle: Throttle, somebody: Somebody) -> UUID:
    asked = throttle.pool.fetchval(
        "select institution_id from directory_institution where number = $1", somebody.institution
    )
    found: UUID = run(asked)
    return found


def register_school(throttle: Throttle, somebody: Somebody) -> None:
    run(throttle.register(AT_SCHOOL, school_of(throttle, somebody), pupils=100))


def close(throttle: Throttle, door: Door, somebody: Somebody, *, address: str, place: Place) -> None:
    """Guess at somebody from one place until nobody may guess there any more, as the door finds in the end."""
    throttle.fingerprints = Fingerprints(door.app.house.secrets["throttle"])
    schools = frozenset([school_of(throttle, somebody)])
    who = Account(somebody.username, str(somebody.secret), somebody.account_id, schools)

    async def guess() -> None:
        for number in range(rules.allowance(Kind.TYPED, place).cap):
            await throttle.let_time_pass(rules.LONGEST_WAIT + 1)
            tried = await throttle.type(who, f"guess {number}", device=new_token(), address=address)
            assert isinstance(tried.answer, Reserved)
            assert tried.answer.place == place
        await throttle.let_time_pass(rules.LONGEST_WAIT + 1)

    run(guess())
    assert not door.type(somebody.username, str(somebody.secret), address=address).moves_on


def test_rt_01_c_a_teacher_whom_a_pupil_has_closed_at_school_comes_in_there_with_mitid(
    mitid: MitIdDoor, throttle: Throttle
) -> None:
    teacher = mitid.door.people.teacher()
    cpr = give_cpr(mitid.door.people, teacher)
    register_school(throttle, teacher)
    close(throttle, mitid.door, teacher, address=AT_SCHOOL, place=AT_HOME_SCHOOL)
    assert mitid.sign_in(cpr, address=AT_SCHOOL).moves_on
    assert mitid.door.type(teacher.username, str(teacher.secret), address=AT_SCHOOL).moves_on  # R4


def test_rt_03_under_both_attacks_together_a_trusted_device_and_mitid_still_work(
    mitid: MitIdDoor, throttle: Throttle
) -> None:
    teacher, laptop = mitid.door.people.teacher(), new_token()
    cpr = give_cpr(mitid.door.people, teacher)
    register_school(throttle, teacher)
    assert mitid.door.type(teacher.username, str(teacher.secret), token=laptop, address=HOME).moves_on
    close(throttle, mitid.door, teacher, address=AT_SCHOOL, place=AT_HOME_SCHOOL)
    close(throttle, mitid.door, teacher, address=HOME, place=ELSEWHERE)
    assert mitid.door.type(teacher.username, str(teacher.secret), token=laptop, address=HOME).moves_on
    assert mitid.sign_in(cpr, address="192.0.2.77").moves_on


def test_r4_somebody_elses_mitid_reopens_nothing(mitid: MitIdDoor, throttle: Throttle) -> None:
    teacher, other = mitid.door.people.teacher(), mitid.door.people.teacher()
    cpr = give_cpr(mitid.door.people, other)
    close(throttle, mitid.door, teacher, address=HOME, place=ELSEWHERE)
    assert mitid.sign_in(cpr, address=HOME).moves_on
    assert not mitid.door.type(teacher.username, str(teacher.secret), address=HOME).moves_on


def test_r14_who_holds_a_right_comes_in_with_mitid_and_with_no_password(mitid: MitIdDoor, throttle: Throttle) -> None:
    teacher = mitid.door.people.teacher()
    cpr = give_cpr(mitid.door.people, teacher)
    school = school_of(throttle, teacher)

    async def go() -> None:
        async with throttle.pool.acquire() as connection, connection.transaction():
            await grant_right(
                connection,
                Right.BRUGERADMINISTRATOR,
                account_id=teacher.account_id,
                institution_id=InstitutionId(school),
                actor=OPERATOR,
            )

    run(go())
    assert not mitid.door.type(teacher.username, str(teacher.secret)).moves_on
    assert mitid.sign_in(cpr, address=HOME).moves_on


def test_a_sign_in_with_mitid_writes_of_reopening_only_where_something_was_closed(
    mitid: MitIdDoor, throttle: Throttle
) -> None:
    teacher = mitid.door.people.teacher()
    cpr = give_cpr(mitid.door.people, teacher)
    assert mitid.sign_in(cpr, address=HOME).moves_on
    assert run(throttle.pool.fetchval("select count(*) from audit_event where action = 'limits.reopened'")) == 0
