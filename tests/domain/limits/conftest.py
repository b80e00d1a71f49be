"""A throttle with a database of its own."""

from collections.abc import Iterator

import pytest

from tests.builders.running import run
from tests.builders.throttle import Throttle
from unilogin.kit.db.connection import open_pool


@pytest.fixture
def throttle(database: str) -> Iterator[Throttle]:
    """Counts that nobody else touches, and a clock that can be moved."""
    pool = run(open_pool(database, role=None, size=12))
    yield Throttle(pool)
    run(pool.close())
