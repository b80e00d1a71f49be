"""A new browser at the beginning of a journey."""

from collections.abc import Callable

import pytest

from tests.builders.journeys import Journeys
from tests.server import RunningServer
from tests.visitor import Visitor
from unilogin.kit.ids import new_token

BeginJourney = Callable[[], Visitor]


@pytest.fixture
def begin_journey(server: RunningServer, journeys: Journeys) -> BeginJourney:
    """Return a function that opens a new browser at the first page of a new journey."""

    def begin() -> Visitor:
        visitor = Visitor(server.base_url)
        token = new_token()
        visitor.client.cookies.set("unilogin_browser", token)
        visitor.open(journeys.begin(token))
        return visitor

    return begin
