"""A pupil who is new in a file: in the class when the sender has its answer, and in a minute later, by the door."""

import itertools
import re
from uuid import UUID

import pytest

from tests.apps.elevadgang.classroom import Class, Classroom
from tests.apps.entering import csrf_of, enter
from tests.apps.households import Households
from tests.builders.people import People
from tests.protocols.bpi.conftest import OURS
from tests.protocols.bpi.signing import System
from tests.protocols.bpi.test_upload import upload
from tests.roster.documents import document, member, person, student
from tests.server import RunningServer
from tests.visitor import Visitor

SOURCE = "tests of arrival"
HOURS = itertools.count(3)
"""Each file is later than the ones before."""


@pytest.fixture(scope="module")
def held(server: RunningServer, shared_database: str, people: People, token: str) -> Class:
    """A class as the system delivered it, and its teacher."""
    upload(server, token, newcomer("Fast", cpr="7205148000", hour=next(HOURS)).encode())
    classroom = Classroom(Households(shared_database, people))
    key = classroom.value("select group_key from directory_group where source = $1 and group_id = '5a'", SOURCE)
    assert isinstance(key, UUID)
    made = Class(key, people.teacher(institution=OURS), [])
    classroom.join(made, made.teacher)
    return made


@pytest.fixture(scope="module")
def teacher(server: RunningServer, held: Class) -> Visitor:
    return enter(server, held.teacher, to=held.url)


def by_upload(server: RunningServer, token: str, text: str) -> None:
    assert upload(server, token, text.encode(), kind="delta").json()["counts"]["created"] == 1


def by_message(system: System, text: str) -> None:
    assert system.deliver(text, "importerDeltaXml").text("//tns:reskode") == "OK"


@pytest.mark.parametrize("way", ["upload", "message"])
def test_a_new_pupil_is_in_as_soon_as_the_sender_has_its_answer(
    way: str, server: RunningServer, token: str, system: System, held: Class, teacher: Visitor
) -> None:
    name = f"Ny{way}"
    first = way == "upload"
    text = newcomer(name, cpr="7205148001" if first else "7205148002", hour=next(HOURS))
    if first:
        by_upload(server, token, text)
    else:
        by_message(system, text)

    page = teacher.open(held.url).text
    found = re.search(rf'for="c-([0-9a-f-]+)">\s*<span class="line-name"><bdi>[^<]*{name}<', page)
    assert found, "the teacher sees the pupil"
    asked = {"csrf": csrf_of(teacher), "one": found.group(1)}
    teacher.post(f"{held.url}/brugernavn", asked)
    username = str(teacher.document.xpath("string(//p[contains(@class, 'username-large')])"))
    teacher.post(f"{held.url}/ny-adgangskode", asked)

    pupil = Visitor(server.base_url)
    pupil.open("/mit")
    pupil.submit(button=("selectedIdp", "uni_idp"))
    pupil.submit({"username": username})
    pupil.submit()  # the window
    pupil.submit()  # the words, as they are shown
    assert pupil.moves_on, pupil.text
    pupil.move_on()
    assert pupil.path == "/mit"
    assert name in pupil.page.text


def newcomer(name: str, *, cpr: str, hour: int) -> str:
    return document(
        member(f"e-{name}", person(cpr, first="Ida", family=name), student(level="5", main="5a")),
        groups="<Group><GroupId>5a</GroupId><GroupName>5.A</GroupName><GroupType>Hovedgruppe</GroupType>"
        "<GroupLevel>5</GroupLevel></Group>\n",
        number=OURS,
        source=SOURCE,
        time=f"2025-08-10T0{hour}:00:00+02:00",
    )
