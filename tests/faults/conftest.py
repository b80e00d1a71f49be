"""One ground for all tests; after each everything is mended and every invariant checked, leaks after each file."""

import shutil
from collections.abc import Iterator

import pytest

from tests.faults.ground import Ground
from tests.postgres import folder_in_memory


@pytest.fixture(scope="session")
def whole_ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """Built once: in memory where there is room, with fsync on all the same."""
    memory = folder_in_memory()
    ground = Ground((memory or tmp_path_factory.mktemp("faults")) / "ground")
    yield ground
    ground.close()
    if memory is not None:
        shutil.rmtree(memory)


@pytest.fixture(scope="module")
def tight_ground(whole_ground: Ground) -> Iterator[Ground]:
    """The ground, of which nothing has leaked after all tests of a file: that takes reading every log and table."""
    yield whole_ground
    whole_ground.mend()
    whole_ground.check()


@pytest.fixture
def ground(tight_ground: Ground) -> Iterator[Ground]:
    """The ground, whole before the test and proved to be sound after it."""
    tight_ground.mend()
    yield tight_ground
    tight_ground.mend()
    tight_ground.check(leaks=False)
