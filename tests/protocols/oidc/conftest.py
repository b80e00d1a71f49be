"""A service, somebody who signs in to it, and a way to move time for one code or token."""

from collections.abc import Iterator

import httpx
import pytest

from tests.builders.people import People, Somebody
from tests.builders.services import Services
from tests.protocols.oidc.database import Database
from tests.protocols.oidc.relying_party import RelyingParty
from tests.server import RunningServer


@pytest.fixture(scope="session")
def http() -> Iterator[httpx.Client]:
    """What services call the server with: no cookies, no browser."""
    with httpx.Client(timeout=60) as client:
        yield client


@pytest.fixture(scope="session")
def database_behind(shared_database: str) -> Database:
    """The database behind the shared server."""
    return Database(shared_database)


@pytest.fixture(scope="session")
def service(server: RunningServer, services: Services, http: httpx.Client) -> RelyingParty:
    """A confidential client of a service that gets everything a service can get."""
    return RelyingParty(server, services.add(), http)


@pytest.fixture(scope="session")
def other_service(server: RunningServer, services: Services, http: httpx.Client) -> RelyingParty:
    """Another service altogether."""
    return RelyingParty(server, services.add(), http)


@pytest.fixture(scope="session")
def native_service(server: RunningServer, services: Services, http: httpx.Client) -> RelyingParty:
    """A public client: an app on a device, with a loopback address."""
    return RelyingParty(server, services.add(confidential=False), http)


@pytest.fixture(scope="session")
def pupil(people: People) -> Somebody:
    return people.pupil()
