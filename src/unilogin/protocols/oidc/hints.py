"""``id_token_hint``: an id token of ours that a service shows to say whom it means. An expired one is fine (B-O23)."""

from dataclasses import dataclass
from uuid import UUID

from unilogin.domain.services.model import ClientId
from unilogin.domain.sessions.model import SessionId
from unilogin.house import House
from unilogin.kit.jose import TokenRefusedError, verify
from unilogin.protocols.oidc.claims import ID_TOKEN


@dataclass(frozen=True, slots=True)
class Hint:
    """What one of our id tokens says: about whom, to which client, in which session."""

    subject: str
    client_id: ClientId
    session_id: SessionId


async def read_hint(house: House, token: str) -> Hint | None:
    """Return what an id token of ours says, or None for anything else: a hint opens nothing, so it is just ignored."""
    if not token:
        return None
    ring = await house.keyrings.ring()
    try:
        claims = verify(token, keys=list(ring.published))
        if claims["iss"] != house.issuer or claims["typ"] != ID_TOKEN:
            return None
        return Hint(str(claims["sub"]), ClientId(str(claims["aud"])), SessionId(UUID(str(claims["sid"]))))
    except (TokenRefusedError, KeyError, ValueError):
        return None
