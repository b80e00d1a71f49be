"""An app signs people in through our own door."""

from tests.builders.people import People
from tests.server import RunningServer
from tests.visitor import Visitor


def test_a_page_that_is_opened_from_outside_comes_back_after_signing_in(server: RunningServer, people: People) -> None:
    pupil = people.pupil()
    browser = Visitor(server.base_url)
    browser.open("/mit")
    assert browser.path.startswith("/login/")
    browser.submit(button=("selectedIdp", "uni_idp"))
    browser.submit({"username": pupil.username})
    browser.submit({"password": str(pupil.secret)})
    browser.move_on()
    assert browser.path == "/mit"
