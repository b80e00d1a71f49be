"""Who follows a live board, for how long, and what becomes of it when the server goes."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import psutil
import pytest

from tests.apps.elevadgang.boards import PATIENCE_SECONDS, following, name_typed, start
from tests.apps.elevadgang.classroom import Class, Classroom
from tests.apps.entering import csrf_of, enter
from tests.builders.running import run
from tests.server import RunningServer, is_worker, start_server
from tests.visitor import Visitor
from unilogin.kit.db.connection import connect
from unilogin.kit.live import MOST_OF_ONE
from unilogin.signin.happenings import forget_lessons


@pytest.fixture(scope="module")
def held(classroom: Classroom) -> Class:
    return classroom.make(pupils=3)


@pytest.fixture(scope="module")
def strangers(server: RunningServer, classroom: Classroom, held: Class) -> dict[str, Visitor]:
    """Browsers of those whom the class is no business of."""
    other_class = classroom.make(pupils=1, institution=held.teacher.institution)
    head = classroom.households.people.teacher()
    entered = enter(server, head, to="/elevadgang/klasser")
    classroom.let_administer(head)
    classroom.be_sure(head)
    return {
        "the teacher of another class": enter(server, other_class.teacher, to="/elevadgang/klasser"),
        "a teacher of another school": enter(server, classroom.make(pupils=1).teacher, to="/elevadgang/klasser"),
        "the administrator of another school": entered,
        "a pupil of the class": name_typed(server.base_url, held.pupils[2]),
        "nobody": Visitor(server.base_url),
    }


def test_b_a01_nobody_else_sees_begins_or_follows_a_board(
    server: RunningServer, classroom: Classroom, held: Class, strangers: dict[str, Visitor]
) -> None:
    begun = enter(server, held.teacher, to=held.url)
    start(begun, held)
    watched = "select count(*) from signin_watch where group_key = $1"
    classroom.execute("delete from signin_watch where group_key = $1", held.group_key)
    for who, browser in strangers.items():
        csrf = csrf_of(browser) if browser.client.cookies else ""
        for base in (held.url, held.admin_url):
            url = f"{base}/min-time"
            for answer in (
                browser.client.get(url),
                browser.client.get(f"{url}/live"),
                browser.client.post(url, data={"csrf": csrf}, headers={"Origin": server.base_url}),
            ):
                assert answer.status_code in (303, 403, 404), (who, url, answer.status_code)
                assert "event-stream" not in answer.headers["content-type"] if answer.status_code != 303 else True
                assert str(held.pupils[0].account_id) not in answer.text, who
    assert classroom.value(watched, held.group_key) == 0


def test_who_may_no_longer_see_a_board_is_told_nothing_more(server: RunningServer, classroom: Classroom) -> None:
    """A membership, a session, a loan that ends while the page is open; and a lesson, for everybody."""
    held = classroom.make(pupils=2)
    people = classroom.households.people
    colleagues = [people.teacher(institution=held.teacher.institution) for _ in range(3)]
    for colleague in colleagues[:2]:
        classroom.join(held, colleague)
    classroom.execute(
        "insert into access_loan (account_id, group_key, lent_by, until_at)"
        " values ($1, $2, $3, kit_now() + interval '1 hour')",
        colleagues[2].account_id,
        held.group_key,
        held.teacher.account_id,
    )
    browsers = [enter(server, one, to=held.url) for one in (*colleagues, held.teacher)]
    start(browsers[-1], held)
    with ExitStack() as open_boards:
        streams = [open_boards.enter_context(following(browser, held.url)) for browser in browsers]
        for stream in streams:
            stream.wait_for(held.pupils[0], "absent")
        classroom.part(held, colleagues[0])
        classroom.execute(
            "update sessions_session set ended_at = kit_now() where account_id = $1", colleagues[1].account_id
        )
        classroom.execute("update access_loan set ended_at = kit_now() where group_key = $1", held.group_key)
        for stream in streams[:3]:
            stream.wait_until_over()
        name_typed(server.base_url, held.pupils[0])
        streams[3].wait_for(held.pupils[0], "typing")
        assert not any(held.pupils[0].username in told for told in streams[3].told)
        classroom.execute("update signin_watch set expires_at = kit_now() where group_key = $1", held.group_key)
        streams[3].wait_until_over()
        assert [stream.state(held.pupils[0]) for stream in streams[:3]] == ["absent"] * 3


def test_n_113_an_open_board_is_asked_for_anew_when_somebody_on_it_is_protected(
    server: RunningServer, classroom: Classroom
) -> None:
    held = classroom.make(pupils=1)
    browser = enter(server, held.teacher, to=held.url)
    start(browser, held)
    with following(browser, held.url) as stream:
        stream.wait_for(held.pupils[0], "absent")
        since = time.monotonic()
        classroom.households.protect(held.pupils[0], alias=("Bente", "Dæknavn"))
        stream.wait_until_over()
        assert time.monotonic() - since < PATIENCE_SECONDS
    assert "Bente Dæknavn" in browser.open(f"{held.url}/min-time").text


def test_after_the_lesson_nothing_is_noted_and_nothing_is_left(server: RunningServer, classroom: Classroom) -> None:
    held = classroom.make(pupils=1)
    browser = enter(server, held.teacher, to=held.url)
    start(browser, held)
    name_typed(server.base_url, held.pupils[0])
    step = "select step from signin_watched where account_id = $1"
    assert classroom.value(step, held.pupils[0].account_id) == "named"
    classroom.execute(
        "update signin_watch set began_at = began_at - interval '2 hours', expires_at = kit_now() where group_key = $1",
        held.group_key,
    )
    name_typed(server.base_url, held.pupils[0]).submit({"pictures": "sol,sol,sol,sol"})
    assert classroom.value(step, held.pupils[0].account_id) == "named"
    assert "Start" in browser.open(f"{held.url}/min-time").text
    run(sweep(classroom.households.dsn))
    assert classroom.value(step, held.pupils[0].account_id) is None
    start(browser, held)
    assert "Ikke begyndt" in browser.text  # a new lesson begins with nothing
    assert classroom.value(step, held.pupils[0].account_id) is None


def test_an_open_board_keeps_nobody_signed_in(server: RunningServer, classroom: Classroom) -> None:
    held = classroom.make(pupils=1)
    browser = enter(server, held.teacher, to=held.url)
    start(browser, held)
    classroom.execute(
        "update sessions_session set seen_at = seen_at - interval '10 minutes' where account_id = $1",
        held.teacher.account_id,
    )
    seen = "select seen_at from sessions_session where account_id = $1"
    before = classroom.value(seen, held.teacher.account_id)
    with following(browser, held.url) as stream:
        stream.wait_for(held.pupils[0], "absent")
    assert classroom.value(seen, held.teacher.account_id) == before
    browser.open(f"{held.url}/min-time")
    assert classroom.value(seen, held.teacher.account_id) != before


async def sweep(dsn: str) -> None:
    """Do what the job does every minute."""
    connection = await connect(dsn)
    try:
        assert await forget_lessons(connection) >= 1
    finally:
        await connection.close()


def test_one_person_follows_so_many_boards_and_no_more(server: RunningServer, classroom: Classroom) -> None:
    held = classroom.make(pupils=1)
    browser = enter(server, held.teacher, to=held.url)
    start(browser, held)
    with ExitStack() as open_boards:
        streams = [open_boards.enter_context(following(browser, held.url)) for _ in range(MOST_OF_ONE)]
        for stream in streams:  # kept, because one that nobody holds any more closes its connection
            stream.wait_for(held.pupils[0], "absent")
        with browser.client.stream("GET", f"{held.url}/min-time/live") as refused:
            assert refused.status_code == 429
            assert "event-stream" not in refused.headers["content-type"]
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:  # whoever closes a page has room again
        with browser.client.stream("GET", f"{held.url}/min-time/live") as answer:
            if answer.status_code == 200:
                break
        assert time.monotonic() < deadline


@pytest.fixture
def own_server(shared_database: str, secrets_file: Path) -> Iterator[RunningServer]:
    """A server that this test may break."""
    running = start_server(shared_database, secrets_file)
    yield running
    running.stop()


def test_a_worker_that_dies_costs_a_reader_nothing_and_a_server_that_stops_waits_for_none(
    own_server: RunningServer, classroom: Classroom
) -> None:
    held = classroom.make(pupils=2)
    browser = enter(own_server, held.teacher, to=held.url)
    start(browser, held)
    with following(browser, held.url) as stream:
        stream.wait_for(held.pupils[0], "absent")
        kill_the_worker(own_server)
        with pytest.raises(httpx.TransportError):
            stream.wait_until_over()
    _until_it_answers(own_server)
    name_typed(own_server.base_url, held.pupils[0])
    with following(browser, held.url, last_id=stream.last_id) as again:
        again.wait_for(held.pupils[0], "typing")
        known = again.last_id
    with following(browser, held.url, last_id=known) as unchanged:
        name_typed(own_server.base_url, held.pupils[1])
        unchanged.wait_for(held.pupils[1], "typing")
        assert unchanged.state(held.pupils[0]) is None  # it was not told again what it knew
        began = time.monotonic()
        own_server.stop()
        assert time.monotonic() - began < PATIENCE_SECONDS
        assert own_server.process.returncode == 0


def kill_the_worker(server: RunningServer) -> None:
    """As if the machine had taken it away: it says nothing any more."""
    children = psutil.Process(server.process.pid).children()
    (worker,) = [child for child in children if is_worker(child)]
    worker.kill()


def _until_it_answers(server: RunningServer) -> None:
    deadline = time.monotonic() + 3 * PATIENCE_SECONDS
    while True:
        try:
            httpx.get(f"{server.base_url}/hjaelp", timeout=2)
        except httpx.TransportError:
            assert time.monotonic() < deadline
        else:
            return
