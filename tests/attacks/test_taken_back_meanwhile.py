"""A stolen key is taken back while the thief's file is being read: the file changes nothing (B-R01)."""

import asyncio
import io
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.builders.certificates import make_holder
from tests.builders.running import run
from tests.roster.documents import PUPIL, document
from tests.roster.registry import OPERATOR, Registry, open_registry
from unilogin.domain.directory.bulk import lock_institution
from unilogin.kit.certificates import check_certificate
from unilogin.kit.db.connection import Transaction, connect
from unilogin.kit.secrets import Secrets
from unilogin.roster.formats.unilogin_import import NAMESPACES
from unilogin.roster.senders import actions
from unilogin.roster.senders.delivering import deliver
from unilogin.roster.senders.errors import NotAgreedError
from unilogin.roster.senders.model import Proof, TokenId
from unilogin.roster.senders.queries import sender_of_system

SYSTEM = "ABstjaal1"
WAITS = "select count(*) from pg_locks where not granted and pg_backend_pid() = any (pg_blocking_pids(pid))"
Work = Callable[[Transaction], Awaitable[object]]


@pytest.fixture
def registry(database: str, secrets: Secrets) -> Registry:
    """Two institutions, and a system with an agreement for one of them."""
    return run(open_registry(database, secrets))


@pytest.fixture
def proofs(registry: Registry) -> dict[str, Proof]:
    """What the system proves itself with."""
    holder = make_holder(SYSTEM)
    checked = check_certificate(holder.pem, authorities=None, now=datetime.now(UTC))

    async def register(tx: Transaction) -> TokenId:
        await actions.add_sender(tx, SYSTEM, name="Stjålet", actor=OPERATOR)
        await actions.agree(tx, SYSTEM, number="999001", actor=OPERATOR)
        await actions.add_certificate(tx, SYSTEM, certificate=checked, actor=OPERATOR)
        given = await actions.give_token(tx, SYSTEM, lasts=timedelta(days=1), numbers=(), actor=OPERATOR)
        return given[0]

    return {
        "certificate": Proof(fingerprint=checked.fingerprint),
        "token": Proof(token_id=registry.act(register)),
        "operator": Proof(),
    }


def taking_back(proofs: dict[str, Proof]) -> dict[str, tuple[str, Work, str]]:
    """With what the file came, what is taken back meanwhile, and the statement that gives it back."""
    fingerprint, token_id = proofs["certificate"].fingerprint, proofs["token"].token_id
    assert fingerprint is not None
    assert token_id is not None
    return {
        "the agreement": (
            "operator",
            lambda tx: actions.end_agreement(tx, SYSTEM, number="999001", actor=OPERATOR),
            "update roster_agreement set ended_at = null",
        ),
        "the system": (
            "token",
            lambda tx: actions.stop_sender(tx, SYSTEM, actor=OPERATOR),
            "update roster_sender set stopped_at = null",
        ),
        "the certificate": (
            "certificate",
            lambda tx: actions.remove_certificate(tx, SYSTEM, fingerprint=fingerprint, actor=OPERATOR, revoked=True),
            "update roster_certificate set removed_at = null",
        ),
        "the token": (
            "token",
            lambda tx: actions.revoke_token(tx, SYSTEM, token_id=token_id, actor=OPERATOR),
            "update roster_token set revoked_at = null",
        ),
    }


async def _deliver_while(registry: Registry, proof: Proof, work: Work) -> None:
    """Let a delivery wait for its school, do something meanwhile, and let it go on."""
    here, there = [await connect(registry.dsn, role="unilogin_run") for _ in range(2)]
    try:
        sender = await sender_of_system(there, SYSTEM)
        assert sender is not None
        file = io.BytesIO(document(PUPIL).encode())
        async with here.transaction():
            where = await here.fetchval("select institution_id from directory_institution where number = $1", "999001")
            await lock_institution(here, where)
            loading = asyncio.create_task(
                deliver(there, file, sender=sender, secrets=registry.secrets, namespaces=NAMESPACES, proof=proof)
            )
            async with asyncio.timeout(120):
                while not await here.fetchval(WAITS) and not loading.done():
                    await asyncio.sleep(0.01)
            await work(here)
        await loading
    finally:
        await here.close()
        await there.close()


async def _nothing(tx: Transaction) -> None:
    """Take nothing back."""


def test_b_r01_what_is_taken_back_while_a_file_is_read_loads_nothing(
    registry: Registry, proofs: dict[str, Proof]
) -> None:
    for name, (by, work, give_back) in taking_back(proofs).items():
        with pytest.raises(NotAgreedError):
            run(_deliver_while(registry, proofs[by], work))
        assert registry.rows("select true from directory_membership") == [], name
        assert registry.rows("select true from roster_delivery") == [], name
        registry.execute(give_back)
    assert registry.audit("sender.refused") == len(taking_back(proofs)), "and it is written down"
    for proof in proofs.values():
        run(_deliver_while(registry, proof, _nothing))
    assert len(registry.rows("select true from directory_membership")) == 1
