"""What every test can ask for: a PostgreSQL of the run's own, a database, a running server, people in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.browser.fixtures import chromium, open_page  # noqa: F401 - fixtures for every folder
from tests.builders import running
from tests.builders.journeys import Journeys
from tests.builders.people import People
from tests.builders.running import run
from tests.builders.services import Services
from tests.postgres import TestServer, start_test_server
from tests.schedule import in_order, pytest_xdist_make_scheduler  # noqa: F401 - a hook
from tests.server import RunningServer, start_server
from unilogin.domain.audit.model import Actor
from unilogin.domain.keys.actions import ensure_key
from unilogin.kit.db.connection import connect
from unilogin.kit.db.migrate import migrate
from unilogin.kit.secrets import Secrets, create_secrets_file, load_secrets

OPERATOR = Actor("operator", "tests")

# The same examples in each run, however slow the machine; --hypothesis-profile=default looks for others.
settings.register_profile("the same", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("the same")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    in_order(items)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestServer]:
    server = start_test_server(tmp_path_factory.mktemp("postgres"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def secrets_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("secrets") / "secrets.toml"
    create_secrets_file(path)
    return path


@pytest.fixture(scope="session")
def secrets(secrets_file: Path) -> Secrets:
    return load_secrets(secrets_file)


@pytest.fixture(scope="session")
def template(postgres: TestServer, secrets: Secrets) -> str:
    """The name of a migrated database with a signing key and nobody in it."""
    dsn = postgres.create_database("template_unilogin")
    run(_prepare(dsn, secrets))
    return "template_unilogin"


async def _prepare(dsn: str, secrets: Secrets) -> None:
    await migrate(dsn)
    connection = await connect(dsn)
    async with connection.transaction():
        await ensure_key(connection, secrets, actor=OPERATOR)
    await connection.close()


@pytest.fixture
def database(postgres: TestServer, template: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The dsn of a database of this test's own."""
    name = f"t{abs(hash(request.node.nodeid)):x}"
    yield postgres.create_database(name, template)
    postgres.drop_database(name)


@pytest.fixture(scope="session")
def shared_database(postgres: TestServer, template: str) -> str:
    """The dsn of the database behind ``server``: tests make their own people in it and leave the others alone."""
    return postgres.create_database("shared", template)


@pytest.fixture(scope="session")
def revocation_lists(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder where the server looks for certificates that were taken back."""
    return tmp_path_factory.mktemp("revoked")


@pytest.fixture(scope="session")
def server(shared_database: str, secrets_file: Path, revocation_lists: Path) -> Iterator[RunningServer]:
    """A real server, one worker, for all tests that need no database of their own."""
    running = start_server(shared_database, secrets_file, extra={"UNILOGIN_REVOCATION_LISTS": str(revocation_lists)})
    yield running
    running.stop()


@pytest.fixture(scope="session")
def people(shared_database: str, secrets: Secrets) -> People:
    """Makes people in the shared database."""
    return People(shared_database, secrets)


@pytest.fixture(scope="session")
def services(shared_database: str) -> Services:
    """Registers services in the shared database."""
    return Services(shared_database)


@pytest.fixture(scope="session")
def journeys(shared_database: str) -> Journeys:
    """Begins journeys in the shared database."""
    return Journeys.to_some_service(shared_database)


@pytest.fixture(autouse=True)
def _forgiven(request: pytest.FixtureRequest) -> None:
    """Forget what the tests before guessed wrong: on the shared server they all come from one address."""
    if "server" in request.fixturenames:
        run(_forgive(request.getfixturevalue("shared_database")))


async def _forgive(dsn: str) -> None:
    connection = await running.connect(dsn)
    tables = ("limits_net", "limits_site", "limits_device", "limits_spray", "limits_client")
    await connection.execute(";".join(f"delete from {table}" for table in tables))
    await connection.close()
