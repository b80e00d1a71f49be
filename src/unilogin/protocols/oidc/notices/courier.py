"""The courier of logout tokens: what an ended session leaves to do is queued, carried and noted (``oidc.rounds``)."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

from unilogin.domain.services.model import ClientId
from unilogin.kit.db.connection import Connection
from unilogin.kit.outbound import OutboundError
from unilogin.protocols.oidc.notices import actions, queries
from unilogin.protocols.oidc.notices.model import Notice
from unilogin.protocols.oidc.notices.rules import TYP, is_told, logout_token
from unilogin.protocols.oidc.rounds import Rounds


@dataclass(slots=True)
class Courier(Rounds[Notice]):
    """Tells services that sessions have ended."""

    NAME: ClassVar[str] = "logout"

    async def queue(self, connection: Connection) -> None:
        await actions.queue_notices(connection)

    async def due(self, connection: Connection, *, but: Collection[ClientId]) -> list[ClientId]:
        return await queries.due_clients(connection, but=but)

    async def claim(self, connection: Connection, client_id: ClientId) -> list[Notice]:
        return await actions.claim_notices(connection, client_id)

    async def call(self, post: Notice) -> tuple[str, bool]:
        ring = await self.keyrings.ring()
        token_id = str(uuid.uuid4())  # each attempt is a token of its own: a service may have seen the last one
        token = ring.signing.sign(logout_token(post, issuer=self.issuer, token_id=token_id), typ=TYP)
        try:
            answer = await self.outbound.post_form(post.url, {"logout_token": token})
        except OutboundError as error:
            return error.reason, False
        return str(answer.status), is_told(answer.status)

    async def note_told(self, connection: Connection, post: Notice, *, answer: str) -> None:
        await actions.note_told(connection, post, answer=answer)

    async def note_failure(self, connection: Connection, post: Notice, *, answer: str, pause: float) -> bool:
        return await actions.note_failure(connection, post, answer=answer, pause_seconds=pause)

    async def put_back(self, connection: Connection, posts: list[Notice]) -> None:
        await actions.put_back(connection, posts)
