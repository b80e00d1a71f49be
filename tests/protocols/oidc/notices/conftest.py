"""Two services that want to be told, and somebody who uses them."""

from collections.abc import Iterator

import pytest

from tests.builders.people import Somebody
from tests.builders.receiver import Receiver, receiver
from tests.protocols.oidc.notices.ended import Ground, ground_on
from unilogin.domain.services.actions import Registered
from unilogin.kit.secrets import Secrets


@pytest.fixture
def ground(database: str, secrets: Secrets) -> Iterator[Ground]:
    with ground_on(database, secrets) as prepared:
        yield prepared


@pytest.fixture
def here() -> Iterator[Receiver]:
    with receiver() as taking:
        yield taking


@pytest.fixture
def there() -> Iterator[Receiver]:
    with receiver() as taking:
        yield taking


@pytest.fixture
def service(ground: Ground, here: Receiver) -> Registered:
    return ground.service(here)


@pytest.fixture
def pupil(ground: Ground) -> Somebody:
    return ground.people.pupil(secret=None)
