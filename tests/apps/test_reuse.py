"""The shell for other apps: a demanded level, groups that may come in, rights of the person and of the session."""

import asyncio
from collections.abc import Iterator

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp

from tests.apps.entering import parameters, sign_in, step
from tests.apps.households import Households
from tests.builders.inside import BASE_URL, InsideTransport, inside
from tests.builders.people import People
from tests.builders.running import run
from tests.visitor import Visitor
from unilogin.apps.shell import pages as shell
from unilogin.apps.shell.access import AppVisit, signed_in, way_in
from unilogin.apps.shell.model import App
from unilogin.domain.directory.model import ActorGroup
from unilogin.domain.services.model import ClientId, Level
from unilogin.domain.services.queries import clients
from unilogin.house import House
from unilogin.kit.db.connection import connect
from unilogin.kit.secrets import Secrets
from unilogin.kit.web.routing import url
from unilogin.main import framed
from unilogin.urls import URLS

STAFF = App(
    name="staff",
    path="/staff",
    client_id=ClientId("tests-staff"),
    title="Personalerummet",
    title_en="The staff room",
    actor_groups=(ActorGroup.MEDARBEJDER, ActorGroup.EKSTERN),
)


async def page(house: House, request: Request, visit: AppVisit) -> Response:
    rights = sorted(f"{right.value} {number}" for number, right in visit.rights)
    return PlainTextResponse("\n".join([visit.actor_group.value, *rights]))


async def safe_page(house: House, request: Request, visit: AppVisit) -> Response:
    return PlainTextResponse("the safe")


APP_URLS = (
    url("GET", "/staff", page, access=signed_in(STAFF)),
    url("GET", "/staff/safe", safe_page, access=signed_in(STAFF, level=Level.TO_FAKTOR)),
    url("GET", "/staff/sign-in", shell.sign_in, access=way_in(STAFF)),
    url("GET", "/staff/callback", shell.callback, access=way_in(STAFF)),
)


@pytest.fixture
def app(shared_database: str, secrets: Secrets) -> Iterator[ASGIApp]:
    """An installation with one app more."""
    with inside(shared_database, secrets) as running:
        yield framed(running.house, (*URLS, *APP_URLS))


@pytest.fixture
def browser(app: ASGIApp) -> Visitor:
    """A browser there."""
    visitor = Visitor(BASE_URL)
    transport = InsideTransport(app, "198.51.100.77")
    visitor.client = httpx.Client(base_url=BASE_URL, transport=transport, timeout=60)
    return visitor


def test_who_is_in_one_app_is_in_the_other_without_being_asked(browser: Visitor, people: People) -> None:
    browser.open("/mit")
    sign_in(browser, people.teacher())
    assert browser.open("/staff").text == "Medarbejder"


def test_an_app_for_staff_takes_a_parent_who_is_staff_as_staff(browser: Visitor, households: Households) -> None:
    parent, _ = households.parent_and_child()
    browser.open("/staff")
    sign_in(browser, parent)
    assert browser.page.text == "Medarbejder"


def test_an_app_for_staff_takes_no_pupil(browser: Visitor, people: People) -> None:
    browser.open("/mit")
    sign_in(browser, people.pupil())
    browser.open("/staff")
    assert browser.page.status_code == 403
    assert browser.heading == "Du har ikke adgang her"
    assert browser.open("/mit").url.path == "/mit", "still signed in elsewhere"


def test_a_page_that_demands_more_is_not_opened_by_a_password(browser: Visitor, people: People) -> None:
    browser.open("/staff")
    sign_in(browser, people.teacher())
    asked = step(browser, "/staff/safe")
    assert parameters(asked) == {"to": "/staff/safe", "level": "ToFaktor"}
    browser.open("/staff/safe")
    # asked for more at the door, or told that nobody can give it here; never sent in a circle
    assert browser.path.startswith("/login/") or browser.heading == "Du skal bruge et mere sikkert login"
    assert "the safe" not in browser.page.text
    assert browser.open("/staff").text == "Medarbejder", "what was open stays open"


def test_a_page_that_demands_more_is_opened_by_who_proved_it(
    browser: Visitor, people: People, households: Households
) -> None:
    teacher = people.teacher()
    browser.open("/staff")
    sign_in(browser, teacher)
    households.execute("update sessions_session set level = 'ToFaktor' where account_id = $1", teacher.account_id)
    assert browser.open("/staff/safe").text == "the safe"


def test_rights_are_those_of_this_moment_and_of_this_session(
    browser: Visitor, people: People, households: Households
) -> None:
    teacher = people.teacher()
    browser.open("/staff")
    sign_in(browser, teacher)
    at = (teacher.account_id, teacher.institution)
    households.execute(
        "insert into access_right (account_id, institution_id, name, granted_by) select $1, institution_id,"
        " 'Brugeradministrator', 'tests' from directory_institution where number = $2",
        *at,
    )
    assert browser.open("/staff").text == f"Medarbejder\nBrugeradministrator {teacher.institution}"
    households.execute("update access_right set revoked_at = now() where account_id = $1", teacher.account_id)
    assert browser.open("/staff").text == "Medarbejder"
    households.execute(
        "insert into sessions_right (session_id, institution_id, name) select s.session_id, i.institution_id,"
        " 'Brugeradministrator i Elevadgang' from sessions_session s, directory_institution i"
        " where s.account_id = $1 and i.number = $2",
        *at,
    )
    assert browser.open("/staff").text == f"Medarbejder\nBrugeradministrator i Elevadgang {teacher.institution}"


@pytest.mark.parametrize(
    "damage",
    [
        "update services_client set redirect_uris = '{https://old.example/callback}' where client_id = 'tests-staff'",
        "delete from services_client_secret where client_id = 'tests-staff'",
        "update services_client_secret set expires_at = now() where client_id = 'tests-staff'",
        "update services_service set actor_groups = '{}', minimum_level = 'ToFaktor' where app = 'staff'",
        "update services_service set home_url = 'https://old.example/' where app = 'staff'",
    ],
)
def test_a_registration_that_is_not_as_the_app_is_now_is_mended_on_the_way_in(
    browser: Visitor, people: People, households: Households, damage: str
) -> None:
    step(browser, "/staff/sign-in")
    households.execute(damage)
    browser.open("/staff")
    sign_in(browser, people.teacher())
    assert browser.page.text == "Medarbejder"


def test_many_first_visitors_at_once_register_an_app_once(
    app: ASGIApp, shared_database: str, households: Households
) -> None:
    households.execute("delete from services_client_secret where client_id = 'tests-staff'")

    async def come() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=BASE_URL) as many:
            return await asyncio.gather(*(many.get("/staff/sign-in") for _ in range(6)))

    assert {answer.status_code for answer in run(come())} == {303}
    rows = run(_secrets_of("tests-staff", shared_database))
    assert rows == 1


async def _secrets_of(client_id: str, dsn: str) -> int:
    connection = await connect(dsn)
    try:
        return int(
            await connection.fetchval("select count(*) from services_client_secret where client_id = $1", client_id)
        )
    finally:
        await connection.close()


def test_an_app_is_no_learning_service(browser: Visitor, shared_database: str) -> None:
    step(browser, "/staff/sign-in")
    step(browser, "/mit/sign-in")

    async def listed() -> set[str]:
        connection = await connect(shared_database)
        try:
            return {client.client_id for client in await clients(connection)}
        finally:
            await connection.close()

    assert not {"tests-staff", "mit-unilogin"} & run(listed())
