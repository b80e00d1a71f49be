"""Two accounts made one and taken apart again, and services that want to be told."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import httpx
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.builders import correcting
from tests.builders.correcting import TESTS
from tests.builders.people import Somebody
from tests.builders.running import within
from tests.protocols.oidc.relying_party import RelyingParty
from unilogin.domain.identity.model import CorrectionId, Done, NotDone
from unilogin.domain.services.actions import want_events
from unilogin.domain.services.model import ClientId
from unilogin.kit.db.connection import Connection
from unilogin.kit.secrets import Secrets
from unilogin.protocols.oidc.events.actions import (
    claim_events,
    hand_out,
    note_failure,
    note_told,
    queue_events,
    settle,
)
from unilogin.protocols.oidc.events.model import Event, Poll

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Corrections:
    """Puts people right in the role that serves."""

    dsn: str
    secrets: Secrets

    def do(self, work: Callable[[Connection], Awaitable[Result]]) -> Result:
        """Do something in a transaction."""
        return within(self.dsn, work)

    def merge(self, kept: Somebody, other: Somebody) -> Done:
        return _done(correcting.merge(self.dsn, self.secrets, kept=kept, other=other))

    def take_back(self, correction_id: CorrectionId) -> Done:
        return _done(correcting.take_back(self.dsn, self.secrets, correction_id))

    def want(self, client_id: ClientId, push_uri: str | None) -> None:
        """Let a client be told, at an address or when it asks."""
        self.do(lambda tx: want_events(tx, client_id, wanted=True, push_uri=push_uri, actor=TESTS))

    def know(self, client_id: str, who: Somebody) -> str:
        """Let a service know somebody; return the subject."""
        return str(
            self.do(
                lambda tx: tx.fetchval(
                    "insert into services_pairwise (account_id, sector) values ($1, $2) returning subject::text",
                    who.account_id,
                    client_id,
                )
            )
        )

    def claim(self, client_id: ClientId) -> list[Event]:
        """What is to be pushed to a client now."""
        self.do(queue_events)
        return self.do(lambda tx: claim_events(tx, client_id))

    def hand_out(self, client_id: ClientId) -> tuple[list[Event], bool]:
        """What a client is given that asks, and whether there is more."""
        self.do(queue_events)
        return self.do(lambda tx: hand_out(tx, client_id, most=9))

    def settle(self, client_id: ClientId, *taken: Event, refused: str | None = None) -> None:
        """Let a client acknowledge events, or refuse them."""
        ids = tuple(event.event_id for event in taken)
        answer = Poll(0, (), tuple((one, refused) for one in ids)) if refused else Poll(0, ids, ())
        self.do(lambda tx: settle(tx, client_id, answer))

    def note(self, event: Event, *, told: bool) -> None:
        """Note what came of a push."""
        if told:
            self.do(lambda tx: note_told(tx, event, answer="202"))
        else:
            self.do(lambda tx: note_failure(tx, event, answer="timeout", pause_seconds=0))


def _done(outcome: Done | NotDone) -> Done:
    assert isinstance(outcome, Done), outcome
    return outcome


def said(party: RelyingParty, token: str) -> jwt.Token:
    """What a service was told, its signature checked against the published keys."""
    keys = KeySet.import_key_set(party.http.get(party.address("certs")).json())
    return jwt.decode(token, keys, algorithms=["RS256"])


def poll(party: RelyingParty, asked: object, *, secret: str | None = None) -> httpx.Response:
    """Fetch what there is, as the service's client."""
    auth = (party.client_id, secret or party.secret)
    return party.http.post(party.address("ext/events/poll"), json=asked, auth=auth)
