"""Taking back what took access from adults: one administrator alone could bring back somebody who was dismissed."""

import pytest

from tests.apps.elevadministration.office import Office, open_office, pupils
from tests.apps.elevadministration.test_switch_orders import carry_out, first_file, put_in, read_all, say, until_done
from tests.builders.people import People
from tests.roster.documents import contact, employee, member, person, student
from tests.server import RunningServer
from unilogin.roster.model import Receipt
from unilogin.roster.undo_words import COUNTS_DAYS

BO = person("6107752241", first="Bo", family="Ek")
IDA = person("6107752242", first="Ida", family="Gæst")
MUM = person("6107752243", first="Ellen", family="Mor")
CHILD = person("6105160971", first="Barn", family="Prøve")
PUPILS = pupils(4, seed=81)
BOTH = "<GroupId>2b</GroupId><GroupId>3a</GroupId>"
TEACHER = member("m-1", BO, employee("Lærer", "TAP", more=BOTH))
GUEST = member("m-2", IDA, "<Extern><Role>Ekstern</Role></Extern>")
PARENT = member("e-90", CHILD, student(more=contact(MUM)))
EVERYBODY = (*PUPILS, TEACHER, GUEST, PARENT)


@pytest.fixture(scope="module")
def both(server: RunningServer, people: People) -> tuple[Office, Office]:
    """Two administrators of a school, where everybody is there."""
    one = open_office(server, people)
    one.deliver(*EVERYBODY)
    return one, open_office(server, people, institution=one.number)


def url_of(office: Office, receipt: Receipt) -> str:
    return f"{office.url}/import/{receipt.delivery_id}"


def status_of(office: Office, receipt: Receipt) -> object:
    return office.value("select status from roster_delivery where delivery_id = $1", receipt.delivery_id)


CASES = {
    "a pupil left": ((*PUPILS[1:], TEACHER, GUEST, PARENT), 0),
    "a pupil moved": ((*pupils(1, main="3a", seed=81), *PUPILS[1:], TEACHER, GUEST, PARENT), 0),
    "a teacher left": ((*PUPILS, GUEST, PARENT), 1),
    "a role went": ((*PUPILS, TEACHER.replace("<Role>TAP</Role>", ""), GUEST, PARENT), 1),
    "a class went": ((*PUPILS, TEACHER.replace("<GroupId>3a</GroupId>", ""), GUEST, PARENT), 1),
    "a teacher is a guest now": (
        (*PUPILS, member("m-1", BO, "<Extern><Role>Ekstern</Role></Extern>"), GUEST, PARENT),
        1,
    ),
    "custody went": ((*PUPILS, TEACHER, GUEST, PARENT.replace('childCustody="true"', 'childCustody="false"')), 1),
    "a parent went": ((*PUPILS, TEACHER, GUEST, member("e-90", CHILD, student())), 1),
    "two went": ((*PUPILS, TEACHER.replace("<Role>TAP</Role>", ""), PARENT), 2),
}


def test_b_a05_what_lets_adults_in_again_needs_two(both: tuple[Office, Office]) -> None:
    office, _ = both
    for name, (members, adults) in CASES.items():
        receipt = office.deliver(*members)
        assert status_of(office, receipt) == "applied", name
        text = office.browser.open(url_of(office, receipt)).text
        assert f"{adults} voks" in text if adults else "får adgang igen" not in text, (name, text)
        office.deliver(*EVERYBODY)


def test_b_a05_one_alone_does_not_bring_back_who_was_dismissed(both: tuple[Office, Office]) -> None:
    office, second = both
    gone = office.deliver(*PUPILS, GUEST, PARENT)
    url = url_of(office, gone)
    for _ in range(2):
        assert "En anden person skal sige ja" in office.order(gone, "fortryd")
        assert status_of(office, gone) == "applied"
    assert "bliver fortrudt, hvis en anden også siger ja" in second.browser.open(second.url).text
    assert f"/import/{gone.delivery_id}" in second.browser.page.text
    assert "Ja, fortryd leverancen" not in office.browser.open(url).text
    assert "bliver ikke fortrudt" in say(second, url, "behold")
    assert "ikke noget at tage stilling til" in say(second, url, "behold")
    assert "bliver fortrudt, hvis" not in second.browser.open(second.url).text
    office.order(gone, "fortryd")
    old = "update roster_undo_word set said_at = said_at - $2 * interval '1 day' where delivery_id = $1 returning true"
    assert office.value(old, gone.delivery_id, COUNTS_DAYS)
    assert "En anden person skal sige ja" in second.order(gone, "fortryd"), "a word of last week is none"
    assert "Ja, fortryd leverancen" in office.browser.open(url).text
    office.order(gone, "fortryd")
    assert status_of(office, gone) == "undone"
    assert "bliver fortrudt, hvis" not in second.browser.open(second.url).text
    here = "select ended_at is null from directory_membership join directory_institution i using (institution_id)"
    assert office.value(f"{here} where i.number = $1 and local_person_id = 'm-1'", office.number) is True


def test_b_a01_another_schools_delivery_is_neither_taken_back_nor_kept(
    both: tuple[Office, Office], server: RunningServer, people: People
) -> None:
    office, _ = both
    stranger = open_office(server, people)
    gone = office.deliver(*PUPILS, TEACHER, PARENT)
    theirs = url_of(stranger, gone)
    for word in ("fortryd", "behold"):
        stranger.browser.open(f"{stranger.url}/manuel/ny")
        assert stranger.post(f"{theirs}/{word}").page.status_code == 404
    assert office.value("select count(*) from roster_undo_word where delivery_id = $1", gone.delivery_id) == 0
    office.deliver(*EVERYBODY)


def test_b_a05_a_change_of_system_brings_nobody_back_by_one_word(both: tuple[Office, Office]) -> None:
    office, second = both
    file = put_in(office, first_file(office, *PUPILS, GUEST, PARENT))
    read_all(office)
    office.browser.open(file)
    url = str(office.browser.path)
    say(office, url, "koer", when="now")
    say(second, url, "enig")
    until_done(office, url, "run_at")
    assert "1 voksen får adgang igen" in office.browser.open(url).text
    assert "En anden person skal sige ja" in say(office, url, "fortryd")
    assert not carry_out(office)
    assert "en anden person skal sige ja" in second.browser.open(second.url).text
    assert "Noget har ændret sig" in say(office, url, "enig"), "one person twice"
    assert "Det nye system bliver" in say(second, url, "traek")
    say(office, url, "fortryd")
    assert "vil gå tilbage til det gamle system" in second.browser.open(url).text
    say(second, url, "enig")
    until_done(office, url, "undone_at")
    here = "select ended_at is null from directory_membership join directory_institution i using (institution_id)"
    assert office.value(f"{here} where i.number = $1 and local_person_id = 'm-1'", office.number) is True
