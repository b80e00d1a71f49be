"""A school's deliveries, one after the other, loaded over a wire that breaks.

The municipality's school is loaded again and again, each time with every first name changed, so that one name of
another delivery would show.
"""

import io
import re
from datetime import UTC, datetime, timedelta

import asyncpg

from tests.faults.ground import OPERATOR, Ground
from tests.faults.wire import Wire
from tests.house.source import PACKAGE
from unilogin.kit.db.connection import connect
from unilogin.roster.actions import import_file
from unilogin.roster.model import Receipt

SCHOOL = PACKAGE / "demo/municipality/999001.xml"
NAMES = (
    "select coalesce(array_agg(distinct substring(p.first_name from ' v([0-9]+)$')), '{}')"
    " from directory_membership m join directory_person p using (person_id) join directory_institution i"
    " using (institution_id) where i.number = '999001' and m.ended_at is null"
)
KEPT = "select count(*) from roster_delivery where status = 'applied'"


class Deliveries:
    """The school's file, a later and different one each time it is asked for."""

    def __init__(self) -> None:
        self._text = SCHOOL.read_text("utf-8")
        self.number = 0

    def next(self) -> bytes:
        self.number += 1
        text = re.sub(r"</FirstName>", f" v{self.number}</FirstName>", self._text)
        moment = datetime(2026, 8, 10, tzinfo=UTC) + timedelta(minutes=self.number)
        return re.sub(r'sourceDateTime="[^"]*"', f'sourceDateTime="{moment.isoformat()}"', text).encode()


async def first_delivery(ground: Ground) -> Deliveries:
    """Make the school and load its first delivery."""
    deliveries = Deliveries()
    await ground.cluster.execute(
        "insert into directory_institution (number, name, kind, public_law_body)"
        " values ('999001', 'Klitborg Skole', 'folkeskole', true) on conflict do nothing"
    )
    await ground.cluster.execute(  # every name changes each time, which would park them all
        "insert into roster_limit (institution_id, changed_percent) select institution_id, 100"
        " from directory_institution where number = '999001' on conflict do nothing"
    )
    assert (await load(ground, deliveries.next())).refusal is None
    return deliveries


async def load(ground: Ground, file: bytes, *, dsn: str | None = None) -> Receipt:
    connection = await connect(dsn or ground.cluster.dsn)
    try:
        return await import_file(connection, io.BytesIO(file), secrets=ground.secrets, actor=OPERATOR)
    finally:
        connection.terminate()


async def versions(ground: Ground) -> list[str]:
    """Which deliveries' names stand in the school."""
    async with ground.cluster.connection() as connection:
        return list(await connection.fetchval(NAMES))


async def applied(ground: Ground) -> int:
    async with ground.cluster.connection() as connection:
        return int(await connection.fetchval(KEPT))


async def broken_at(ground: Ground, file: bytes, *, statement: int, before: bool) -> bool:
    """Load a file over a wire that breaks at a statement; false when it has fewer."""
    wire = Wire(ground.cluster.socket)
    await wire.open()
    loss = wire.lose(r".", skip=statement, before=before)
    try:
        await load(ground, file, dsn=wire.dsn)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        return loss.is_done
    finally:
        await wire.close()
    return False


async def cut_off_and_repeated(ground: Ground, deliveries: Deliveries, *, statement: int, before: bool) -> bool:
    """One delivery cut off at a statement: the one before stands whole, or this one; the same file again completes."""
    standing, count = await versions(ground), await applied(ground)
    assert len(standing) == 1, standing
    file = deliveries.next()
    broke = await broken_at(ground, file, statement=statement, before=before)
    stands, arrived = await versions(ground), [str(deliveries.number)]
    assert stands in (standing, arrived), stands
    assert await applied(ground) - count == (stands == arrived)
    receipt = await load(ground, file)
    assert receipt.refusal is None
    assert receipt.repeated == (stands == arrived)
    assert await versions(ground) == arrived
    assert await applied(ground) == count + 1
    return broke
