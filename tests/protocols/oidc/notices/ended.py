"""A database of a test's own with people, services that want to be told, and couriers to tell them."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import cast

import asyncpg
from joserfc import jwt
from joserfc.jwk import KeySet, KeySetSerialization

from tests.builders.clock import Clock
from tests.builders.people import People, Somebody
from tests.builders.receiver import Received, Receiver
from tests.builders.running import run
from tests.builders.services import Services
from unilogin.domain.audit.model import Actor
from unilogin.domain.directory.model import ActorGroup
from unilogin.domain.keys.model import Keyring
from unilogin.domain.keys.queries import keyring
from unilogin.domain.services.actions import INSERT_SUBJECT, Registered
from unilogin.domain.services.model import Level
from unilogin.domain.sessions.actions import INSERT_VISIT, end_session, open_session
from unilogin.domain.sessions.model import Device, Lifetime, SessionId, UsedDevice
from unilogin.house import REALM
from unilogin.kit.db.connection import Pool, open_pool, transaction
from unilogin.kit.secrets import Secrets
from unilogin.main import build_courier
from unilogin.protocols.oidc.notices.courier import Courier
from unilogin.settings import Settings

TESTS = Actor("operator", "tests")
BASE_URL = "http://localhost:8000"
ISSUER = BASE_URL + REALM


@dataclass(frozen=True, slots=True)
class Ground:
    """Where sessions end. ``pool`` works in the role that serves."""

    dsn: str
    secrets: Secrets
    pool: Pool
    people: People
    services: Services

    def service(self, receiver: Receiver) -> Registered:
        """Register a service that wants to be told at this address."""
        return self.services.add(backchannel_logout_uri=receiver.url)

    def session(self, somebody: Somebody, *visited: Registered, seconds: int = 3600) -> SessionId:
        """A session of somebody's, used for services."""
        return run(self._session(somebody, visited, seconds))

    async def _session(self, somebody: Somebody, visited: tuple[Registered, ...], seconds: int) -> SessionId:
        async with transaction(self.pool) as tx:
            opened = await open_session(
                tx,
                somebody.account_id,
                method="password",
                level=Level.EN_FAKTOR,
                lifetime=Lifetime(seconds, seconds),
                on=UsedDevice(Device.SHARED, "tests"),
                request_id=None,
            )
            for service in visited:
                await tx.execute(
                    f"{INSERT_SUBJECT} select $1, sector from services_service where service_id = $2"
                    " on conflict do nothing",
                    somebody.account_id,
                    service.service_id,
                )
                group = ActorGroup.ELEV.value
                await tx.execute(f"{INSERT_VISIT} values ($1, $2, $3)", opened.session_id, service.service_id, group)
        return opened.session_id

    def end(self, *sessions: SessionId) -> None:
        """End sessions, as their people do."""
        run(self._end(sessions))

    async def _end(self, sessions: tuple[SessionId, ...]) -> None:
        async with transaction(self.pool) as tx:
            for session_id in sessions:
                await end_session(tx, session_id, why="logout", actor=TESTS)

    def said(self, post: Received) -> jwt.Token:
        """What a service was told, its signature checked against the published keys."""

        async def read() -> Keyring:
            async with self.pool.acquire() as connection:
                return await keyring(connection, self.secrets)

        keys = KeySet.import_key_set(cast(KeySetSerialization, {"keys": list(run(read()).published)}))
        return jwt.decode(post.fields["logout_token"], keys, algorithms=["RS256"])

    def sids(self, taking: Receiver) -> list[str]:
        """The sessions a service was told of, in order."""
        return [str(self.said(post).claims["sid"]) for post in taking.received]

    def notices(self) -> list[asyncpg.Record]:
        """Every notice there is, in the order of its clients."""
        return run(
            self.pool.fetch(
                "select session_id, client_id, attempts, last_answer, told_at is not null as told,"
                " given_up_at is not null as given_up from oidc_logout_notice order by client_id, session_id"
            )
        )

    def change(self, sql: str, *arguments: object) -> None:
        """Change something as an operator would."""
        run(self.pool.execute(sql, *arguments))

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        run(Clock(self.dsn).move(seconds))

    @asynccontextmanager
    async def courier(self, *, base_url: str = BASE_URL) -> AsyncIterator[Courier]:
        """A courier that knows nothing but the database: as on another node, or after a restart."""
        courier = build_courier(Settings(base_url=base_url), pool=self.pool, secrets=self.secrets)
        try:
            yield courier
        finally:
            await courier.outbound.close()

    def deliver(self, *, base_url: str = BASE_URL) -> None:
        """Let a new courier see to everything that is due now."""

        async def work() -> None:
            async with self.courier(base_url=base_url) as courier:
                await courier.until_idle()

        run(work())


@contextmanager
def ground_on(dsn: str, secrets: Secrets) -> Iterator[Ground]:
    """Prepare the ground on a database."""
    pool = run(open_pool(dsn, size=4))
    try:
        yield Ground(dsn, secrets, pool, People(dsn, secrets), Services(dsn))
    finally:
        run(pool.close())
