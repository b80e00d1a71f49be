"""The front page of a school: everything that is open, oldest first, each once, and each link leads somewhere."""

import pytest

from tests.apps.elevadministration.office import Office, open_office, pupils
from tests.builders.people import People
from tests.roster.documents import GROUPS, member, person, student
from tests.server import RunningServer
from unilogin.roster.model import DeliveryStatus, Receipt

THIS = "(select institution_id from directory_institution where number = $1)"
DEALT = "//section[1]//ul[@class='lines']/li/a"


@pytest.fixture
def office(server: RunningServer, people: People) -> Office:
    """A school of the test's own."""
    return open_office(server, people)


def matters(office: Office, page: str = "") -> list[tuple[str, str]]:
    """What waits, and where it leads."""
    office.browser.open(office.url + page)
    found = office.browser.document.xpath(DEALT)
    return [(" ".join(one.text_content().split()), str(one.get("href")).removeprefix(office.url)) for one in found]


def told(office: Office, *members: str, days_ago: float, source: str = "Prøvesystem", groups: str = GROUPS) -> Receipt:
    """Let a system deliver, so many days ago."""
    receipt = office.deliver(*members, source=source, groups=groups)
    office.value(
        "with old as (update roster_delivery set received_at = kit_now() - $2 * interval '1 day',"
        " applied_at = case when status = 'applied' then kit_now() - $2 * interval '1 day' end where delivery_id = $1)"
        " update roster_cpr_case set found_at = kit_now() - $2 * interval '1 day' where delivery_id = $1",
        receipt.delivery_id,
        days_ago,
    )
    return receipt


def test_all_that_is_open_stands_there_once_oldest_first(office: Office) -> None:
    assert matters(office) == []
    assert "Du skal ikke gøre noget" in office.browser.text
    crowd = pupils(40, seed=71)
    ib, hop = person("6205167181", first="Ib"), member("e-82", person("6205167182", first="Hop"), student())
    odd = member("e-83", person("6205167183", first="Sær"), student(role="Elever"))
    told(office, *crowd, member("e-81", ib, student()), hop, days_ago=50)
    jumped = hop.replace("<Level>2", "<Level>9")
    asked = told(office, *crowd, member("e-81", ib, student()), jumped, days_ago=40)
    renumbered = member("e-81", ib.replace("6205167181", "6105167181"), student())
    hidden = member("e-84", person("6205167184", first="Skjul", protected="måske"), student())
    shown = hidden.replace("måske", "false")
    told(office, *crowd, renumbered, jumped, shown, days_ago=20)
    ill = told(office, *crowd, renumbered, jumped, odd, hidden, days_ago=10)
    parked = told(office, *crowd[:10], renumbered, jumped, odd, hidden, days_ago=9)
    assert parked.status is DeliveryStatus.PARKED
    other = told(office, *pupils(3, seed=72), source="Kommunens", days_ago=3)
    broken = told(office, *pupils(3, seed=72), source="Kommunens", groups=GROUPS + "<Klasse/>", days_ago=2)
    assert (other.status, broken.status) == (DeliveryStatus.APPLIED, DeliveryStatus.REFUSED)
    plan = office.plan_switch(*crowd)
    open_case = "select case_id from roster_cpr_case c join directory_membership m using (membership_id)"
    case = office.value(f"{open_case} where c.settled_at is null and m.institution_id = {THIS}", office.number)
    office.value("update directory_person set changed_at = kit_now() - interval '5 days' where first_name = 'Skjul'")
    expected = [
        ("1 spørgsmål til filen fra Prøvesystem: er klassetrinnet rigtigt?", f"/import/{asked.delivery_id}"),
        ("Ib Prøve har fået et andet CPR-nummer.", f"/cpr/{case}"),
        ("1 person i filen fra Prøvesystem kunne ikke indlæses.", f"/import/{ill.delivery_id}"),
        ("En leverance fra Prøvesystem er sat på pause: to skal se på den.", f"/import/{parked.delivery_id}"),
        ("1 beskyttet person mangler et alias.", "/navnebeskyttelse"),
        ("En fil fra Kommunens kunne ikke indlæses.", f"/import/{broken.delivery_id}"),
        ("Skiftet fra Prøvesystem til Det Nye er klar: ingen har foreslået at gennemføre det.", f"/systemskift/{plan}"),
    ]
    assert matters(office) == expected
    for _, path in expected:
        assert office.browser.open(office.url + path).status_code == 200, path
    assert "things are waiting for you" in office.browser.open(f"{office.url}?lang=en").text


def test_a_system_that_usually_sends_is_missed(office: Office) -> None:
    for days in (22, 21, 20):
        told(office, *pupils(2, seed=73), days_ago=days)
    assert [text[:44] for text, _ in matters(office)] == ["Prøvesystem plejer at sende filer, men har i"]
    office.value(f"insert into roster_source_not_heard select {THIS}, 'Prøvesystem'", office.number)
    assert matters(office) == [], "the school has left it"


@pytest.mark.parametrize("days", [(6, 5, 4), (200, 120, 60), (30, 29)], ids=["lately", "now and then", "seldom"])
def test_nobody_is_missed_who_sends_as_usual(office: Office, days: tuple[int, ...]) -> None:
    for ago in days:
        told(office, *pupils(2, seed=74), days_ago=ago)
    assert matters(office) == []


def test_an_import_that_ends_soon_is_told_once(office: Office) -> None:
    for days in (350, 349, 348):
        told(office, *pupils(2, seed=75), days_ago=days)
    told_at = f"insert into roster_stale select {THIS}, 'Prøvesystem', kit_now() - interval '2 days'"
    office.value(told_at, office.number)
    (matter,) = matters(office)
    assert matter[0].startswith("Prøvesystem har ikke sendt en fil i næsten et år: personerne derfra mister adgangen")
    told(office, *pupils(2, seed=75), days_ago=0)
    assert matters(office) == []


def test_many_numbers_at_once_are_one_line_that_leads_to_their_list(office: Office) -> None:
    crowd = pupils(12, seed=76)
    told(office, *crowd, days_ago=2)
    other = [one.replace("051676", "061676") for one in crowd[:5]]
    told(office, *other, *crowd[5:], days_ago=1)
    assert [text for text, _ in matters(office)] == [
        f"Elev{n} Prøvesen har fået et andet CPR-nummer." for n in range(1, 6)
    ]
    office.value(f"insert into roster_limit (institution_id, changed_persons) select {THIS}, 50", office.number)
    other = [one.replace("051676", "061676") for one in crowd[:6]]
    told(office, *other, *crowd[6:], days_ago=0)
    assert matters(office) == [("6 personer har fået et andet CPR-nummer.", "/cpr")]


def test_whoever_a_later_file_of_changes_mends_does_not_wait(office: Office) -> None:
    crowd = pupils(4, seed=77)
    odd = member("e-90", person("6205167790", first="Sær"), student(role="Elever"))
    told(office, *crowd, days_ago=3)
    told(office, *crowd, odd, days_ago=2)
    assert [text for text, _ in matters(office)] == ["1 person i filen fra Prøvesystem kunne ikke indlæses."]
    told(office, *crowd, odd.replace("Elever", "Elev"), days_ago=1)
    assert matters(office) == []
