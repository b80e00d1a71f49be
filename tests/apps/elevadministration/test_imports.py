"""Importhistorik: what came, what it did, what was found in it, and who may say that it counts."""

import json

import pytest

from tests.apps.elevadministration.office import Office, employee, open_office, pupils
from tests.builders.people import People
from tests.roster.documents import member, person, student
from tests.server import RunningServer


@pytest.fixture(scope="module")
def office(server: RunningServer, people: People) -> Office:
    """A school whose system has delivered thirty pupils and a teacher once."""
    made = open_office(server, people)
    made.deliver(*pupils(30, seed=21), TEACHER)
    return made


TEACHER = member("m-1", person("6105168801", first="Rikke", family="Tavle"), employee("Lærer"))


def test_smoke(office: Office) -> None:
    page = office.browser.open(office.url)
    assert page.status_code == 200, page.text
    assert "Alt er i orden" in page.text
