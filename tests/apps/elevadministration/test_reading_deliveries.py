"""What an office reads of a delivery: the questions it asks, what is wrong in a refused one, a school year's change."""

import pytest

from tests.apps.elevadministration.office import Office, pupils
from tests.roster.documents import GROUPS, member, person, student
from unilogin.roster.model import DeliveryStatus

FIRST = member("e-50", person("6105168950", first="Hop"), student(level="2"))


@pytest.fixture(scope="module")
def loaded(office: Office) -> Office:
    """The school has its pupils."""
    assert office.deliver(*pupils(10, seed=37), FIRST).status is DeliveryStatus.APPLIED
    return office


def test_b_r25_a_question_has_the_yellow_mark(loaded: Office) -> None:
    loaded.deliver(*pupils(10, seed=37), FIRST)
    receipt = loaded.deliver(*pupils(10, seed=37), FIRST.replace("<Level>2", "<Level>9"))
    assert receipt.status is DeliveryStatus.APPLIED
    assert "1 spørgsmål til filen fra Prøvesystem" in loaded.browser.open(loaded.url).text
    url = f"{loaded.url}/import"
    assert str(receipt.delivery_id) in loaded.browser.open(f"{url}?vis=advis").text
    assert "gik i 2. klasse og står nu i 9. klasse" in loaded.browser.open(f"{url}/{receipt.delivery_id}").text
    loaded.deliver(*pupils(10, seed=37), FIRST.replace("<Level>2", "<Level>9"))
    assert "1 spørgsmål til filen" in loaded.browser.open(loaded.url).text, "the next night does not answer it"
    here = f"{url}/{receipt.delivery_id}"
    loaded.browser.open(here)
    for odd in ("x", "-1", "999", "9" * 30):
        assert "Noteret" not in loaded.post(f"{here}/rigtigt", question=odd).page.text
    assert "Det er rigtigt" in loaded.browser.open(here).text
    assert "Noteret" in loaded.post(f"{here}/rigtigt", question="").page.text
    said = "select detail ->> 'decision' from audit_event where action = 'delivery.decided' and actor_id = $1"
    assert loaded.value(said, str(loaded.head.account_id)) == "right"
    assert "Det er rigtigt" not in loaded.browser.text
    assert "spørgsmål til filen" not in loaded.browser.open(loaded.url).text
    assert str(receipt.delivery_id) not in loaded.browser.open(f"{url}?vis=advis").text


def test_b_r25_a_question_goes_when_the_system_mends_the_grade(loaded: Office) -> None:
    right = member("e-51", person("6105168951", first="Ret"), student(level="2"))
    loaded.deliver(*pupils(10, seed=37), FIRST, right)
    asked = loaded.deliver(*pupils(10, seed=37), FIRST, right.replace("<Level>2", "<Level>8"))
    url = f"{loaded.url}/import/{asked.delivery_id}"
    assert "Det er rigtigt" in loaded.browser.open(url).text
    mended = loaded.deliver(*pupils(10, seed=37), FIRST, right)
    assert "Det er rigtigt" not in loaded.browser.open(url).text
    assert mended.findings == (), "and back is no question of its own"
    loaded.deliver(*pupils(10, seed=37), FIRST)


def test_a_refused_delivery_is_told_and_says_where_it_is_wrong(loaded: Office) -> None:
    receipt = loaded.deliver(*pupils(10, seed=37), groups=GROUPS + "<Klasse/>")
    assert receipt.status is DeliveryStatus.REFUSED
    assert "En fil fra Prøvesystem kunne ikke indlæses." in loaded.browser.open(loaded.url).text
    text = loaded.browser.open(f"{loaded.url}/import/{receipt.delivery_id}").text
    assert "XPath /UNILoginImport/Institution/Klasse." in text
    assert "Hvem har fået besked?" in text
    told = "select count(*) from roster_told where delivery_id = $1 and account_id = $2"
    assert loaded.value(told, receipt.delivery_id, loaded.head.account_id) == 1


def test_a_school_year_is_read_class_by_class(loaded: Office) -> None:
    moved = [one.replace("<Level>2", "<Level>3").replace(">2b<", ">3a<") for one in pupils(10, seed=37)]
    receipt = loaded.deliver(*moved, *pupils(4, first=60, seed=37))
    text = loaded.browser.open(f"{loaded.url}/import/{receipt.delivery_id}").text
    for place, words in (("2.B → 3.A", "10 rykker med, 1 er her ikke længere"), ("2.B", "4 nye")):
        assert f"<bdi>{place}</bdi>" in text
        assert words in text
