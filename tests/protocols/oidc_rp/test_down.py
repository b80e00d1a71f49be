"""MitID is down or slow: whoever needs it is told in plain words, and nobody else notices (F-22, F-23)."""

import threading
import time

import pytest

from tests.builders.people import People
from tests.builders.provider import DISCOVERY, JWKS, TOKEN, USERINFO, Behaviour
from tests.protocols.oidc_rp.conftest import Known, MitId, sessions_of
from tests.visitor import Visitor
from unilogin.kit.breaker import FAILURES

SILENT = "MitID svarer ikke lige nu"


def type_in(visitor: Visitor, username: str, secret: str) -> None:
    visitor.submit(button=("selectedIdp", "uni_idp"))
    visitor.submit({"username": username})
    visitor.submit({"password": secret})


@pytest.mark.parametrize(
    "behaviour", [Behaviour(status=503), Behaviour(status=500, body=b"<html>"), Behaviour(hang_up=True)], ids=str
)
def test_f_22_nobody_is_sent_to_a_provider_that_is_down(mitid: MitId, behaviour: Behaviour) -> None:
    mitid.stub.behaves[DISCOVERY] = behaviour
    visitor = mitid.visitor()
    assert visitor.left_for is None
    assert visitor.heading == SILENT
    assert "en anden måde" in visitor.text


def test_f_22_after_a_few_failures_nobody_waits_for_it_any_more(mitid: MitId, people: People, parent: Known) -> None:
    mitid.stub.behaves[DISCOVERY] = Behaviour(status=500)
    for _ in range(FAILURES):
        mitid.visitor()
    asked = len(mitid.stub.asked)
    began = time.monotonic()
    assert mitid.visitor().heading == SILENT
    assert time.monotonic() - began < 5
    assert len(mitid.stub.asked) == asked, "it is left alone"
    pupil = people.pupil()
    visitor = mitid.begin()
    type_in(visitor, pupil.username, str(pupil.secret))
    assert visitor.moves_on


@pytest.mark.parametrize("path", [JWKS, USERINFO, TOKEN])
def test_f_22_down_in_the_middle_is_told_as_well(mitid: MitId, parent: Known, path: str) -> None:
    visitor = mitid.visitor()
    mitid.stub.behaves[path] = Behaviour(status=502)
    mitid.come_back(visitor, {"cpr": parent.cpr})
    assert visitor.heading == SILENT


def test_f_23_while_many_wait_for_a_slow_provider_a_pupil_signs_in(
    mitid: MitId, people: People, parent: Known, shared_database: str
) -> None:
    """Twelve are in the middle of it, with no connection to the database held; one worker serves them all."""
    visitors = [mitid.visitor() for _ in range(12)]
    mitid.stub.behaves[TOKEN] = Behaviour(delay=5)
    answers = [mitid.stub.approve(visitor.left_for or "", {"cpr": parent.cpr}) for visitor in visitors]
    waiting = [
        threading.Thread(target=visitor.open, args=(answer,)) for visitor, answer in zip(visitors, answers, strict=True)
    ]
    for thread in waiting:
        thread.start()
    deadline = time.monotonic() + 4
    while mitid.stub.asked.count(TOKEN) < 10 and time.monotonic() < deadline:
        time.sleep(0.02)  # waits for a condition, not for luck
    assert mitid.stub.asked.count(TOKEN) >= 10
    pupil = people.pupil()
    visitor = mitid.begin()
    type_in(visitor, pupil.username, str(pupil.secret))
    assert visitor.moves_on
    assert any(thread.is_alive() for thread in waiting), "they wait still"
    for thread in waiting:
        thread.join(30)


def test_an_answer_that_came_too_late_is_not_taken_twice(mitid: MitId, parent: Known, shared_database: str) -> None:
    """The call ran out of time; the code may have been redeemed. Trying again begins anew."""
    before = len(sessions_of(shared_database, parent))
    visitor = mitid.visitor()
    answer = mitid.stub.approve(visitor.left_for or "", {"cpr": parent.cpr})
    mitid.stub.behaves[TOKEN] = Behaviour(hang_up=True)
    visitor.open(answer)
    assert visitor.heading == SILENT
    del mitid.stub.behaves[TOKEN]
    visitor.open(answer)
    assert visitor.heading == "Vi har ikke bedt om det her svar"
    assert len(sessions_of(shared_database, parent)) == before
    mitid.anew(visitor)
    mitid.press(visitor)
    mitid.come_back(visitor, {"cpr": parent.cpr})
    assert visitor.moves_on
