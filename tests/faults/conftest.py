"""One ground for all tests of a file; after each test everything is mended and every invariant checked."""

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


@pytest.fixture
def ground(whole_ground: Ground) -> Iterator[Ground]:
    """The ground, whole before the test and proved to be sound after it."""
    whole_ground.mend()
    yield whole_ground
    whole_ground.mend()
    whole_ground.check()
