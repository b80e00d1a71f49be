"""Importhistorik: what came, what it did or would do, what was found in it, and who may say that it counts."""

import json
import time

import pytest

from tests.apps.elevadministration.office import PATIENCE_SECONDS, Office, open_office, pupils
from tests.apps.entering import csrf_of
from tests.builders.people import People
from tests.roster.documents import employee, member, person, student
from tests.server import RunningServer
from unilogin.apps.elevadministration.rules import brought, too_many_would_go
from unilogin.domain.directory.model import ActorGroup
from unilogin.roster.model import DeliveryStatus, PlanLine, Receipt
from unilogin.roster.rules import Limits

TEACHER = member("m-1", person("6105168801", first="Rikke", family="Tavle"), employee("Lærer"))
WITHOUT_ALIAS = member("e-99", person("6805168802", first="Hemmelig", family="Virkelig", protected="true"), student())
FEWER = (*pupils(3, seed=21), TEACHER)
EVERYBODY = (*pupils(30, seed=22), TEACHER)


@pytest.fixture(scope="module")
def first(office: Office) -> Receipt:
    """The school's system has delivered thirty pupils and a teacher; one pupil could not be loaded."""
    return office.deliver(*pupils(30, seed=21), TEACHER, WITHOUT_ALIAS)


@pytest.fixture(scope="module")
def parked(office: Office, first: Receipt) -> Receipt:
    """It has delivered three pupils the night after."""
    return office.deliver(*FEWER)


@pytest.fixture(scope="module")
def another(server: RunningServer, people: People) -> tuple[Office, Office]:
    """Two administrators of a school where much is decided."""
    one = open_office(server, people)
    return one, open_office(server, people, institution=one.number)


@pytest.fixture
def deciding(another: tuple[Office, Office]) -> tuple[Office, Office]:
    """The two of them, when everybody is there, in 2.B."""
    another[0].deliver(*EVERYBODY)
    return another


def url_of(office: Office, receipt: Receipt) -> str:
    return f"{office.url}/import/{receipt.delivery_id}"


def status_of(office: Office, receipt: Receipt) -> object:
    return office.value("select status from roster_delivery where delivery_id = $1", receipt.delivery_id)


def test_the_history_tells_what_came_and_what_needs_a_human(office: Office, first: Receipt, parked: Receipt) -> None:
    assert parked.status is DeliveryStatus.PARKED
    text = office.browser.open(f"{office.url}/import").text
    assert "Venter på jer" in text
    assert text.count("Prøvesystem") == 2
    assert "31 nye" in text
    assert "Vi fandt ingen" in office.browser.open(f"{office.url}/import?q=andet%25").text
    assert str(first.delivery_id) in office.browser.open(f"{office.url}/import?q=prøve&vis=advis").text


def test_a_file_that_nobody_can_read_is_told_by_the_system_that_sent_it(server: RunningServer, people: People) -> None:
    office = open_office(server, people)
    office.deliver(*pupils(3, seed=24))
    system = f"AB{office.number}"
    office.value("insert into roster_sender (system_id, name) values ($1, 'Systemet ' || $1)", system)
    office.send(b"", by=system)
    for url in (office.url, f"{office.url}/import"):
        text = office.browser.open(url).text
        assert f"<bdi>Systemet {system}</bdi>" in text
        assert "<bdi></bdi>" not in text
    office.send(b"", by="ABukendt")
    assert "<bdi>–</bdi></a>" in office.browser.open(office.url).text, "a link has a name"


def test_the_history_is_searched_by_person_class_and_day(office: Office, first: Receipt, parked: Receipt) -> None:
    url = f"{office.url}/import"
    for term, wanted in {"e-99": [first], "e-30": [parked], "2.B": [parked], "e-3%": []}.items():
        office.browser.open(url)
        text = office.post(url, q=term).page.text
        assert [one for one in (first, parked) if str(one.delivery_id) in text] == wanted, term
        assert term not in str(office.browser.page.url)
    today = "2020-01-01"
    assert str(first.delivery_id) not in office.browser.open(f"{url}?til={today}").text
    assert str(first.delivery_id) in office.browser.open(f"{url}?fra={today}").text


def test_the_delivery_says_who_was_told_and_how_the_letter_fares(office: Office, parked: Receipt) -> None:
    told = "select count(*) from roster_told where delivery_id = $1 and account_id = $2"
    assert office.value(told, parked.delivery_id, office.head.account_id) == 1
    assert "Ingen mailadresse" in office.browser.open(url_of(office, parked)).text
    give = "update directory_person set email = 'lone@skole.example' where person_id = $1 returning true"
    assert office.value(give, office.head.person_id)
    text = office.browser.open(url_of(office, parked)).text
    assert "l•••@skole.example" in text
    assert "lone@" not in text
    aside = (
        "insert into notices_letter (notice_id, person_id, given_up_at, last_answer)"
        " select notice_id, $3::uuid, kit_now(), 'no_server' from roster_told"
        " where delivery_id = $1 and account_id = $2 on conflict (notice_id, person_id)"
        " do update set given_up_at = kit_now(), last_answer = 'no_server' returning true"
    )
    assert office.value(aside, parked.delivery_id, office.head.account_id, office.head.person_id)
    assert "der er ingen mailserver" in office.browser.open(url_of(office, parked)).text, "nothing was sent and lost"


def test_b_a09_a_page_that_there_is_not_is_the_first(office: Office, first: Receipt) -> None:
    for odd in ("side=0", "side=-1", "side=1e9", "side=²", "vis=%27", "q=%00", "fra=x&til=0001-01-01"):
        assert office.browser.open(f"{office.url}/import?{odd}").status_code == 200, odd


def test_the_front_page_says_what_waits_and_how_many_there_are(office: Office, parked: Receipt) -> None:
    text = office.browser.open(office.url).text
    assert "En leverance fra Prøvesystem er sat på pause" in text
    assert "Sidst indlæst" in text
    assert "<dt>Elever</dt><dd>30</dd>" in text


def test_a_finding_has_its_line_its_person_and_what_to_do(office: Office, first: Receipt) -> None:
    page = office.browser.open(url_of(office, first))
    assert "e-99" in page.text
    assert "alias" in page.text
    assert "Hemmelig" not in page.text
    assert "Ikke indlæst" in office.post(url_of(office, first), q="e-9").page.text
    assert "Vi fandt ingen" in office.post(url_of(office, first), q="e-1%").page.text
    assert not office.browser.page.url.query


def test_the_plan_is_told_class_by_class_and_person_by_person(office: Office, parked: Receipt) -> None:
    rows = [
        [cell.text_content().strip() for cell in row]
        for row in document(office, url_of(office, parked)).xpath("//table//tr[th[@scope='row']]")
    ]
    assert ["2.B", "30", "3", "27 er her ikke længere, 3 som før"] in rows
    page = office.browser.open(f"{url_of(office, parked)}/personer")
    assert "Elev30 Prøvesen" in page.text
    assert "27 personer" in page.text
    assert "1 person" in office.post(f"{url_of(office, parked)}/personer", q="Elev30").page.text
    assert "Elev30" not in str(office.browser.page.url)


def document(office: Office, url: str):  # type: ignore[no-untyped-def]  # lxml has no types
    office.browser.open(url)
    return office.browser.document


def test_the_receipt_is_for_machines_and_names_nobody(office: Office, first: Receipt) -> None:
    page = office.browser.open(f"{url_of(office, first)}/kvittering")
    told = json.loads(page.text)
    assert told["status"] == "applied"
    assert told["counts"]["refused"] == 1
    assert "attachment" in page.headers["content-disposition"]
    assert "Prøvesen" not in page.text
    assert "6805168802" not in page.text


def test_what_takes_long_is_under_way_and_nobody_can_think_again(office: Office, parked: Receipt) -> None:
    url = url_of(office, parked)
    order = (
        "insert into roster_task (delivery_id, what, actor_kind, actor_id) values ($1, $2, 'person', 'x') returning 1"
    )
    for what, says in (("release", "bliver indlæst nu"), ("undo", "bliver taget tilbage nu")):
        office.value(order, parked.delivery_id, what)
        assert says in office.browser.open(url).text
        assert "afvis" not in office.browser.text
        csrf = csrf_of(office.browser)
        assert office.browser.document.xpath("//main//form[contains(@action, 'frigiv')]") == []
        office.browser.post(f"{url}/afvis", {"csrf": csrf})
        assert says in office.browser.page.text
        office.value("delete from roster_task where delivery_id = $1", parked.delivery_id)
    assert status_of(office, parked) == "parked"


def test_what_came_to_nothing_is_told_to_whoever_looks_later(office: Office, first: Receipt, parked: Receipt) -> None:
    """A large delivery takes longer than the page waits, and somebody else may be the next to look."""
    over = (
        "insert into roster_task (delivery_id, what, actor_kind, actor_id, done_at, answer)"
        " values ($1, $2, 'person', 'x', kit_now(), $3) returning 1"
    )
    for one, what, answer, says in (
        (first, "undo", "changed_later", "en senere fil har ændret de samme personer"),
        (first, "undo", "failed", "Det lykkedes ikke, og intet er ændret"),
        (first, "undo", "done", None),
        (parked, "release", "failed", "Det lykkedes ikke, og intet er ændret"),
        (parked, "release", "late", None),
    ):
        office.value(over, one.delivery_id, what, answer)
        told = office.browser.open(url_of(office, one)).text
        assert says in told if says else 'role="status"' not in told, (what, answer)
        office.value("delete from roster_task where delivery_id = $1", one.delivery_id)


def test_b_a05_two_people_release_a_delivery_and_nobody_is_two(deciding: tuple[Office, Office]) -> None:
    """And one alone takes it back: everybody is there, as they were."""
    office, second = deciding
    parked = office.deliver(*EVERYBODY[:3], TEACHER)
    url = url_of(office, parked)
    office.browser.open(url)
    assert "en anden person" in office.post(f"{url}/frigiv").page.text
    assert "Det har du allerede sagt" in office.post(f"{url}/frigiv").page.text
    assert status_of(office, parked) == "parked"
    second.browser.open(url)
    second.post(f"{url}/afvis")  # says otherwise: nothing happens
    assert status_of(office, parked) == "parked"
    assert "Leverancen er frigivet" in second.order(parked, "frigiv")
    assert status_of(office, parked) == "applied"
    assert "<dt>Elever</dt><dd>3</dd>" in office.browser.open(office.url).text
    office.browser.open(url)
    assert "ikke noget at tage stilling til" in office.post(f"{url}/frigiv").page.text
    decided = "select count(*) from audit_event where action = 'delivery.decided' and object = $1"
    assert office.value(decided, str(parked.delivery_id)) == 3
    office.order(parked, "fortryd")
    assert status_of(office, parked) == "undone"
    assert "Taget tilbage" in office.browser.open(url).text
    assert "<dt>Elever</dt><dd>30</dd>" in office.browser.open(office.url).text


def test_the_brake_has_no_way_around_by_taking_back(office: Office, first: Receipt) -> None:
    """Who takes the first delivery back lets everybody go: that is not for one person and one button."""
    url = url_of(office, first)
    assert "mister de alle adgangen" in office.browser.open(url).text
    assert "Fortryd leverancen" not in office.browser.page.text
    assert "For mange ville miste adgangen" in office.post(f"{url}/fortryd").page.text
    assert status_of(office, first) == "applied"


@pytest.mark.parametrize(("there", "too_many"), [(30, True), (419, True), (420, False), (700, False)])
def test_what_one_person_may_take_back(there: int, too_many: bool) -> None:
    plan = [
        PlanLine(ActorGroup.ELEV, "2.B", new=15, back=6, left=99),
        PlanLine(ActorGroup.KONTAKTPERSON, None, new=500),
    ]
    assert brought(plan) == 21
    assert too_many_would_go(21, there=there, limits=Limits()) is too_many


def not_taken_back(office: Office, receipt: Receipt) -> str:
    """Press the button until the page has the answer at once: one that was told later does not say why."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        told = office.order(receipt, "fortryd")
        assert status_of(office, receipt) == "applied"
        if office.browser.page.status_code == 409:
            return told
        assert "data-waiting" in told
        assert time.monotonic() < until


def test_what_was_changed_later_is_not_taken_back(deciding: tuple[Office, Office]) -> None:
    office, _ = deciding
    moved = office.deliver(*pupils(30, main="3a", seed=22), TEACHER)
    office.deliver(*EVERYBODY)
    assert "Elev1 Prøvesen" in not_taken_back(office, moved)


def test_what_a_change_of_system_came_after_is_taken_back_with_it_alone(deciding: tuple[Office, Office]) -> None:
    office, _ = deciding
    moved = office.deliver(*pupils(30, main="3a", seed=22), TEACHER)
    office.value(
        "insert into roster_switch (institution_id, old_source, new_source, file_hash, actor_kind, actor_id, run_at,"
        " retire_at) select institution_id, 'Prøvesystem', 'Det Nye', sha256('x'), 'operator', 'tests', kit_now(),"
        " kit_now() + interval '1 day' from directory_institution where number = $1 returning true",
        office.number,
    )
    told = not_taken_back(office, moved)
    assert "fortryd hele skiftet i stedet" in told
    assert "Elev1 Prøvesen" not in told
    office.value("delete from roster_switch where new_source = 'Det Nye' and old_source = 'Prøvesystem'"
                 " and actor_id = 'tests' returning true")  # fmt: skip


def test_two_people_reject_a_delivery(deciding: tuple[Office, Office]) -> None:
    office, second = deciding
    again = office.deliver(*EVERYBODY[:3], TEACHER)
    url = url_of(office, again)
    for one in (office, second):
        one.browser.open(url)
        one.post(f"{url}/afvis")
    assert "Afvist af to" in second.browser.page.text
    assert status_of(office, again) == "rejected"
