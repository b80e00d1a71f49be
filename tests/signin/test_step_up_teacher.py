"""A pupil waits for the word of a teacher, who gives it from elsewhere."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.builders.people import Somebody
from tests.builders.raising import INSIST_TWO, INSIST_VOUCHED, Stage, stage_on, token_level, years_ago
from tests.builders.running import run
from tests.protocols.oidc.relying_party import Attempt, RelyingParty, answer_of
from tests.recovery.inside import events_about
from tests.visitor import Visitor
from unilogin.domain.access.gates import PupilInReach
from unilogin.domain.sessions.vouching import VouchRequest, approve, turn_down, waiting_requests
from unilogin.kit.db.connection import connect
from unilogin.kit.secrets import Secrets


@pytest.fixture
def stage(database: str, secrets: Secrets) -> Iterator[Stage]:
    with stage_on(database, secrets) as here:
        yield here


@pytest.fixture
def service(stage: Stage) -> RelyingParty:
    return stage.service()


@pytest.fixture
def child(stage: Stage) -> Somebody:
    return stage.small(parent=False)


@pytest.fixture
def teacher(stage: Stage, child: Somebody) -> Somebody:
    return stage.teacher_of(child)


def waits(stage: Stage, service: RelyingParty, child: Somebody) -> tuple[Visitor, Attempt]:
    """A browser of a pupil that waits."""
    browser = stage.signed_in(child, service)
    attempt = service.attempt(**INSIST_VOUCHED)
    stage.open(browser, attempt)
    press_teacher(browser)
    assert browser.heading == "Vent på din lærer"
    return browser, attempt


def press_teacher(browser: Visitor) -> None:
    (form,) = [form for form in browser.document.forms if str(form.action).endswith("/teacher")]
    browser.post(form.action, {"csrf": form.fields["csrf"]})


def waiting(stage: Stage, *pupils: Somebody) -> list[VouchRequest]:
    """What a board would show of these pupils."""

    async def look() -> list[VouchRequest]:
        connection = await connect(stage.dsn)
        try:
            return await waiting_requests(connection, [pupil.account_id for pupil in pupils])
        finally:
            await connection.close()

    return run(look())


def answers(
    stage: Stage, request: VouchRequest, teacher: Somebody, pupil: Somebody, *, times: int = 1, yes: bool = True
) -> list[bool]:
    """Answer, so many times at once, as a teacher whom the gate let reach this pupil."""

    async def one() -> bool:
        connection = await connect(stage.dsn)
        try:
            school = await connection.fetchval(
                "select institution_id from directory_institution where number = $1", pupil.institution
            )
            reach = PupilInReach(pupil.account_id, teacher.account_id, school)
            async with connection.transaction():
                return await (approve if yes else turn_down)(connection, reach, request.request_id)
        finally:
            await connection.close()

    async def all_at_once() -> list[bool]:
        return await asyncio.gather(*(one() for _ in range(times)))

    return run(all_at_once())


def test_a_pupil_waits_is_seen_and_goes_on_when_the_teacher_says_yes(
    stage: Stage, service: RelyingParty, child: Somebody, teacher: Somebody
) -> None:
    browser, attempt = waits(stage, service, child)
    (request,) = waiting(stage, child, stage.small())
    assert (request.pupil, request.state) == (child.account_id, "waiting")
    assert request.service_name in browser.text
    browser.open(browser.path)
    assert browser.heading == "Vent på din lærer"
    assert answers(stage, request, teacher, child) == [True]
    assert waiting(stage, child) == []
    browser.open(browser.path)
    browser.move_on()
    assert token_level(service, attempt, browser) == "VoksenVerificeret"
    events = events_about(stage.people, child)
    assert ("vouch.asked", str(child.account_id)) in events
    assert ("vouch.given", str(teacher.account_id)) in events
    rows = stage.sql(
        "select i.number from audit_event e join directory_institution i using (institution_id)"
        " where e.action = 'vouch.given'"
    )
    assert rows == [(child.institution,)]


def test_the_page_looks_again_without_a_script(
    stage: Stage, service: RelyingParty, child: Somebody, teacher: Somebody
) -> None:
    browser, _ = waits(stage, service, child)
    (refresh,) = browser.document.xpath("//head//noscript//meta[@http-equiv='refresh']/@content")
    assert refresh == f"5;url={browser.path}"


def test_twenty_answers_at_once_are_one(
    stage: Stage, service: RelyingParty, child: Somebody, teacher: Somebody
) -> None:
    waits(stage, service, child)
    (request,) = waiting(stage, child)
    assert sorted(answers(stage, request, teacher, child, times=20)) == [False] * 19 + [True]
    assert stage.sql("select count(*) from sessions_vouch") == [(1,)]


MEANWHILE = {
    "too late": lambda stage, child, teacher: stage.move(seconds=601),
    "signed out": lambda stage, child, teacher: stage.sql("update sessions_session set ended_at = kit_now()"),
    "the pupil was blocked": lambda stage, child, teacher: stage.people.block(child),
    "the teacher was blocked": lambda stage, child, teacher: stage.people.block(teacher),
    "the pupil turned 18": lambda stage, child, teacher: stage.families.born(child, years_ago(19)),
}


@pytest.mark.parametrize("why", MEANWHILE)
def test_an_answer_that_may_not_be_given_any_more_changes_nothing(
    stage: Stage, service: RelyingParty, child: Somebody, teacher: Somebody, why: str
) -> None:
    waits(stage, service, child)
    (request,) = waiting(stage, child)
    MEANWHILE[why](stage, child, teacher)
    assert answers(stage, request, teacher, child) == [False]
    assert stage.sql("select count(*) from sessions_vouch") == [(0,)]


def test_an_answer_to_somebody_who_waits_no_longer_changes_nothing(
    stage: Stage, service: RelyingParty, child: Somebody, teacher: Somebody
) -> None:
    browser, _ = waits(stage, service, child)
    (request,) = waiting(stage, child)
    browser.submit()
    assert answers(stage, request, teacher, child) == [False]
    assert stage.sql("select count(*) from sessions_vouch") == [(0,)]


def test_an_answer_counts_once(stage: Stage, service: RelyingParty, child: Somebody, teacher: Somebody) -> None:
    waits(stage, service, child)
    (request,) = waiting(stage, child)
    assert answers(stage, request, teacher, child, yes=False) == [True]
    assert answers(stage, request, teacher, child) == [False]
    assert stage.sql("select count(*) from sessions_vouch") == [(0,)]


def test_nobody_answers_for_another_pupil_as_a_pupil_or_for_oneself(
    stage: Stage, service: RelyingParty, child: Somebody, teacher: Somebody
) -> None:
    waits(stage, service, child)
    (request,) = waiting(stage, child)
    for answering, pupil in ((teacher, stage.small()), (stage.big(), child), (child, child)):
        assert answers(stage, request, answering, pupil) == [False]
    assert stage.sql("select count(*) from sessions_vouch") == [(0,)]


def test_a_pupil_whose_parent_came_first_waits_no_longer(
    stage: Stage, service: RelyingParty, child: Somebody, teacher: Somebody
) -> None:
    parent = stage.parent_of(child)
    browser, _ = waits(stage, service, child)
    browser.open(browser.path.replace("/teacher", "/parent"))
    stage.with_mitid(browser, parent)
    assert "code" in answer_of(browser)
    assert waiting(stage, child) == []


def test_a_teacher_may_say_no(stage: Stage, service: RelyingParty, child: Somebody, teacher: Somebody) -> None:
    browser, _ = waits(stage, service, child)
    (request,) = waiting(stage, child)
    assert answers(stage, request, teacher, child, yes=False) == [True]
    browser.open(browser.path)
    assert browser.heading == "Din lærer sagde nej"
    assert ("vouch.refused", str(teacher.account_id)) in events_about(stage.people, child)


def test_waiting_ends_by_itself_and_can_begin_again(
    stage: Stage, service: RelyingParty, child: Somebody, teacher: Somebody
) -> None:
    browser, _ = waits(stage, service, child)
    stage.move(seconds=601)
    browser.open(browser.path)
    assert browser.heading == "Der kom ikke noget svar"
    assert waiting(stage, child) == []
    browser.open(browser.path.removesuffix("/teacher"))
    press_teacher(browser)
    assert browser.heading == "Vent på din lærer"
    assert len(waiting(stage, child)) == 1


def test_a_pupil_can_stop_waiting(stage: Stage, service: RelyingParty, child: Somebody, teacher: Somebody) -> None:
    browser, _ = waits(stage, service, child)
    browser.submit()
    assert browser.path.endswith("/level")
    assert waiting(stage, child) == []
    browser.open(f"{browser.path}/teacher")
    assert browser.path.endswith("/level")


def test_to_ask_twice_is_to_ask_once(stage: Stage, service: RelyingParty, child: Somebody, teacher: Somebody) -> None:
    browser, _ = waits(stage, service, child)
    browser.open(browser.path.removesuffix("/teacher"))
    press_teacher(browser)
    assert len(waiting(stage, child)) == 1


def test_another_session_of_the_pupil_gets_nothing(
    stage: Stage, service: RelyingParty, child: Somebody, teacher: Somebody
) -> None:
    elsewhere = stage.signed_in(child, service)
    waits(stage, service, child)
    (request,) = waiting(stage, child)
    answers(stage, request, teacher, child)
    stage.open(elsewhere, service.attempt(prompt="none", **INSIST_VOUCHED))
    assert answer_of(elsewhere)["error"] == "login_required"


@pytest.mark.parametrize("missing", ["teacher", "age"])
def test_no_teacher_is_offered_where_none_can_answer(
    stage: Stage, service: RelyingParty, child: Somebody, missing: str
) -> None:
    teacher = stage.teacher_of(child)
    stage.parent_of(child)
    match missing:
        case "teacher":
            stage.people.leave(teacher)
        case "age":
            stage.families.born(child, years_ago(19))
    browser = stage.signed_in(child, service)
    stage.open(browser, service.attempt(**INSIST_VOUCHED))
    assert "Spørg din lærer" not in browser.text
    journey = "/".join(browser.path.split("/")[:3])
    csrf = str(browser.document.forms[0].fields["csrf"])
    browser.post(f"{journey}/level/teacher", {"csrf": csrf})
    assert waiting(stage, child) == []


def test_no_teacher_answers_for_two_factors(
    stage: Stage, service: RelyingParty, child: Somebody, teacher: Somebody
) -> None:
    browser = stage.signed_in(child, service)
    stage.open(browser, service.attempt(**INSIST_TWO))
    assert browser.heading == "Du kan ikke komme ind her"


def test_without_mitid_a_teacher_is_enough(
    stage: Stage, service: RelyingParty, child: Somebody, teacher: Somebody
) -> None:
    stage.offer_mitid(on=False)
    browser, attempt = waits(stage, service, child)
    (request,) = waiting(stage, child)
    answers(stage, request, teacher, child)
    browser.open(browser.path)
    browser.move_on()
    assert token_level(service, attempt, browser) == "VoksenVerificeret"
