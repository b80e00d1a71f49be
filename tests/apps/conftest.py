"""Families in the shared database."""

import pytest

from tests.apps.households import Households
from tests.builders.people import People


@pytest.fixture(scope="session")
def households(shared_database: str, people: People) -> Households:
    """Changes families in the shared database."""
    return Households(shared_database, people)
