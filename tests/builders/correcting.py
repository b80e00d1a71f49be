"""Making one account of two and taking that back, as an operator does."""

from tests.builders.people import Somebody
from tests.builders.running import within
from unilogin.domain.audit.model import Actor
from unilogin.domain.directory.model import Username
from unilogin.domain.identity import actions
from unilogin.domain.identity.model import CorrectionId, Done, NotDone
from unilogin.kit.secrets import Secrets

TESTS = Actor("operator", "tests")


def merge(
    dsn: str, secrets: Secrets, *, kept: Somebody, other: Somebody, number_of_other: bool | None = None
) -> Done | NotDone:
    """Let one account take over another one's."""
    return within(
        dsn,
        lambda tx: actions.merge(
            tx,
            kept=Username(kept.username),
            other=Username(other.username),
            two_numbers=False,
            vault=secrets.cpr_vault(),
            actor=TESTS,
            number_of_other=number_of_other,
        ),
    )


def take_back(dsn: str, secrets: Secrets, correction_id: CorrectionId) -> Done | NotDone:
    """Take a merge or a split back."""
    vault = secrets.cpr_vault()
    return within(dsn, lambda tx: actions.take_back(tx, correction_id, vault=vault, actor=TESTS))
