"""What an office reads of a delivery: the questions it asks, what is wrong in a refused one, a school year's change."""

import pytest

from tests.apps.elevadministration.office import Office, pupils
from tests.roster.documents import member, person, student
from unilogin.roster.model import DeliveryStatus

FIRST = member("e-50", person("6105168950", first="Hop"), student(level="2"))


@pytest.fixture(scope="module")
def loaded(office: Office) -> Office:
    """The school has its pupils."""
    assert office.deliver(*pupils(10, seed=37), FIRST).status is DeliveryStatus.APPLIED
    return office


def test_b_r25_a_question_has_the_yellow_mark(loaded: Office) -> None:
    receipt = loaded.deliver(*pupils(10, seed=37), FIRST.replace("<Level>2", "<Level>9"))
    assert receipt.status is DeliveryStatus.APPLIED
    assert "1 leverance har et spørgsmål til jer" in loaded.browser.open(loaded.url).text
    url = f"{loaded.url}/import"
    assert str(receipt.delivery_id) in loaded.browser.open(f"{url}?vis=advis").text
    assert "gik i 2. klasse og står nu i 9. klasse" in loaded.browser.open(f"{url}/{receipt.delivery_id}").text
