"""The courier of security event tokens: pushed to clients that gave an address (RFC 8935)."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

from unilogin.domain.services.model import ClientId
from unilogin.kit.db.connection import Connection
from unilogin.kit.outbound import OutboundError
from unilogin.protocols.oidc.events import actions, queries
from unilogin.protocols.oidc.events.model import Event
from unilogin.protocols.oidc.events.rules import MEDIA_TYPE, TYP, event_token, is_delivered
from unilogin.protocols.oidc.rounds import Rounds


@dataclass(slots=True)
class EventCourier(Rounds[Event]):
    """Tells services that somebody's identifier has changed."""

    NAME: ClassVar[str] = "events"

    async def queue(self, connection: Connection) -> None:
        await actions.queue_events(connection)

    async def due(self, connection: Connection, *, but: Collection[ClientId]) -> list[ClientId]:
        return await queries.due_clients(connection, but=but)

    async def claim(self, connection: Connection, client_id: ClientId) -> list[Event]:
        return await actions.claim_events(connection, client_id)

    async def call(self, post: Event) -> tuple[str, bool]:
        ring = await self.keyrings.ring()
        token = ring.signing.sign(event_token(post, issuer=self.issuer), typ=TYP)
        try:
            answer = await self.outbound.post(post.url, token.encode(), media_type=MEDIA_TYPE)
        except OutboundError as error:
            return error.reason, False
        return str(answer.status), is_delivered(answer.status)

    async def note_told(self, connection: Connection, post: Event, *, answer: str) -> None:
        await actions.note_told(connection, post, answer=answer)

    async def note_failure(self, connection: Connection, post: Event, *, answer: str, pause: float) -> bool:
        return await actions.note_failure(connection, post, answer=answer, pause_seconds=pause)

    async def put_back(self, connection: Connection, posts: list[Event]) -> None:
        await actions.put_back(connection, posts)
