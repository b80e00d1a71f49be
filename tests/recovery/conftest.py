"""Families, and a database's windows, for every test of getting back in."""

import pytest

from tests.builders.people import People
from tests.recovery.families import Families
from tests.recovery.inside_windows import Windows
from unilogin.kit.secrets import Secrets


@pytest.fixture(scope="session")
def families(people: People) -> Families:
    """Tells about families in the shared database."""
    return Families(people)


@pytest.fixture(scope="session")
def windows(shared_database: str) -> Windows:
    """Opens and reads windows in the shared database."""
    return Windows(shared_database)


@pytest.fixture
def own_people(database: str, secrets: Secrets) -> People:
    """Makes people in a database of this test's own."""
    return People(database, secrets)
