"""Journeys that no protocol began: sign-in knows none."""

from dataclasses import dataclass

from tests.builders.running import connect, run
from tests.builders.services import Services
from unilogin.domain.services import queries
from unilogin.domain.services.model import Service
from unilogin.signin.actions import start_journey
from unilogin.signin.model import Demands

RETURN_TO = "/hjaelp?from=journey"


@dataclass(frozen=True, slots=True)
class Journeys:
    """Begins journeys to one service."""

    dsn: str
    service: Service

    @classmethod
    def to_some_service(cls, dsn: str) -> "Journeys":
        """Register a service that journeys can go to."""
        return cls(dsn, run(_service(dsn, Services(dsn).add().client_id)))

    def begin(self, browser_token: str) -> str:
        """Begin a journey for the browser that has this cookie; return the address of its first page."""
        return run(self._begin(browser_token))

    async def _begin(self, browser_token: str) -> str:
        connection = await connect(self.dsn)
        try:
            journey_id = await start_journey(
                connection,
                browser_token=browser_token,
                service=self.service,
                return_to=RETURN_TO,
                demands=Demands(),
            )
        finally:
            await connection.close()
        return f"/login/{journey_id}/method"


async def _service(dsn: str, client_id: str) -> Service:
    connection = await connect(dsn)
    try:
        client = await queries.client(connection, client_id)
    finally:
        await connection.close()
    assert client is not None
    return client.service
