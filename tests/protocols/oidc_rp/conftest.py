"""A provider that can lie, and a browser that was sent to it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.builders.journeys import Journeys
from tests.builders.people import People, Somebody
from tests.builders.provider import Providers, StubProvider, give_cpr, stub_provider
from tests.builders.running import connect, run
from tests.server import RunningServer
from tests.visitor import Visitor
from unilogin.kit.ids import new_token
from unilogin.kit.secrets import Secrets
from unilogin.signin.model import Alias


@dataclass(eq=False)
class MitId:
    """A stub that is registered as a provider, and ways to be sent there and back."""

    stub: StubProvider
    alias: Alias
    providers: Providers
    begin: Callable[[], Visitor]
    anew: Callable[[Visitor], None]
    """Begin another journey in the same browser."""
    added: list[Alias] = field(default_factory=list)

    def visitor(self, alias: Alias | None = None) -> Visitor:
        """A new browser that has pressed the provider's button and stands at its authorization address."""
        visitor = self.begin()
        self.press(visitor, alias)
        return visitor

    def press(self, visitor: Visitor, alias: Alias | None = None) -> None:
        """Press the provider's button in the selector, and be sent out."""
        visitor.submit(button=("selectedIdp", alias or self.alias))
        assert visitor.moves_on
        visitor.move_on()

    def come_back(self, visitor: Visitor, claims: Mapping[str, Any], **how: Any) -> Visitor:
        """Approve with these claims and follow the way back."""
        assert visitor.left_for is not None
        visitor.open(self.stub.approve(visitor.left_for, claims, **how))
        return visitor

    def again(self, *, preset: str = "plain", **how: Any) -> Alias:
        """Register the stub once more, under another alias."""
        alias = self.providers.add(self.stub, preset=preset, **how)
        self.added.append(alias)
        return alias


@pytest.fixture(scope="session")
def providers(shared_database: str, secrets: Secrets) -> Providers:
    """Registers providers in the shared database."""
    return Providers(shared_database, secrets)


@pytest.fixture
def mitid(server: RunningServer, journeys: Journeys, providers: Providers) -> Iterator[MitId]:
    """A provider of this test's own, which nobody is offered afterwards."""

    def begin() -> Visitor:
        visitor, token = Visitor(server.base_url), new_token()
        visitor.client.cookies.set("unilogin_browser", token)
        visitor.open(journeys.begin(token))
        return visitor

    def anew(visitor: Visitor) -> None:
        visitor.open(journeys.begin(visitor.client.cookies["unilogin_browser"]))

    with stub_provider() as stub:
        alias = providers.add(stub)
        offered = MitId(stub, alias, providers, begin, anew, [alias])
        yield offered
        for known in offered.added:
            providers.switch(known, on=False)


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody with a CPR number."""

    who: Somebody
    cpr: str


@pytest.fixture(scope="module")
def parent(people: People) -> Known:
    """A member of staff whom MitID may name."""
    somebody = people.teacher()
    return Known(somebody, give_cpr(people, somebody))


def fetch(dsn: str, sql: str, *arguments: object) -> list[dict[str, Any]]:
    """Read rows."""

    async def read() -> list[dict[str, Any]]:
        connection = await connect(dsn)
        try:
            return [dict(row) for row in await connection.fetch(sql, *arguments)]
        finally:
            await connection.close()

    return run(read())


def sessions_of(dsn: str, known: Known) -> list[dict[str, Any]]:
    """The sessions somebody has, the newest last."""
    return fetch(
        dsn,
        "select session_id, method, level from sessions_session where account_id = $1 order by auth_time",
        known.who.account_id,
    )
