"""Who acts, and the row that is written about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from unilogin.domain.audit.events import Event

ActorKind = Literal["person", "operator", "source", "service", "system"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does it: a person (account id), an operator at the command line, a source system, a client, or the system."""

    kind: ActorKind
    id: str

    @classmethod
    def person(cls, account_id: UUID) -> "Actor":
        """Return the actor for somebody signed in."""
        return cls("person", str(account_id))


SYSTEM = Actor("system", "unilogin")


@dataclass(frozen=True, slots=True)
class Entry:
    """One row to be: never with a secret, a CPR number or a name in ``detail`` (K-30)."""

    event: Event
    actor: Actor
    account_id: UUID | None = None
    institution_id: UUID | None = None
    about: str | None = None
    outcome: str = "ok"
    request_id: str | None = None
    detail: Mapping[str, object] = field(default_factory=dict)
