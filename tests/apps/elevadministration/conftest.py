"""Offices in the shared database."""

import pytest

from tests.apps.elevadministration.office import Office, open_office
from tests.builders.people import People
from tests.server import RunningServer


@pytest.fixture(scope="module")
def office(server: RunningServer, people: People) -> Office:
    """A school of its own with an administrator, for the tests of one file."""
    return open_office(server, people)
