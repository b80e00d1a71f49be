"""Two institutions, a system that may deliver for the first, and one that may deliver for none."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.builders.certificates import Holder, make_holder
from tests.builders.running import within
from tests.protocols.bpi.signing import System
from tests.server import RunningServer
from unilogin.domain.audit.model import Actor
from unilogin.domain.directory.actions import InstitutionDraft, save_institutions
from unilogin.domain.directory.model import InstitutionKind
from unilogin.kit.certificates import check_certificate
from unilogin.kit.db.connection import Connection
from unilogin.roster.senders import actions

OPERATOR = Actor("operator", "tests")
OURS, THEIRS = "WS0001", "WS0002"


@pytest.fixture(scope="session")
def holder() -> Holder:
    return make_holder("ABprove1")


@pytest.fixture(scope="session")
def stranger() -> Holder:
    return make_holder("ABandet2")


@pytest.fixture(scope="session")
def senders(shared_database: str, holder: Holder, stranger: Holder) -> str:
    """Register them; return the id of the first."""

    async def work(tx: Connection) -> None:
        drafts = [
            InstitutionDraft(number, f"Skole {number}", InstitutionKind.FOLKESKOLE, None, "899", True)
            for number in (OURS, THEIRS)
        ]
        await save_institutions(tx, drafts, actor=OPERATOR)
        for system_id, one in (("ABprove1", holder), ("ABandet2", stranger)):
            await actions.add_sender(tx, system_id, name=system_id, actor=OPERATOR)
            checked = check_certificate(one.pem, authorities=None, now=datetime.now(UTC))
            await actions.add_certificate(tx, system_id, certificate=checked, actor=OPERATOR)
        await actions.agree(tx, "ABprove1", number=OURS, actor=OPERATOR)

    within(shared_database, work)
    return "ABprove1"


@pytest.fixture
def system(server: RunningServer, senders: str, holder: Holder) -> System:
    """The system that may deliver for one institution."""
    return System(senders, holder, f"{server.base_url}/bpi/wsaimport/8")


@pytest.fixture
def other(server: RunningServer, senders: str, stranger: Holder) -> System:
    """The system that may deliver for none."""
    return System("ABandet2", stranger, f"{server.base_url}/bpi/wsaimport/8")


@pytest.fixture(scope="session")
def token(shared_database: str, senders: str) -> str:
    """A token of the first system for everything it may deliver for."""
    given = within(
        shared_database,
        lambda tx: actions.give_token(tx, senders, lasts=timedelta(days=1), numbers=(), actor=OPERATOR),
    )
    return given[1]
