"""Classes in the shared database."""

import pytest

from tests.apps.elevadgang.classroom import Classroom
from tests.apps.households import Households


@pytest.fixture(scope="session")
def classroom(households: Households) -> Classroom:
    """Makes classes in the shared database."""
    return Classroom(households)
