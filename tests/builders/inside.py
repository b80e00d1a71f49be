"""The application in the test's own process: the same door, and one can count what happens behind it."""

from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field, replace

import asyncpg
import httpx
from pydantic import SecretStr
from starlette.types import ASGIApp

from tests.builders.running import run
from tests.visitor import Visitor
from unilogin.house import House
from unilogin.kit.db import connection as database
from unilogin.kit.secrets import Secrets
from unilogin.kit.web.peer import read_proxies
from unilogin.main import build_house, framed
from unilogin.settings import Settings

BASE_URL = "http://localhost:8000"


class InsideTransport(httpx.BaseTransport):
    """Carries requests to the application as if they came from an address."""

    def __init__(self, app: ASGIApp, address: str) -> None:
        self._transport = httpx.ASGITransport(app=app, client=(address, 40_000), raise_app_exceptions=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return run(self._carry(request))

    async def _carry(self, request: httpx.Request) -> httpx.Response:
        answer = await self._transport.handle_async_request(
            httpx.Request(request.method, request.url, headers=request.headers, content=request.read())
        )
        body = b"".join([part async for part in answer.stream])  # type: ignore[union-attr]  # an async stream, always
        return httpx.Response(answer.status_code, headers=answer.headers, content=body)


@dataclass(slots=True)
class Inside:
    """A running application, and the statements it has sent so far."""

    app: ASGIApp
    house: House
    statements: list[str] = field(default_factory=list)

    def visitor(self, address: str = "198.51.100.20") -> Visitor:
        """A browser at an address."""
        visitor = Visitor(BASE_URL)
        visitor.client = httpx.Client(
            base_url=BASE_URL, transport=InsideTransport(self.app, address), follow_redirects=False, timeout=60
        )
        return visitor

    @contextmanager
    def counting(self) -> Iterator["Count"]:
        """Count the statements and hashes of what is done in the block."""
        count, before = Count(), self.house.hasher.load.hashed
        self.statements.clear()
        yield count
        count.statements = tuple(self.statements)
        count.hashes = self.house.hasher.load.hashed - before


@dataclass(slots=True)
class Count:
    """What some work took."""

    statements: tuple[str, ...] = ()
    hashes: int = 0


@contextmanager
def inside(dsn: str, secrets: Secrets, *, proxies: tuple[str, ...] = ()) -> Iterator[Inside]:
    """Start the application on a database, in this process."""
    statements: list[str] = []
    pool = run(_counted_pool(dsn, statements))
    house = build_house(Settings(database_url=SecretStr(dsn), base_url=BASE_URL), pool=pool, secrets=secrets)
    house = replace(house, proxies=read_proxies(",".join(proxies)))
    try:
        yield Inside(framed(house), house, statements)
    finally:
        run(pool.close())
        run(house.upstreams.close())
        house.hasher.close()


async def _counted_pool(dsn: str, statements: list[str]) -> database.Pool:
    pool = await database.open_pool(dsn, size=8)
    connect = pool._connect  # most tests need two of the eight: what connects later is counted as well

    async def connect_counted() -> "asyncpg.Connection[asyncpg.Record]":
        connection = await connect()
        connection.add_query_logger(lambda record: _note(statements, record.query))
        return connection

    pool._connect = connect_counted
    async with AsyncExitStack() as held:
        for _ in range(pool.get_size()):
            connection = await held.enter_async_context(pool.acquire())
            connection.add_query_logger(lambda record: _note(statements, record.query))
    return pool


def _note(statements: list[str], statement: str) -> None:
    if not any(own in statement for own in ("typeinfo", "'jit'")):  # the driver's own, about types, once a connection
        statements.append(statement)
