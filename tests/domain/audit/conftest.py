"""A log of a test's own."""

import pytest

from tests.domain.audit.sealed_log import SealedLog
from unilogin.kit.secrets import Secrets


@pytest.fixture
def sealed_log(database: str, secrets: Secrets) -> SealedLog:
    return SealedLog(database, secrets)
