"""Administrators are told of a refused delivery: once, however often a system sends the same broken file."""

import io
from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.builders.running import run
from tests.postgres import TestServer
from tests.roster.documents import document, member, person, student
from tests.roster.registry import OPERATOR, SOURCE, Registry, open_registry
from unilogin.domain.access.actions import grant_right
from unilogin.domain.access.model import Right
from unilogin.domain.directory.model import AccountId, InstitutionId
from unilogin.kit.db.connection import Transaction
from unilogin.kit.secrets import Secrets
from unilogin.roster.actions import import_file
from unilogin.roster.model import DeliveryStatus, Header
from unilogin.roster.senders.errors import NotAgreedError

PUPIL = member("e-1", person("6305142236", first="Rask"), student())


@pytest.fixture(scope="module")
def one_registry(postgres: TestServer, template: str, secrets: Secrets) -> Iterator[Registry]:
    """School 999001 with an administrator, who is a person of another system's."""
    registry = run(open_registry(postgres.create_database("told", template), secrets))
    registry.deliver(member("a-1", person("6105802234", first="Lone"), student()), source="Kontoret")
    registry.act(_appoint)
    yield registry
    postgres.drop_database("told")


async def _appoint(tx: Transaction) -> None:
    (row,) = await tx.fetch(
        "select a.account_id, m.institution_id from directory_membership m join directory_account a using (person_id)"
    )
    account, school = AccountId(row["account_id"]), InstitutionId(row["institution_id"])
    await grant_right(tx, Right.BRUGERADMINISTRATOR, account_id=account, institution_id=school, actor=OPERATOR)


def told(registry: Registry, source: str) -> int:
    """How many refused deliveries of a source somebody was told of."""
    (count,) = registry.row(
        "select count(*) from roster_told t join roster_delivery d using (delivery_id)"
        " where d.source = $1 and d.status = 'refused'",
        source,
    )
    return int(str(count))


def pass_by(registry: Registry, source: str, time: timedelta) -> None:
    """Let all that happened have happened so much longer ago."""
    told = "update roster_told t set told_at = told_at - $2::interval from roster_delivery d"
    registry.execute(f"{told} where d.delivery_id = t.delivery_id and d.source = $1", source, time)
    registry.execute(
        "update roster_delivery set received_at = received_at - $2::interval where source = $1", source, time
    )


class System:
    """A system that sends files, broken in one way or another, or good."""

    def __init__(self, registry: Registry, source: str) -> None:
        self.registry = registry
        self.source = source

    def refused(self, *, structure: bool = True) -> bool:
        """Send a broken file; tell whether somebody was told."""
        before = told(self.registry, self.source)
        text = document(PUPIL, source=self.source)
        text = text.replace("<Group>", "<Klasse/><Group>", 1) if structure else text.replace(PUPIL, "")
        assert self.registry.send(text).status is DeliveryStatus.REFUSED
        return told(self.registry, self.source) > before

    def loaded(self) -> None:
        assert self.registry.deliver(PUPIL, source=self.source).status is DeliveryStatus.APPLIED

    def later(self, **time: int) -> None:
        pass_by(self.registry, self.source, timedelta(**time))


def test_the_same_broken_file_every_ten_minutes_is_told_once_and_then_once_a_week(one_registry: Registry) -> None:
    system = System(one_registry, "Hvert tiende minut")
    assert system.refused()
    for _ in range(3):
        system.later(minutes=10)
        assert not system.refused()
    for _ in range(6):  # every night
        system.later(hours=24)
        assert not system.refused()
    system.later(hours=24)
    assert system.refused(), "it is still so"
    assert not system.refused()


def test_another_cause_and_one_that_comes_back_are_told(one_registry: Registry) -> None:
    system = System(one_registry, "Snart rigtig")
    assert system.refused()
    assert system.refused(structure=False)
    assert not system.refused()
    assert not system.refused(structure=False)
    system.later(hours=2)
    system.loaded()
    assert not system.refused(), "within a day"
    system.later(hours=25)
    system.loaded()
    assert system.refused()


def test_what_cannot_be_read_at_all_is_told_where_the_sender_said_for_whom_it_is(one_registry: Registry) -> None:
    for times in (1, 0):
        before = told(one_registry, "")
        receipt = one_registry.send("<UNILoginImport", sent_for="999001")
        assert (receipt.status, receipt.source) == (DeliveryStatus.REFUSED, "")
        assert told(one_registry, "") - before == times
    assert one_registry.send("<UNILoginImport").status is DeliveryStatus.REFUSED, "for nobody"


def test_b_r01_a_broken_file_for_a_school_without_an_agreement_stands_in_nobodys_history(
    one_registry: Registry,
) -> None:
    """Whom it is for is read as far as it goes; then it counts as said."""
    text = document(PUPIL, number="999002", source="Uden aftale").replace("<Group>", "<Klasse/><Group>", 1)

    def admit(header: Header) -> None:
        raise NotAgreedError(header.institution_number)

    with pytest.raises(NotAgreedError) as caught:
        one_registry.do(
            lambda connection: import_file(
                connection, io.BytesIO(text.encode()), secrets=one_registry.secrets, actor=SOURCE, admit=admit
            )
        )
    assert caught.value.number == "999002"
    assert one_registry.row("select count(*) from roster_delivery where source = 'Uden aftale'") == (0,)


def test_the_letter_is_one_notice(one_registry: Registry) -> None:
    System(one_registry, "Til brevet").refused()
    (kinds,) = one_registry.row("select array_agg(distinct kind) from notices_notice")
    assert "delivery_refused" in kinds  # type: ignore[operator]


def test_a_closed_school_is_told_nothing(registry: Registry) -> None:
    registry.deliver(member("a-1", person("6105802234", first="Lone"), student()), source="Kontoret")
    registry.act(_appoint)
    registry.execute("update directory_institution set active = false")
    assert registry.deliver(PUPIL).refusal == "institution_closed"
    assert registry.row("select count(*) from roster_told") == (0,)
