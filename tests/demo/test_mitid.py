"""The MitID simulator: everybody of the demo who is old enough, four answers, and a protocol that is no pretence."""

import base64
import hashlib
import re
import time
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import httpx
import pytest
from lxml import html
from playwright.sync_api import Page, expect

from tests.browser.accessibility import violations
from tests.browser.fixtures import OpenPage
from tests.demo.conftest import RunningDemo
from tests.visitor import Visitor
from unilogin.demo.generate import MUNICIPALITY_FOLDER
from unilogin.demo.mitid.identities import YOUNGEST, age_of, by_name, identities
from unilogin.demo.mitid.model import Kind

VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


def test_every_identity_has_a_name_of_its_own_and_is_old_enough() -> None:
    names = [identity.name for identity in identities()]
    assert len(names) == len(set(names))
    assert all(age_of(identity.born) >= YOUNGEST for identity in by_name().values())
    assert {identity.kind for identity in identities()} == set(Kind)
    assert by_name()["Villads Holm Krogh"].note.startswith("8.C")
    assert "Anna Holm Krogh" not in by_name()


def test_everybody_but_the_stranger_is_in_a_roster_and_none_of_the_numbers_can_be_real() -> None:
    rosters = "".join(file.read_text("utf-8") for file in Path(str(MUNICIPALITY_FOLDER)).glob("*.xml"))
    numbers = {identity.cpr for identity in by_name().values() if identity.cpr}
    unknown = {number for number in numbers if number not in rosters}
    assert unknown == {by_name()["Rigmor Fremmed"].cpr}
    assert all(number.isdigit() and int(number[:2]) > 60 for number in numbers)


def test_n_113_a_protected_person_stands_under_the_alias() -> None:
    told = " ".join(f"{one.name} {one.note} {' '.join(one.children)}" for one in identities())
    assert "Hanne Dahl" in told
    for hidden in ("Camilla Østergård", "Freja Østergård"):
        assert hidden not in told


def test_demo_json_names_a_test_identity_for_whoever_has_one(demo: RunningDemo) -> None:
    people = demo.told["people"]
    assert demo.told["simulators"]["mitid"] == f"http://localhost:{int(demo.base_url.rpartition(':')[2]) + 2}"
    assert all(person["mitid"] in by_name() for person in people if person["mitid"])
    named = {person["name"]: person["mitid"] for person in people}
    assert named["Mette Krogh"] == "Mette Krogh"
    assert named["Villads Holm Krogh"] == "Villads Holm Krogh"
    assert named["Anna Holm Krogh"] is None
    contacts = [person for person in people if person["actor_group"] == "Kontaktperson"]
    assert contacts
    assert all(person["mitid"] for person in contacts)


class Script:
    """What a script does with nothing but ``/demo.json``."""

    def __init__(self, demo: RunningDemo) -> None:
        self.visitor = Visitor(demo.base_url)
        self.visitor.open(httpx.get(f"{demo.home}/login", follow_redirects=False).headers["location"])

    def sign_in(self, identity: str, answer: str = "approve") -> Visitor:
        """Choose MitID, answer in the simulator, and come back."""
        visitor = self.visitor
        visitor.submit(button=("selectedIdp", "nemlogin3"))
        visitor.move_on()
        with httpx.Client(timeout=60) as simulator:
            page = simulator.get(visitor.left_for or "")
            document: html.HtmlElement = html.document_fromstring(page.content)
            form = next(form for form in document.forms if form.method == "POST")
            fields = {name: value or "" for name, value in form.form_values()}
            address = urljoin(str(page.url), form.action)
            answered = simulator.post(address, data=fields | {"identity": identity, "answer": answer})
        assert answered.status_code == 303, answered.text
        visitor.open(answered.headers["location"])
        return visitor


@pytest.mark.parametrize(
    ("identity", "group"),
    [("Jonas Holm", "Kontaktperson"), ("Lone Høj Nørgaard", "Medarbejder"), ("Villads Holm Krogh", "Elev")],
)
def test_a_script_signs_somebody_in_with_mitid(demo: RunningDemo, identity: str, group: str) -> None:
    visitor = Script(demo).sign_in(identity)
    assert visitor.moves_on, visitor.text
    visitor.move_on()
    assert str(visitor.left_for).startswith(f"{demo.home}/callback?code=")


def test_who_is_both_staff_and_parent_says_as_whom(demo: RunningDemo) -> None:
    visitor = Script(demo).sign_in("Mette Krogh")
    assert visitor.heading == "Vælg din rolle"
    visitor.submit(button=("selected-aktoer", "KONTAKT"))
    visitor.move_on()
    assert str(visitor.left_for).startswith(f"{demo.home}/callback?code=")


@pytest.mark.parametrize(
    ("identity", "answer", "heading"),
    [
        ("Jonas Holm", "reject", "Du afbrød MitID"),
        ("Jonas Holm", "fail", "MitID svarer ikke lige nu"),
        ("Rigmor Fremmed", "approve", "Vi kender dig ikke her"),
        ("Søren Aagaard Thygesen", "approve", "Du kan ikke bruge MitID her"),
        ("Nikolaj Uden Nummer (på arbejde)", "approve", "Dit MitID Erhverv siger ikke, hvem du er"),
    ],
)
def test_every_no_has_a_page(demo: RunningDemo, identity: str, answer: str, heading: str) -> None:
    visitor = Script(demo).sign_in(identity, answer)
    assert visitor.heading == heading
    visitor.open(str(visitor.document.xpath("//a[contains(@class, 'button')]/@href")[0]))
    assert visitor.heading == "Vælg login"


def test_f_23_a_slow_answer_is_waited_for_eight_seconds_and_no_password_user_waits_with_it(demo: RunningDemo) -> None:
    pupil = demo.person(class_name="8.C")
    began = time.monotonic()
    visitor = Script(demo).sign_in("Jonas Holm", "slow")
    assert visitor.heading == "MitID svarer ikke lige nu"
    assert 6 < time.monotonic() - began < 18
    other = Script(demo).visitor
    other.submit(button=("selectedIdp", "uni_idp"))
    other.submit({"username": pupil["username"]})
    other.submit({"password": pupil["secret"]["value"]})
    assert other.moves_on


def test_a_protected_parent_comes_in_under_the_alias(demo: RunningDemo) -> None:
    visitor = Script(demo).sign_in("Hanne Dahl")
    assert visitor.heading == "Vælg din rolle"
    assert "Østergård" not in visitor.page.text


def test_at_work_lone_carries_her_rights(demo: RunningDemo) -> None:
    visitor = Script(demo).sign_in("Lone Høj Nørgaard (på arbejde)")
    assert visitor.moves_on
    visitor.open("/elevadministration/skoler")
    assert "/elevadministration/skole/999001" in visitor.page.text
    assert "Seneste fra skolens systemer" in visitor.open("/elevadministration/skole/999001").text


@pytest.fixture
def asked(demo: RunningDemo) -> dict[str, str]:
    """The parameters of a good request."""
    return {
        "response_type": "code",
        "client_id": "unilogin",
        "redirect_uri": f"{demo.base_url}/auth/realms/broker/broker/nemlogin3/endpoint",
        "scope": "openid mitid",
        "state": "s",
        "nonce": "n",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }


def simulator_of(demo: RunningDemo) -> str:
    return str(demo.told["simulators"]["mitid"])


@pytest.mark.parametrize(
    "changed", [{"client_id": "another"}, {"redirect_uri": "http://localhost:9/"}, {"client_id": ""}]
)
def test_a_request_of_a_stranger_is_answered_nowhere(
    demo: RunningDemo, asked: dict[str, str], changed: dict[str, str]
) -> None:
    for method in ("get", "post"):
        address = f"{simulator_of(demo)}/authorize"
        told = getattr(httpx, method)(f"{address}?{urlencode(asked | changed)}")
        assert told.status_code == 400
        assert "location" not in told.headers


@pytest.mark.parametrize(
    "changed",
    [{"response_type": "token"}, {"scope": "mitid"}, {"code_challenge_method": "plain"}, {"code_challenge": "x"}],
    ids=str,
)
def test_a_request_that_is_wrong_is_sent_back(
    demo: RunningDemo, asked: dict[str, str], changed: dict[str, str]
) -> None:
    told = httpx.get(f"{simulator_of(demo)}/authorize?{urlencode(asked | changed)}")
    answer = dict(parse_qsl(urlsplit(told.headers["location"]).query))
    assert answer == {"error": "invalid_request", "state": "s", "iss": simulator_of(demo)}


@pytest.mark.parametrize("identity", ["", "Anna Holm Krogh", "Nobody At All", "<script>"])
def test_who_has_no_mitid_cannot_be_chosen(demo: RunningDemo, asked: dict[str, str], identity: str) -> None:
    address = f"{simulator_of(demo)}/authorize?{urlencode(asked)}"
    told = httpx.post(address, data={"identity": identity, "answer": "approve"})
    assert told.status_code == 400
    assert 'role="alert"' in told.text
    assert "<script>" not in told.text


def test_a_code_is_redeemed_once_by_the_client_with_the_right_verifier(
    demo: RunningDemo, asked: dict[str, str]
) -> None:
    """The secret is the demo's own; without it every attempt ends at the client's proof."""
    address = simulator_of(demo)
    told = httpx.post(f"{address}/authorize?{urlencode(asked)}", data={"identity": "Jonas Holm", "answer": "approve"})
    code = dict(parse_qsl(urlsplit(told.headers["location"]).query))["code"]
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": asked["redirect_uri"],
        "code_verifier": VERIFIER,
    }
    assert httpx.post(f"{address}/token", data=fields).status_code == 401
    assert httpx.post(f"{address}/token", data=fields, auth=("unilogin", "guessed")).status_code == 401
    assert httpx.get(f"{address}/userinfo", headers={"Authorization": "Bearer nothing"}).status_code == 401
    assert httpx.get(f"{address}/no-such-page").status_code == 404


# In a browser ---------------------------------------------------------------------------------------------------------


def at_the_simulator(demo: RunningDemo, open_page: OpenPage, **how: object) -> Page:
    page = open_page(f"{demo.home}/", **how)
    page.get_by_role("link", name=re.compile("Unilogin")).first.click()
    page.get_by_role("button", name="MitID").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("Hvem vil du være|Who do you want to be"))
    return page


def test_a_parent_with_only_a_browser_signs_in_with_mitid(demo: RunningDemo, open_page: OpenPage) -> None:
    page = at_the_simulator(demo, open_page)
    page.get_by_role("searchbox").fill("jonas holm")
    page.get_by_role("button", name="Søg").click()
    page.locator("input[value='Jonas Holm']").check()
    page.get_by_role("button", name="Godkend").click()
    expect(page).to_have_url(f"{demo.home}/me")
    expect(page.get_by_text("ToFaktor").first).to_be_visible()


def test_without_javascript_as_well(demo: RunningDemo, open_page: OpenPage) -> None:
    page = at_the_simulator(demo, open_page, java_script_enabled=False)
    page.locator("input[value='Jonas Holm']").check()
    page.get_by_role("button", name="Godkend").click()
    expect(page).to_have_url(f"{demo.home}/me")


@pytest.mark.parametrize("locale", ["da-DK", "en-GB"])
def test_n_116_axe_finds_nothing_in_the_simulator(demo: RunningDemo, open_page: OpenPage, locale: str) -> None:
    page = at_the_simulator(demo, open_page, locale=locale)
    assert violations(page) == []
    assert violations(open_page(f"{simulator_of(demo)}/", locale=locale)) == []
    assert violations(open_page(f"{simulator_of(demo)}/authorize", locale=locale, may_be_refused=True)) == []


@pytest.mark.parametrize("width", [320, 360, 1024, 1440])
def test_the_simulator_fits_every_width(demo: RunningDemo, open_page: OpenPage, width: int) -> None:
    page = at_the_simulator(demo, open_page, width=width)
    assert not page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
