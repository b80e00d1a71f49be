"""Families, windows and MitID in the shared database, and visitors at the pages of getting back in."""

from collections.abc import Callable, Iterator

import pytest

from tests.builders.journeys import Journeys
from tests.builders.people import People
from tests.recovery.families import Families
from tests.recovery.inside_windows import Windows
from tests.recovery.mitid import MitId
from tests.server import RunningServer
from tests.visitor import Visitor
from unilogin.kit.ids import new_token
from unilogin.kit.secrets import Secrets
from unilogin.signin.model import Method

AtSecret = Callable[[str], Visitor]
BeginJourney = Callable[[], Visitor]


@pytest.fixture(scope="session")
def families(people: People) -> Families:
    """Tells about families in the shared database."""
    return Families(people)


@pytest.fixture(scope="session")
def windows(shared_database: str) -> Windows:
    """Opens and reads windows in the shared database."""
    return Windows(shared_database)


@pytest.fixture(scope="module")
def mitid(shared_database: str, secrets: Secrets) -> Iterator[MitId]:
    """MitID in the shared database, which nobody is offered when the tests of the module are done."""
    mitid = MitId.of(shared_database, secrets)
    yield mitid
    mitid.switch(on=False)


@pytest.fixture
def own_people(database: str, secrets: Secrets) -> People:
    """Makes people in a database of this test's own."""
    return People(database, secrets)


@pytest.fixture
def begin_journey(server: RunningServer, journeys: Journeys) -> BeginJourney:
    """Return a function that opens a new browser at the username page of a new journey."""

    def begin() -> Visitor:
        visitor = Visitor(server.base_url)
        token = new_token()
        visitor.client.cookies.set("unilogin_browser", token)
        visitor.open(journeys.begin(token))
        visitor.submit(button=("selectedIdp", Method.UNILOGIN.value))
        return visitor

    return begin


@pytest.fixture
def at_secret(begin_journey: BeginJourney) -> AtSecret:
    """Return a function that opens a new browser in which a username was typed."""

    def begin(username: str) -> Visitor:
        visitor = begin_journey()
        visitor.submit({"username": username})
        return visitor

    return begin
