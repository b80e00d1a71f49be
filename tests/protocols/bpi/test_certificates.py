"""A system's certificates: one after the other without a break, taken back by its authority, near their end."""

import itertools
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.builders.certificates import Holder, make_holder, make_list
from tests.builders.running import within
from tests.protocols.bpi.conftest import OPERATOR, OURS
from tests.protocols.bpi.signing import System, hello, roster
from tests.server import RunningServer
from unilogin.kit.certificates import check_certificate
from unilogin.kit.db.connection import Connection
from unilogin.roster.senders import actions
from unilogin.roster.senders.queries import ending_soon

_numbers = itertools.count(6)


@pytest.fixture(scope="module")
def authority() -> Holder:
    return make_holder("Udsteder af systemcertifikater", authority=True, days=(-1, 900))


@pytest.fixture
def systems(server: RunningServer, shared_database: str, senders: str, authority: Holder) -> list[System]:
    """A system of the test's own with two certificates of that authority: one for ten days yet, one for a year."""
    system_id = f"ABskift{next(_numbers)}"
    holders = [make_holder(system_id, issuer=authority, days=(-1, days)) for days in (10, 365)]

    async def work(tx: Connection) -> None:
        await actions.add_sender(tx, system_id, name=system_id, actor=OPERATOR)
        await actions.agree(tx, system_id, number=OURS, actor=OPERATOR)

    within(shared_database, work)
    made = [System(system_id, one, f"{server.base_url}/bpi/wsaimport/8") for one in holders]
    within(shared_database, lambda tx: add(tx, made[0], authority))
    return made


async def add(tx: Connection, system: System, authority: Holder) -> None:
    checked = check_certificate(system.holder.pem, authorities=authority.pem, now=datetime.now(UTC))
    await actions.add_certificate(tx, system.system_id, certificate=checked, actor=OPERATOR)


def test_the_end_is_told_in_time_and_two_hold_while_one_follows_the_other(
    systems: list[System], shared_database: str, authority: Holder
) -> None:
    old, new = systems

    def ending() -> list[str]:
        return [one.what for one in within(shared_database, ending_soon) if one.system_id == old.system_id]

    answer = old.deliver(roster(OURS, "7103052261", source="certifikater"))
    (warning,) = json.loads(answer.text("//tns:kvittering"))["warnings"]
    until = f"{old.holder.certificate.not_valid_after_utc:%Y-%m-%d}"
    assert (warning["code"], warning["until"][:10], until in warning["words"]["en"]) == (
        "certificate_ends",
        until,
        True,
    )
    assert f"Jeres certifikat udløber {until}" in answer.text("//tns:restekst")
    assert (ending(), new.call(hello()).fault) == (["certificate"], "Signatur")
    within(shared_database, lambda tx: add(tx, new, authority))
    assert (ending(), old.call(hello()).status, new.call(hello()).status) == ([], 200, 200)
    answer = new.deliver(roster(OURS, "7103052261", source="certifikater"))
    assert json.loads(answer.text("//tns:kvittering"))["warnings"] == []


def test_what_its_authority_has_taken_back_is_believed_no_more_and_never_again(
    systems: list[System], shared_database: str, authority: Holder, revocation_lists: Path
) -> None:
    old, new = systems
    within(shared_database, lambda tx: add(tx, new, authority))
    named = revocation_lists / "udsteder.crl"
    named.write_bytes(make_list(authority))
    assert (old.call(hello()).status, new.call(hello()).status) == (200, 200)
    named.write_bytes(make_list(authority, old.holder))
    answer = old.call(hello())
    assert (answer.status, answer.fault) == (400, "Signatur")
    assert "taken back" in answer.text("//soap:Text[@xml:lang='en']")
    assert new.call(hello()).status == 200, "the other one holds"
    named.unlink()
    assert old.call(hello()).fault == "Signatur", "a list that is gone brings nobody back"
    removed = "select detail ->> 'revoked' from audit_event where action = 'sender.certificate_removed' and object = $1"
    assert [row[0] for row in within(shared_database, lambda tx: tx.fetch(removed, old.system_id))] == ["true"]
