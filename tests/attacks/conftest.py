"""A throttle, and an application with a database of its own."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.builders.inside import Inside, inside
from tests.builders.journeys import Journeys
from tests.builders.people import People
from tests.builders.running import run
from tests.builders.throttle import Throttle
from tests.visitor import Visitor
from unilogin.kit.db.connection import open_pool
from unilogin.kit.ids import new_token
from unilogin.kit.secrets import Secrets

HOME = "198.51.100.20"


@pytest.fixture
def throttle(database: str) -> Iterator[Throttle]:
    """Counts that nobody else touches, and a clock that can be moved."""
    pool = run(open_pool(database, role=None, size=12))
    yield Throttle(pool)
    run(pool.close())


@dataclass(frozen=True, slots=True)
class Door:
    """An application in this process, people in it, and browsers before its door."""

    app: Inside
    people: People
    journeys: Journeys

    def browser(self, *, token: str | None = None, address: str = HOME) -> tuple[Visitor, str]:
        """A browser, new or one that was here before, at an address; with the cookie it is known by."""
        token = token or new_token()
        visitor = self.app.visitor(address)
        visitor.client.cookies.set("unilogin_browser", token)
        return visitor, token

    def at_the_secret(self, username: str, *, token: str | None = None, address: str = HOME) -> Visitor:
        """A browser that has typed a name."""
        visitor, token = self.browser(token=token, address=address)
        visitor.open(self.journeys.begin(token))
        visitor.submit(button=("selectedIdp", "uni_idp"))
        visitor.submit({"username": username})
        assert visitor.path.endswith("/secret")
        return visitor

    def type(self, username: str, secret: str, *, token: str | None = None, address: str = HOME) -> Visitor:
        """Type a name and a password."""
        visitor = self.at_the_secret(username, token=token, address=address)
        visitor.submit({"password": secret})
        return visitor

    def name_of_nobody(self, *, heading: str, number: int = 0) -> str:
        """A name that is nobody's and is shown the page of this heading."""
        for candidate in range(number * 100, number * 100 + 100):
            name = f"none{candidate:04}"
            if self.at_the_secret(name).heading == heading:
                return name
        raise AssertionError(heading)


@pytest.fixture
def door(throttle: Throttle, database: str, secrets: Secrets) -> Iterator[Door]:
    """The application on the database whose clock ``throttle`` moves."""
    with inside(database, secrets) as app:
        yield Door(app, People(database, secrets), Journeys.to_some_service(database))
