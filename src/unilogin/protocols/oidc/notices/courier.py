"""The courier: carries logout tokens to services, for as long as the server runs.

One on each node, beside the workers. Every second it queues what ended sessions have left to do, and sees to the
clients that have something due: one task for each, one call at a time, claim – release – call – note. A client that
fails is left alone for a while, longer each time, so that all others are told at once whatever one of them does (F-26).
"""

import asyncio
import random
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from unilogin.domain.keys.cache import KeyringCache
from unilogin.domain.services.model import ClientId
from unilogin.kit.db.connection import Connection, Pool, acquire
from unilogin.kit.logs import log
from unilogin.kit.outbound import TOTAL_SECONDS, Outbound, OutboundError
from unilogin.protocols.oidc.notices import actions, queries
from unilogin.protocols.oidc.notices.model import Notice
from unilogin.protocols.oidc.notices.rules import TYP, is_told, logout_token, pause_seconds, rest_seconds

CLIENTS_AT_ONCE = 16
LOOK_SECONDS = 1.0

_log = log("logout")


@dataclass(slots=True)
class _Rest:
    """A client that failed: how many times in a row, and until when it is left alone (this process's clock)."""

    failures: int = 0
    until: float = 0.0


@dataclass(slots=True)
class Courier:
    """Tells services. What it knows besides the database is only whom to leave alone for the moment."""

    pool: Pool
    keyrings: KeyringCache
    issuer: str
    outbound: Outbound
    _busy: dict[ClientId, "asyncio.Task[None]"] = field(default_factory=dict)
    _resting: dict[ClientId, _Rest] = field(default_factory=dict)

    async def work(self, *, stopping: Callable[[], bool]) -> None:
        """Work until told to stop; then finish the calls that are under way."""
        while not stopping():
            try:
                await self.look()
            except Exception as error:  # no database, no key: there will be another second
                _log.warning("look_failed", error=type(error).__name__)
            await asyncio.sleep(LOOK_SECONDS)
        if self._busy:
            await asyncio.wait(self._busy.values(), timeout=TOTAL_SECONDS)

    async def look(self) -> None:
        """Queue what is new, and begin to see to clients that have something due."""
        async with acquire(self.pool) as connection:
            await actions.queue_notices(connection)
            due = await queries.due_clients(connection, but={*self._busy, *self._left_alone()})
        for client_id in due[: CLIENTS_AT_ONCE - len(self._busy)]:
            self._busy[client_id] = asyncio.create_task(self._see_to(client_id))

    async def until_idle(self) -> None:
        """Look once, and wait until every client that had something due was seen to."""
        await self.look()
        while self._busy:
            await asyncio.wait(list(self._busy.values()))

    def _left_alone(self) -> list[ClientId]:
        now = time.monotonic()
        return [client_id for client_id, rest in self._resting.items() if now < rest.until]

    async def _see_to(self, client_id: ClientId) -> None:
        """Tell one client all that is due, until it fails."""
        try:
            while notices := await self._claim(client_id):
                if not await self._carry(notices):
                    return
        except Exception as error:  # what was claimed is free again when its lease is over
            _log.warning("interrupted", client_id=client_id, error=type(error).__name__)
        finally:
            del self._busy[client_id]

    async def _claim(self, client_id: ClientId) -> list[Notice]:
        async with acquire(self.pool) as connection:
            return await actions.claim_notices(connection, client_id)

    async def _carry(self, notices: list[Notice]) -> bool:
        """Deliver in order; return False when the client failed, with what is left put back."""
        for position, notice in enumerate(notices):
            answer, told = await self._call(notice)
            async with acquire(self.pool) as connection:
                if told:
                    await actions.note_told(connection, notice, answer=answer)
                    self._resting.pop(notice.client_id, None)
                    continue
                await self._note_failure(connection, notice, answer=answer)
                if rest := notices[position + 1 :]:
                    await actions.put_back(connection, rest)
                return False
        return True

    async def _call(self, notice: Notice) -> tuple[str, bool]:
        """Call the client, with no database connection in hand; return what came and whether it is told."""
        ring = await self.keyrings.ring()
        token_id = str(uuid.uuid4())  # each attempt is a token of its own: a service may have seen the last one
        token = ring.signing.sign(logout_token(notice, issuer=self.issuer, token_id=token_id), typ=TYP)
        try:
            answer = await self.outbound.post_form(notice.url, {"logout_token": token})
        except OutboundError as error:
            return error.reason, False
        return str(answer.status), is_told(answer.status)

    async def _note_failure(self, connection: Connection, notice: Notice, *, answer: str) -> None:
        rest = self._resting.setdefault(notice.client_id, _Rest())
        rest.failures += 1
        rest.until = time.monotonic() + rest_seconds(rest.failures)
        pause = pause_seconds(notice.attempts) * random.uniform(0.8, 1.2)  # noqa: S311 - to fall out of step
        if await actions.note_failure(connection, notice, answer=answer, pause_seconds=pause):
            _log.warning("given_up", client_id=notice.client_id, answer=answer)
        else:
            _log.info("not_told", client_id=notice.client_id, answer=answer, attempts=notice.attempts)
