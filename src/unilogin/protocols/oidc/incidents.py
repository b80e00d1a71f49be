"""What was wrong with a request that could not be answered to its service: kept for the developer, by an id."""

from unilogin.domain.services.actions import note_incident
from unilogin.domain.services.model import Incident
from unilogin.house import House
from unilogin.kit.db.connection import acquire
from unilogin.kit.ids import new_incident_id
from unilogin.protocols.oidc.errors import LocalError
from unilogin.protocols.oidc.request import holds_cpr

MAX_TOLD_CHARACTERS = 512


async def note(house: House, error: LocalError) -> str:
    """Keep it and return the id the person is shown and the developer asks with."""
    incident_id = new_incident_id()
    detail: dict[str, object] = {"explanation": error.description, "sent": as_told(error.sent)}
    if error.registered:
        detail["registered"] = list(error.registered)
    async with acquire(house.pool) as connection:
        await note_incident(connection, Incident(incident_id, error.client_id, error.code, detail))
    return incident_id


def as_told(sent: str) -> str:
    """Return what was sent as it may be kept: visible, short, and never with what looks like a CPR number."""
    visible = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in sent)
    return "(held what looks like a CPR number)" if holds_cpr(sent) else visible[:MAX_TOLD_CHARACTERS]
