"""The live board: every step of a pupil as it happens, to whom it may concern, as long as the lesson lasts."""

import time

import pytest

from tests.apps.elevadgang.boards import following, name_typed, right_pictures, start, tap
from tests.apps.elevadgang.classroom import Class, Classroom
from tests.apps.entering import csrf_of, enter
from tests.server import RunningServer
from tests.visitor import Visitor


@pytest.fixture(scope="module")
def held(classroom: Classroom) -> Class:
    """A class for tests that change nothing but what one pupil does."""
    return classroom.make(pupils=6)


@pytest.fixture
def board(server: RunningServer, held: Class) -> Visitor:
    """A teacher who has just begun the board of that class."""
    browser = enter(server, held.teacher, to=held.url)
    start(browser, held)
    return browser


def test_n_62_looking_begins_nothing_a_press_does(server: RunningServer, classroom: Classroom) -> None:
    held = classroom.make()
    browser = enter(server, held.teacher, to=f"{held.url}/min-time")
    watched = "select count(*) from signin_watch where group_key = $1"
    assert classroom.value(watched, held.group_key) == 0
    assert "Start" in browser.text
    with following(browser, held.url) as stream:
        stream.wait_until_over()
    assert classroom.value(watched, held.group_key) == 0
    start(browser, held)
    assert classroom.value(watched, held.group_key) == 1
    assert browser.text.count("Ikke begyndt") == 2


def test_each_step_of_a_pupil_is_told(server: RunningServer, board: Visitor, held: Class) -> None:
    pupil = held.pupils[0]
    with following(board, held.url) as stream:
        assert stream.wait_for(pupil, "absent")["taps"] == ["give", "username"]
        browser = name_typed(server.base_url, pupil)
        stream.wait_for(pupil, "typing")
        browser.submit({"pictures": "sol,sol,sol,sol"})
        assert stream.wait_for(pupil, "wrong")["note"] == "1 gang"
        tap(board, held, pupil, "ny-adgangskode")
        assert board.path == f"{held.url}/min-time"
        opened = stream.wait_for(pupil, "open")
        assert 280 < opened["until"] - time.time() < 310
        claimer = name_typed(server.base_url, pupil)
        claimer.submit()
        assert stream.wait_for(pupil, "received")["taps"] == ["undo"]
        tap(board, held, pupil, "fortryd")
        assert "Den gamle adgangskode gælder igen" in board.text
        stream.wait_for(pupil, "undone")
        right_pictures(name_typed(server.base_url, pupil))
        assert stream.wait_for(pupil, "signed_in")["note"] == "Mit Unilogin"
    assert all(pupil.username not in told for told in stream.told)


def test_another_login_chosen_after_the_name_is_told(server: RunningServer, board: Visitor, held: Class) -> None:
    pupil = held.pupils[1]
    with following(board, held.url) as stream:
        browser = name_typed(server.base_url, pupil)
        stream.wait_for(pupil, "typing")
        method = browser.path.rpartition("/")[0] + "/method"
        browser.post(method, {"csrf": csrf_of(browser), "showIdpList": "1"})
        assert stream.wait_for(pupil, "elsewhere")["note"] == "Bed eleven om at vælge Unilogin."


def test_what_is_done_after_signing_in_is_never_told(
    server: RunningServer, classroom: Classroom, board: Visitor, held: Class
) -> None:
    """Who is signed in goes to the next service without proving anything: nobody is told of that."""
    pupil, other = held.pupils[2], held.pupils[3]
    browser = name_typed(server.base_url, pupil)
    right_pictures(browser)
    known = "select at from signin_watched where account_id = $1"
    with following(board, held.url) as stream:
        stream.wait_for(pupil, "signed_in")
        at = classroom.value(known, pupil.account_id)
        browser.open("/mit/sign-in?to=/mit/historik")  # single sign-on
        assert browser.path == "/mit/historik"
        name_typed(server.base_url, other)
        stream.wait_for(other, "typing")
    assert classroom.value(known, pupil.account_id) == at


def test_a_pupil_who_waits_for_a_grown_up_is_approved_with_one_tap(
    server: RunningServer, classroom: Classroom, board: Visitor, held: Class
) -> None:
    pupil = held.pupils[4]
    right_pictures(name_typed(server.base_url, pupil))
    with following(board, held.url) as stream:
        stream.wait_for(pupil, "signed_in")
        classroom.execute(
            "insert into sessions_vouch_request (session_id, service_id, expires_at) select s.session_id, x.service_id,"
            " kit_now() + interval '5 minutes' from sessions_session s, services_service x"
            " where s.account_id = $1 and s.ended_at is null and x.app = 'elevadgang'",
            pupil.account_id,
        )
        card = stream.wait_for(pupil, "asks")
        assert card["taps"] == ["yes", "no"]
        assert "Elevadgang" in card["note"]
        tap(board, held, pupil, "ekstra", request=card["request"], answer="yes")
        assert "Godkendt i to timer." in board.text
        stream.wait_for(pupil, "signed_in")


def test_what_a_classmate_closed_opens_with_one_tap(
    server: RunningServer, classroom: Classroom, board: Visitor, held: Class
) -> None:
    pupil = held.pupils[5]
    classroom.execute(
        "insert into limits_bucket (account_key, place, account_id, failures, pressure, counted_at, open_at, day,"
        " day_failures, prints, verdict, used_at) values ($1, 0, $2, 5, 5, kit_now(), 'infinity',"
        " (kit_now() at time zone 'Europe/Copenhagen')::date, 5, '', 'counted', to_timestamp(0))",
        pupil.account_id.bytes,
        pupil.account_id,
    )
    with following(board, held.url) as stream:
        assert stream.wait_for(pupil, "shut_out")["taps"] == ["fun", "give"]
        tap(board, held, pupil, "for-sjov")
        stream.wait_for(pupil, "absent")
