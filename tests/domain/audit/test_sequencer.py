"""K-32: rows are sealed only when none can come before them any more, whatever order transactions commit in."""

import asyncio
import random

import asyncpg
import pytest

from tests.builders.running import run
from tests.domain.audit.sealed_log import PUPIL, SERVING, SealedLog
from unilogin.domain.audit.actions import write
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Entry
from unilogin.domain.audit.sealing import SealingError, seal
from unilogin.kit.db.connection import Connection, connect
from unilogin.kit.secrets import Secrets

ENTRY = Entry(Event.SIGNIN_FAILED, PUPIL)


async def sealed_upto(dsn: str, secrets: Secrets) -> int:
    connection = await connect(dsn, role=SERVING)
    try:
        async with connection.transaction():
            return (await seal(connection, secrets)).upto
    finally:
        await connection.close()


async def number_of(connection: Connection) -> int:
    await write(connection, ENTRY)
    number: int = await connection.fetchval("select currval('audit_event_sequence')")
    return number


def test_k_32_a_row_waits_for_an_older_neighbour_that_is_not_committed(sealed_log: SealedLog) -> None:
    async def scene() -> None:
        slow, quick = await connect(sealed_log.dsn), await connect(sealed_log.dsn)
        under_way = slow.transaction()
        await under_way.start()
        first = await number_of(slow)
        second = await number_of(quick)
        assert second > first
        assert await sealed_upto(sealed_log.dsn, sealed_log.secrets) < first
        await under_way.commit()
        await slow.close()
        await quick.close()

    run(scene())
    sealed_log.seal()
    verdict = sealed_log.verify()
    assert verdict.fault is None
    assert verdict.events == len(sealed_log.numbers())


def test_k_32_what_was_decided_before_is_sealed_although_somebody_new_is_under_way(sealed_log: SealedLog) -> None:
    """There is always some transaction open at eight o'clock; the chain must still go on."""

    async def scene() -> None:
        old, new = await connect(sealed_log.dsn), await connect(sealed_log.dsn)
        under_way = old.transaction()
        await under_way.start()
        number = await number_of(old)
        await sealed_upto(sealed_log.dsn, sealed_log.secrets)  # leaves its mark
        late = new.transaction()
        await late.start()
        await number_of(new)
        await under_way.commit()
        assert await sealed_upto(sealed_log.dsn, sealed_log.secrets) == number
        await late.commit()
        await old.close()
        await new.close()

    run(scene())


def test_k_32_numbers_of_rolled_back_transactions_are_no_fault(sealed_log: SealedLog) -> None:
    async def scene() -> None:
        connection = await connect(sealed_log.dsn, role=SERVING)
        for turn in range(20):
            transaction = connection.transaction()
            await transaction.start()
            await number_of(connection)
            await (transaction.rollback() if turn % 3 else transaction.commit())
        await connection.close()

    run(scene())
    sealed_log.seal()
    assert sealed_log.verify().fault is None
    numbers = sealed_log.numbers()
    assert len(numbers) < numbers[-1], "some numbers belong to no row"


def test_a_run_without_news_writes_nothing(sealed_log: SealedLog) -> None:
    sealed_log.write(3)
    sealed_log.seal()

    async def scene() -> None:
        connection = await connect(sealed_log.dsn, role=SERVING)
        async with connection.transaction():
            assert (await seal(connection, sealed_log.secrets)).events == 0
            assert await connection.fetchval("select pg_current_xact_id_if_assigned()::text") is None
        await connection.close()

    run(scene())


def test_a_transaction_that_has_written_cannot_seal(sealed_log: SealedLog) -> None:
    """Its id is too old to tell who was under way when it looked at the sequence."""

    async def scene() -> None:
        connection = await connect(sealed_log.dsn, role=SERVING)
        async with connection.transaction():
            await write(connection, ENTRY)
            with pytest.raises(SealingError):
                await seal(connection, sealed_log.secrets)
        await connection.close()

    run(scene())


def test_a_mark_restored_from_another_server_is_void(sealed_log: SealedLog) -> None:
    """Its transaction id means nothing here, and would seal numbers that are still to come."""
    sealed_log.tamper("insert into audit_mark (upto, xid) values (1000000, '3')")
    sealed_log.write(3)
    sealed_log.seal()
    assert sealed_log.look("select max(upto) as upto from audit_link")[0]["upto"] < 1000
    assert not sealed_log.look("select from audit_mark where upto = 1000000")


def test_sequencers_that_run_at_the_same_time_make_one_chain(sealed_log: SealedLog) -> None:
    """The lock on the job is only there to save work."""

    async def scene() -> None:
        runs = (sealed_upto(sealed_log.dsn, sealed_log.secrets) for _ in range(4))
        for outcome in await asyncio.gather(*runs, return_exceptions=True):
            assert isinstance(outcome, int | asyncpg.UniqueViolationError)

    for _ in range(5):
        sealed_log.write(5)
        run(scene())
    sealed_log.seal()
    verdict = sealed_log.verify()
    assert verdict.fault is None
    assert verdict.events == len(sealed_log.numbers())


@pytest.mark.parametrize("seed", range(3))
def test_k_32_nothing_is_lost_or_late_under_many_writers(sealed_log: SealedLog, seed: int) -> None:
    chance = random.Random(seed)

    async def writer() -> None:
        connection = await connect(sealed_log.dsn, role=SERVING)
        for _ in range(40):
            transaction = connection.transaction()
            await transaction.start()
            for _ in range(chance.randrange(1, 4)):
                await write(connection, ENTRY)
                await asyncio.sleep(chance.choice([0, 0, 0.001, 0.01]))
            await (transaction.rollback() if chance.random() < 0.2 else transaction.commit())
        await connection.close()

    async def sequencer(done: asyncio.Event) -> None:
        while not done.is_set():
            await sealed_upto(sealed_log.dsn, sealed_log.secrets)

    async def scene() -> None:
        done = asyncio.Event()
        sealing = asyncio.create_task(sequencer(done))
        await asyncio.gather(*(writer() for _ in range(8)))
        done.set()
        await sealing

    run(scene())
    sealed_log.seal()
    verdict = sealed_log.verify()
    assert verdict.fault is None
    assert verdict.events == len(sealed_log.numbers())
    assert verdict.links > 3
