"""``dk-2026``: only pupils have passwords; staff and parents are told so, and nobody can see from it who is who."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders.journeys import Journeys
from tests.builders.people import People, Somebody
from tests.recovery.families import Families
from tests.recovery.inside_windows import Windows
from tests.recovery.mitid import MitId
from tests.recovery.steps import go, signs_in, to_mitid
from tests.server import RunningServer, start_server
from tests.visitor import Visitor
from unilogin.kit.ids import new_token
from unilogin.signin.model import Method


@pytest.fixture(scope="module")
def pupils_only(shared_database: str, secrets_file: Path) -> Iterator[RunningServer]:
    running = start_server(shared_database, secrets_file, extra={"UNILOGIN_PASSWORD_HOLDERS": "dk-2026"})
    yield running
    running.stop()


def begin(server: RunningServer, journeys: Journeys) -> Visitor:
    """A new browser at the username page."""
    visitor, token = Visitor(server.base_url), new_token()
    visitor.client.cookies.set("unilogin_browser", token)
    visitor.open(journeys.begin(token))
    visitor.submit(button=("selectedIdp", Method.UNILOGIN.value))
    return visitor


def at(server: RunningServer, journeys: Journeys, username: str) -> Visitor:
    """A new browser in which a name was typed."""
    visitor = begin(server, journeys)
    visitor.submit({"username": username})
    return visitor


@pytest.fixture
def teacher(people: People) -> Somebody:
    return people.teacher()


def test_everybody_is_told_alike_before_a_proof(
    pupils_only: RunningServer, journeys: Journeys, people: People, teacher: Somebody
) -> None:
    seen = set()
    for name in (teacher.username, people.pupil(level="8").username, "nobo6612"):
        visitor = go(at(pupils_only, journeys, name), "password/forgotten")
        assert "Er du forælder eller ansat?" in visitor.text
        seen.add(re.sub(r"/login/[^\"> ]*", "/login/", visitor.page.text.replace(name, "NAVN")))
    assert len(seen) == 1


def test_a_teacher_who_proves_it_is_told_to_sign_in_with_mitid(
    pupils_only: RunningServer, journeys: Journeys, mitid: MitId, teacher: Somebody
) -> None:
    visitor = to_mitid(at(pupils_only, journeys, teacher.username), "password/mitid")
    mitid.proves(visitor, mitid.known(teacher))
    assert visitor.heading == "Du har ikke en adgangskode her"
    go(visitor, "new-password")
    assert visitor.path.endswith("/secret")


def test_a_parent_sees_the_childs_name_and_not_the_own(
    pupils_only: RunningServer, journeys: Journeys, people: People, families: Families, mitid: MitId, teacher: Somebody
) -> None:
    child = people.pupil(level="2", secret=None)
    families.custody(teacher, child)
    visitor = to_mitid(begin(pupils_only, journeys), "names")
    mitid.proves(visitor, mitid.known(teacher))
    assert child.username in visitor.text
    assert teacher.username not in visitor.text
    visitor.submit(button=("new", child.username))
    assert visitor.heading == "Nu er det barnets tur"


def test_an_eighth_grader_is_helped_as_ever(
    pupils_only: RunningServer, journeys: Journeys, people: People, mitid: MitId
) -> None:
    pupil = people.pupil(level="8", secret=None)
    visitor = to_mitid(at(pupils_only, journeys, pupil.username), "password/mitid")
    mitid.proves(visitor, mitid.known(pupil))
    visitor.submit({"new-password": "grønne gulerødder ler 4", "again": "grønne gulerødder ler 4"})
    assert signs_in(at(pupils_only, journeys, pupil.username), "grønne gulerødder ler 4")


def test_a_window_opens_nothing_for_who_has_no_password(
    pupils_only: RunningServer,
    journeys: Journeys,
    people: People,
    families: Families,
    windows: Windows,
    teacher: Somebody,
) -> None:
    """A pupil who is employed as well has MitID."""
    both = people.pupil(level="10")
    families.also_at(both, teacher.institution, group="Medarbejder", level=None)
    windows.open(teacher, both)
    assert at(pupils_only, journeys, both.username).path.endswith("/secret")
