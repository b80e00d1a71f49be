"""What comes at the same moment, or a moment too late: two tabs, teacher against claimer, the last tenth of a second.

And a pupil who waits at a service for a teacher's word, from the service back to the service.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from ipaddress import ip_address
from uuid import uuid4

import httpx
import pytest

from tests.apps.elevadgang.classroom import Class, Classroom
from tests.apps.elevadgang.test_class import claim, press
from tests.apps.entering import csrf_of, enter
from tests.builders.people import Somebody
from tests.builders.raising import INSIST_VOUCHED, token_level
from tests.builders.running import run
from tests.builders.services import Services
from tests.protocols.oidc.relying_party import RelyingParty
from tests.server import RunningServer
from tests.visitor import Visitor
from unilogin.domain.credentials.windows import Claim, claim_window
from unilogin.kit.db.connection import connect


def together(*acts: Callable[[], object]) -> None:
    """Do all of it at once."""
    with ThreadPoolExecutor(len(acts)) as pool:
        for done in [pool.submit(act) for act in acts]:
            done.result()


@pytest.fixture
def held(classroom: Classroom) -> Class:
    return classroom.make(pupils=1)


def test_a_claimer_who_is_just_going_in_is_out_when_it_is_taken_back(
    server: RunningServer, classroom: Classroom, held: Class
) -> None:
    """In whatever order the two arrive: the old secret holds, and nobody is signed in with the new one."""
    pupil = classroom.households.people.pupil(institution=held.teacher.institution)
    classroom.join(held, pupil)
    browser = enter(server, held.teacher, to=held.url)
    for _ in range(4):
        press(browser, held, "ny-adgangskode", {"one": str(pupil.account_id)})
        claimer = claim(server, pupil)
        together(claimer.submit, lambda: press(browser, held, "fortryd", {"one": str(pupil.account_id)}))
        assert "Den gamle adgangskode gælder igen" in browser.text
        assert classroom.households.people.sessions(pupil) == []
        claimer.open("/mit")
        assert claimer.path.startswith("/login/")
    enter(server, pupil)


def test_two_tabs_of_a_teacher_are_one_teacher(server: RunningServer, classroom: Classroom, held: Class) -> None:
    one: dict[str, str | list[str]] = {"one": str(held.pupils[0].account_id)}
    first = enter(server, held.teacher, to=held.url)
    second = Visitor(server.base_url)
    second.client.cookies = first.client.cookies
    second.open(held.url)
    together(*(lambda tab=tab: press(tab, held, "ny-adgangskode", one) for tab in (first, second)))
    assert classroom.windows(held.pupils[0]) == 1
    press(first, held, "annuller", one)
    press(second, held, "annuller", one)  # the other tab shows it as open still
    assert "Det var for sent" in second.text
    assert classroom.windows(held.pupils[0]) == 0


def test_two_teachers_who_take_it_back_at_once_take_it_back_once(
    server: RunningServer, classroom: Classroom, held: Class
) -> None:
    pupil = held.pupils[0]
    other = classroom.households.people.teacher(institution=held.teacher.institution)
    classroom.join(held, other)
    tabs = [enter(server, somebody, to=held.url) for somebody in (held.teacher, other)]
    press(tabs[0], held, "ny-adgangskode", {"one": str(pupil.account_id)})
    claim(server, pupil)
    together(*(lambda tab=tab: press(tab, held, "fortryd", {"one": str(pupil.account_id)}) for tab in tabs))
    assert len(classroom.households.audited(pupil, "window.undone")) == 1
    assert sorted("Det var for sent" in tab.text for tab in tabs) == [False, True]


@pytest.mark.parametrize(("seconds", "wins"), [(4 * 60 + 59.9, True), (5 * 60 + 0.1, False)])
def test_rw_3_what_a_teacher_opened_is_open_for_five_minutes(
    server: RunningServer, classroom: Classroom, held: Class, seconds: float, *, wins: bool
) -> None:
    """Opened through the door; then the clock is put to the moment, for one transaction that leaves no trace."""
    pupil = held.pupils[0]
    press(enter(server, held.teacher, to=held.url), held, "ny-adgangskode", {"one": str(pupil.account_id)})
    assert run(_claims_at(classroom.households.dsn, pupil, seconds)) is wins


async def _claims_at(dsn: str, pupil: Somebody, seconds: float) -> bool:
    connection = await connect(dsn)
    try:
        put_back = connection.transaction()
        await put_back.start()
        opened = await connection.fetchval(
            "select opened_at from credentials_window where account_id = $1", pupil.account_id
        )
        moment = (opened + timedelta(seconds=seconds)).isoformat()
        await connection.execute(
            "create or replace function kit_now() returns timestamptz language sql stable parallel safe"
            f" return timestamptz '{moment}'"
        )
        window = await claim_window(
            connection, Claim(pupil.account_id, uuid4(), "Prøvebrowser", ip_address("127.0.0.1"))
        )
        await put_back.rollback()
    finally:
        await connection.close()
    return window is not None


def test_a_pupil_who_waits_for_a_teachers_word_goes_on_into_the_service(
    server: RunningServer, classroom: Classroom, held: Class
) -> None:
    pupil = held.pupils[0]
    with httpx.Client(timeout=60) as http:
        service = RelyingParty(server, Services(classroom.households.dsn).add(), http)
        child = enter(server, pupil, to=service.attempt().url)
        attempt = service.attempt(**INSIST_VOUCHED)
        child.open(attempt.url)
        (form,) = [form for form in child.document.forms if str(form.action).endswith("/teacher")]
        child.post(form.action, {"csrf": form.fields["csrf"]})
        teacher = enter(server, held.teacher, to=held.url)
        assert "En elev venter på dig" in teacher.text
        ask = next(form for form in teacher.document.forms if str(form.action).endswith("/ekstra"))
        teacher.post(ask.action, dict(ask.form_values()) | {"csrf": csrf_of(teacher), "answer": "yes"})
        assert "Godkendt i to timer" in teacher.text
        assert "En elev venter på dig" not in teacher.text
        child.open(child.path)
        child.move_on()
        assert token_level(service, attempt, child) == "VoksenVerificeret"
    assert classroom.households.audited(pupil, "vouch.given") == [("person", str(held.teacher.account_id))]
