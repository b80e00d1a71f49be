"""Journeys that no protocol began: sign-in knows none."""

from collections.abc import Callable

import pytest

from tests.builders.running import run
from tests.builders.services import Services
from tests.server import RunningServer
from tests.visitor import Visitor
from unilogin.domain.services import queries
from unilogin.domain.services.actions import Registered
from unilogin.domain.services.model import Client
from unilogin.kit.db.connection import connect
from unilogin.kit.ids import new_token
from unilogin.signin.actions import start_journey
from unilogin.signin.model import Demands

RETURN_TO = "/hjaelp?from=journey"

BeginJourney = Callable[[], Visitor]


async def _client(dsn: str, registered: Registered) -> Client:
    connection = await connect(dsn)
    client = await queries.client(connection, registered.client_id)
    await connection.close()
    assert client is not None
    return client


async def _begin(dsn: str, client: Client, token: str) -> str:
    connection = await connect(dsn)
    journey_id = await start_journey(
        connection, browser_token=token, service=client.service, return_to=RETURN_TO, demands=Demands()
    )
    await connection.close()
    return str(journey_id)


@pytest.fixture(scope="session")
def some_client(shared_database: str) -> Client:
    return run(_client(shared_database, Services(shared_database).add()))


@pytest.fixture
def begin_journey(server: RunningServer, shared_database: str, some_client: Client) -> BeginJourney:
    """Return a function that opens a new browser at the first page of a new journey."""

    def begin() -> Visitor:
        visitor = Visitor(server.base_url)
        token = new_token()
        visitor.client.cookies.set("unilogin_browser", token)
        journey_id = run(_begin(shared_database, some_client, token))
        visitor.open(f"/login/{journey_id}")
        return visitor

    return begin
