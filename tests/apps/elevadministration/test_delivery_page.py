"""One delivery's page says what happened, whom it is about, what to do about it, and who decided."""

import pytest

from tests.apps.elevadministration.office import Office, open_office, pupils
from tests.builders.people import People
from tests.roster.documents import employee, member, person, student
from tests.server import RunningServer
from unilogin.roster.model import DeliveryStatus

TEACHER = member("m-1", person("6105168811", first="Rikke", family="Tavle"), employee("Lærer"))


def pupil(local_id: str, cpr: str, *, first: str = "Bo", protected: bool = False) -> str:
    alias = ("Signe", "Dahl") if protected else None
    is_so = "true" if protected else "false"
    return member(
        local_id, person(cpr, first=first, family="O'Hara &amp; Søn", protected=is_so, alias=alias), student()
    )


def page_of(office: Office, delivery_id: object) -> str:
    return str(office.browser.open(f"{office.url}/import/{delivery_id}").text)


@pytest.fixture(scope="module")
def pair(server: RunningServer, people: People) -> tuple[Office, Office]:
    """Two administrators of a school with thirty pupils and a teacher."""
    one = open_office(server, people)
    one.deliver(*pupils(30, seed=23), TEACHER, pupil("e-50", "6405168812"), pupil("e-51", "6505168813", protected=True))
    return one, open_office(server, people, institution=one.number)


def test_a_finding_is_shown_with_the_name_that_may_be_shown_and_the_way_to_mend_it(pair: tuple[Office, Office]) -> None:
    office, _ = pair
    unknown = member("e-52", person("6705168817", first="Ukendt", protected="true"), student())
    told = office.deliver(
        *(*pupils(30, seed=23), TEACHER, unknown),
        *(pupil("e-50", "6405168814"), pupil("e-51", "6505168815", protected=True)),
    )
    assert told.counts.refused == 3
    text = page_of(office, told.delivery_id)
    assert "O&#39;Hara &amp; Søn" in text
    assert "Signe Dahl" in text
    assert "Bo O" not in text.split("Signe Dahl")[1].split("</tr>")[0]
    assert f"{office.url}/cpr" in text
    assert "3 personer kunne ikke indlæses." in text
    assert "Se dem, der mangler et alias" not in text, "nobody to give one to: they were not made"
    of = "select case_id from roster_cpr_case where delivery_id = $1 and local_person_id = 'e-50'"
    case = office.value(of, told.delivery_id)
    assert "De fire sidste tegn er andre" in office.browser.open(f"{office.url}/cpr/{case}").text
    assert "O'Hara" not in str(office.browser.open(f"{office.url}/import/{told.delivery_id}/kvittering").text)


def test_who_said_what_is_shown_afterwards_too(pair: tuple[Office, Office]) -> None:
    office, second = pair
    parked = office.deliver(*pupils(3, seed=23), TEACHER)
    assert parked.status is DeliveryStatus.PARKED
    text = page_of(office, parked.delivery_id)
    assert "Derfor er den sat på pause:" in text
    assert "Frigiv: indlæs den" in text
    text = str(office.post(f"{office.url}/import/{parked.delivery_id}/frigiv").page.text)
    assert "Frigiv: indlæs den" not in text
    assert "Afvis: smid den væk" in text
    page_of(second, parked.delivery_id)
    second.order(parked, "frigiv")
    text = page_of(office, parked.delivery_id)
    assert "Derfor var den sat på pause:" in text
    assert "Det sagde de, der tog stilling:" in text
    assert text.count('<span class="line-name">Frigiv</span>') == 2
    assert "Var leverancen en fejl?" in text


def test_whoever_would_leave_by_a_delivery_is_warned_before_saying_yes(pair: tuple[Office, Office]) -> None:
    office, second = pair
    office.deliver(*pupils(30, seed=25, first=61), TEACHER)
    parked = office.deliver(TEACHER)
    assert parked.status is DeliveryStatus.PARKED
    leaves = (
        "insert into roster_change (delivery_id, number, local_person_id, membership_id, kind, actor_group)"
        " select $1, 9999, local_person_id, membership_id, 'left', actor_group from directory_membership"
        " where person_id = $2 returning true"
    )
    assert office.value(leaves, parked.delivery_id, office.head.person_id)
    assert "Du er selv blandt dem, der forsvinder." in page_of(office, parked.delivery_id)
    assert "Du er selv blandt dem, der forsvinder." not in page_of(second, parked.delivery_id)


def test_a_refused_file_is_for_the_vendor_until_a_later_one_is_loaded(server: RunningServer, people: People) -> None:
    office = open_office(server, people)
    office.deliver(pupil("e-60", "6605168816"))
    refused = office.deliver("<InstitutionPerson/>")
    assert refused.status is DeliveryStatus.REFUSED
    assert str(refused.delivery_id) in office.browser.open(f"{office.url}/import?vis=advis").text
    text = page_of(office, refused.delivery_id)
    assert "Kunne ikke indlæses" in text
    assert "Send det, der står her, til leverandøren" in text
    assert "Der var intet at bemærke" not in text
    office.deliver(pupil("e-60", "6605168816"))
    assert "Siden er en nyere leverance indlæst" in page_of(office, refused.delivery_id)
    assert "sheet-marked" not in office.browser.text
    assert str(refused.delivery_id) not in office.browser.open(f"{office.url}/import?vis=advis").text
