"""A service and its client as the rules see them, without a database."""

from uuid import UUID

from unilogin.domain.services.model import Client, ClientId, Level, Service, ServiceId

SERVICE = Service(
    ServiceId(UUID(int=1)),
    "Tjeneste",
    None,
    "Forlaget",
    "https://a.dk/",
    "a",
    frozenset(),
    frozenset(),
    Level.EN_FAKTOR,
    licence_required=False,
    missing_licence_url=None,
)


def client_at(uri: str, *, confidential: bool = True) -> Client:
    """A client of the service that is sent back to one address."""
    return Client(ClientId("a"), SERVICE, confidential, (uri,), (), (), pkce_required=True, secret_hashes=())
