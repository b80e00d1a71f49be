"""Answers that nobody asked for, or that come to the wrong place: they end here, and sign nobody in (B-O41)."""

from collections.abc import Callable
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import pytest

from tests.builders.people import People
from tests.builders.provider import give_cpr, stub_provider
from tests.protocols.oidc_rp.conftest import Known, MitId, sessions_of
from tests.server import RunningServer
from tests.visitor import Visitor
from unilogin.kit.ids import new_token

UNASKED = "Vi har ikke bedt om det her svar"
ODD = "Svaret var ikke, som det skal være"


def changed(url: str, **fields: str | None) -> str:
    """The same address with other parameters; None takes one away."""
    parts = urlsplit(url)
    told = {**dict(parse_qsl(parts.query)), **fields}
    query = urlencode({name: value for name, value in told.items() if value is not None})
    return urlunsplit(parts._replace(query=query))


def good_answer(mitid: MitId, visitor: Visitor, known: Known) -> str:
    return mitid.stub.approve(visitor.left_for or "", {"cpr": known.cpr})


@pytest.mark.parametrize(
    ("spoil", "heading"),
    [
        (lambda url: changed(url, state=None), UNASKED),
        (lambda url: changed(url, state=""), UNASKED),
        (lambda url: changed(url, state=new_token()), UNASKED),
        (lambda url: changed(url, state="x" * 10_000), UNASKED),
        (lambda url: url + "%ff", UNASKED),
        (lambda url: url.split("?")[0], UNASKED),
        (lambda url: changed(url, error="access_denied"), ODD),
        (lambda url: changed(url, code=None), ODD),
        (lambda url: changed(url, code=""), ODD),
        (lambda url: changed(url, code=None, error="<script>alert(1)</script>"), ODD),
        (lambda url: changed(url, code=None, error="no_such_error"), ODD),
        (lambda url: changed(url, code=None, error="access_denied " * 1000), ODD),
        (lambda url: changed(url, iss="https://login.example.dk"), ODD),
        (lambda url: url + "&code=another", ODD),
        (lambda url: url + "&iss=https://login.example.dk", ODD),
        (lambda url: changed(url, code="c" * 5000), ODD),
    ],
)
def test_b_o41_an_odd_answer_ends_here_and_the_flow_is_dead(
    mitid: MitId, parent: Known, shared_database: str, spoil: Callable[[str], str], heading: str
) -> None:
    before = sessions_of(shared_database, parent)
    visitor = mitid.visitor()
    answer = good_answer(mitid, visitor, parent)
    visitor.open(spoil(answer))
    assert visitor.page.status_code == 400
    assert visitor.heading == heading
    assert "<script>" not in visitor.page.text
    if heading == ODD:
        visitor.open(answer)
        assert visitor.heading == UNASKED
    assert sessions_of(shared_database, parent) == before


def test_n_50_who_promises_to_name_itself_has_not_sent_an_answer_without(mitid: MitId, parent: Known) -> None:
    """RFC 9207 §2.4."""
    visitor = mitid.visitor()
    visitor.open(changed(good_answer(mitid, visitor, parent), iss=None))
    assert visitor.heading == "Vi kunne ikke bruge svaret fra MitID"


def test_who_promises_nothing_need_not_name_itself(mitid: MitId, parent: Known) -> None:
    mitid.stub.metadata = {"authorization_response_iss_parameter_supported": None}
    visitor = mitid.visitor()
    visitor.open(changed(good_answer(mitid, visitor, parent), iss=None))
    assert visitor.moves_on


def test_v_28_an_answer_is_taken_once(mitid: MitId, parent: Known, shared_database: str) -> None:
    visitor = mitid.visitor()
    answer = good_answer(mitid, visitor, parent)
    visitor.open(answer)
    assert visitor.moves_on
    taken, count = str(visitor.page.url), len(sessions_of(shared_database, parent))
    visitor.open(answer)
    assert visitor.heading == UNASKED
    visitor.open(taken)
    assert visitor.path.endswith("/done")
    assert len(sessions_of(shared_database, parent)) == count


def test_v_35_v_40_an_answer_to_another_browser_is_refused_and_dead(mitid: MitId, parent: Known) -> None:
    """An attacker's own MitID is not put into somebody else's browser by a link, and the link is used up."""
    attacker, victim = mitid.visitor(), mitid.visitor()
    answer = good_answer(mitid, attacker, parent)
    victim.open(answer)
    assert victim.page.status_code == 400
    assert victim.heading == UNASKED
    assert not victim.document.xpath("//a[contains(@href, '/login/')]"), "nothing of the attacker's journey is shown"
    attacker.open(answer)
    assert attacker.heading == UNASKED


def test_v_35_what_came_back_is_taken_by_the_browser_that_began_alone(mitid: MitId, parent: Known) -> None:
    visitor = mitid.visitor()
    response = visitor.client.get(good_answer(mitid, visitor, parent))
    assert response.status_code == 303
    stranger = mitid.begin()
    stranger.open(response.headers["location"])
    assert stranger.page.status_code == 403
    visitor.open(response.headers["location"])
    assert visitor.moves_on


def test_v_35_a_browser_without_cookies_takes_nothing(mitid: MitId, parent: Known) -> None:
    visitor = mitid.visitor()
    answer = good_answer(mitid, visitor, parent)
    visitor.client.cookies.clear()
    visitor.open(answer)
    assert visitor.heading == UNASKED


def test_an_errand_of_one_journey_is_not_taken_in_another_of_the_same_browser(mitid: MitId, parent: Known) -> None:
    visitor = mitid.visitor()
    answer = visitor.client.get(good_answer(mitid, visitor, parent)).headers["location"]
    other = mitid.begin()
    visitor.client.cookies.set("unilogin_browser", other.client.cookies["unilogin_browser"])
    visitor.open(f"{other.path.rpartition('/')[0]}/external?{urlsplit(answer).query}")
    assert visitor.path.endswith("/method")


def test_v_37_an_answer_of_one_provider_is_not_taken_at_the_address_of_another(mitid: MitId, parent: Known) -> None:
    other = mitid.again()
    visitor = mitid.visitor()
    answer = good_answer(mitid, visitor, parent)
    visitor.open(answer.replace(f"/{mitid.alias}/", f"/{other}/"))
    assert visitor.page.status_code == 400
    assert visitor.heading == ODD
    visitor.open(answer)
    assert visitor.heading == UNASKED


def test_v_37_a_code_of_one_provider_is_not_redeemed_at_another(mitid: MitId, parent: Known) -> None:
    """Mix-up: the browser was sent to one provider and brings back the code of another."""
    with stub_provider() as foreign:
        visitor = mitid.visitor()
        answer = foreign.approve(visitor.left_for or "", {"cpr": parent.cpr})
        visitor.open(answer)
    assert visitor.heading == ODD  # iss names the other one
    with stub_provider() as foreign:
        visitor = mitid.visitor()
        answer = foreign.approve(visitor.left_for or "", {"cpr": parent.cpr})
        visitor.open(changed(answer, iss=mitid.stub.issuer))
    assert visitor.heading == "Vi kunne ikke bruge svaret fra MitID"


def test_v_29_a_provider_disabled_meanwhile_lets_nobody_in(mitid: MitId, parent: Known, shared_database: str) -> None:
    before = sessions_of(shared_database, parent)
    visitor = mitid.visitor()
    answer = good_answer(mitid, visitor, parent)
    mitid.providers.switch(mitid.alias, on=False)
    visitor.open(answer)
    assert visitor.heading == ODD
    assert sessions_of(shared_database, parent) == before


def test_v_29_nobody_is_sent_to_a_provider_that_was_disabled_a_moment_ago(mitid: MitId) -> None:
    visitor = mitid.begin()
    visitor.submit(button=("selectedIdp", mitid.alias))
    mitid.providers.switch(mitid.alias, on=False)
    visitor.move_on()
    assert visitor.left_for is None
    assert visitor.page.status_code == 403
    fresh = mitid.begin()
    assert not fresh.document.xpath(f"//button[@value='{mitid.alias}']")


def test_v_30_somebody_blocked_meanwhile_does_not_come_in(mitid: MitId, people: People, shared_database: str) -> None:
    somebody = people.teacher()
    known = Known(somebody, give_cpr(people, somebody))
    visitor = mitid.visitor()
    people.block(somebody)
    mitid.come_back(visitor, {"cpr": known.cpr})
    assert visitor.heading == "Din bruger er lukket"
    assert sessions_of(shared_database, known) == []


def test_f_24_a_cpr_number_that_is_somebody_elses_meanwhile_names_whom_it_names_now(
    mitid: MitId, people: People, shared_database: str
) -> None:
    """Matched against the database as it is when the browser comes back (V-32)."""
    somebody = people.teacher()
    known = Known(somebody, give_cpr(people, somebody))
    visitor = mitid.visitor()
    answer = visitor.client.get(good_answer(mitid, visitor, known)).headers["location"]
    give_cpr(people, somebody)
    visitor.open(answer)
    assert visitor.heading == "Vi kender dig ikke her"
    assert sessions_of(shared_database, known) == []


def test_v_34_no_answer_is_taken_that_was_not_asked_for(mitid: MitId, server: RunningServer) -> None:
    visitor = Visitor(server.base_url)
    for query in ("", "?code=c", "?code=c&state=s", "?error=access_denied", "?id_token=a.b.c"):
        visitor.open(f"/auth/realms/broker/broker/{mitid.alias}/endpoint{query}")
        assert visitor.page.status_code == 400
        assert visitor.heading == UNASKED
    assert visitor.client.post(f"/auth/realms/broker/broker/{mitid.alias}/endpoint").status_code == 405


@pytest.mark.parametrize(
    "address",
    ["/login?errand=", "/login", "/login?errand=not-a-uuid", "/login?errand=7d444840-9dc0-11d1-b245-5ffdce74fad2"],
)
def test_v_36_nobody_is_sent_out_without_an_errand_of_their_own(mitid: MitId, address: str) -> None:
    visitor = mitid.begin()
    visitor.open(f"/auth/realms/broker/broker/{mitid.alias}{address}")
    assert visitor.left_for is None
    assert visitor.page.status_code == 403


def test_v_36_the_step_without_or_with_an_invented_errand_stays_where_it_was(mitid: MitId) -> None:
    visitor = mitid.begin()
    journey = visitor.path.rpartition("/")[0]
    for query in ("", "?errand=", "?errand=x", "?errand=7d444840-9dc0-11d1-b245-5ffdce74fad2"):
        visitor.open(f"{journey}/external{query}")
        assert visitor.path == f"{journey}/method"


def test_v_41_v_42_the_next_person_at_this_browser_has_a_session_of_their_own(
    mitid: MitId, people: People, parent: Known, shared_database: str
) -> None:
    somebody = people.teacher()
    other = Known(somebody, give_cpr(people, somebody))
    visitor = mitid.visitor()
    mitid.come_back(visitor, {"cpr": parent.cpr, "sub": "one"})
    first = visitor.client.cookies["unilogin_session"]
    mitid.anew(visitor)
    mitid.press(visitor)
    mitid.come_back(visitor, {"cpr": other.cpr, "sub": "two"})
    assert visitor.client.cookies["unilogin_session"] != first
    ids = {row["session_id"] for known in (parent, other) for row in sessions_of(shared_database, known)}
    assert len(ids) == len(sessions_of(shared_database, parent)) + len(sessions_of(shared_database, other))


def test_two_tabs_of_one_errand_sign_in_once(mitid: MitId, parent: Known, shared_database: str) -> None:
    """The way out is opened twice; the second answer finds the errand answered."""
    visitor = mitid.begin()
    visitor.submit(button=("selectedIdp", mitid.alias))
    out = visitor.document.xpath("//meta[@http-equiv='refresh']/@content")[0].partition("url=")[2]
    first, second = (visitor.client.get(out).headers["location"] for _ in range(2))
    count = len(sessions_of(shared_database, parent))
    visitor.open(mitid.stub.approve(first, {"cpr": parent.cpr}))
    assert visitor.moves_on
    visitor.open(mitid.stub.approve(second, {"cpr": parent.cpr}))
    assert visitor.heading == ODD
    assert len(sessions_of(shared_database, parent)) == count + 1
