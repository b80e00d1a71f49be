"""A municipality with institutions and nobody in them, and a way to deliver rosters to it."""

import pytest

from tests.builders.running import run
from tests.roster.registry import Registry, open_registry
from unilogin.kit.secrets import Secrets


@pytest.fixture
def registry(database: str, secrets: Secrets) -> Registry:
    """Institutions 999001 and 999002 in a database of this test's own."""
    return run(open_registry(database, secrets))
