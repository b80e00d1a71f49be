"""Everything that writes people, at once and for a while: nothing locks anything out, and nothing breaks (F-29)."""

import asyncio
import io
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from tests.builders.running import run
from tests.roster.documents import contact, document, employee, member, person, student
from tests.roster.registry import OPERATOR, Registry
from unilogin.domain.directory.model import Username
from unilogin.domain.identity.actions import merge, take_back
from unilogin.domain.identity.model import Done
from unilogin.kit.db.connection import Connection, connect
from unilogin.roster.actions import import_file
from unilogin.roster.cpr_cases import accept, dismiss, open_cases
from unilogin.roster.deciding import forget_parked
from unilogin.roster.expiring import end_old_imports, forget_people
from unilogin.roster.model import DeliveryId, DeliveryKind
from unilogin.roster.switching.retiring import retire_due
from unilogin.roster.undoing import forget_what_was, undo

Work = Callable[[Connection], Awaitable[object]]
LOOSE = (
    "insert into roster_limit (institution_id, removed_percent, removed_persons, changed_percent, changed_persons,"
    " smallest_whole) select institution_id, 60, 1000, 100, 1000, 1000 from directory_institution"
)


@dataclass(slots=True)
class Bustle:
    """Two institutions with four systems, and whatever happens to their people."""

    registry: Registry
    seconds: float
    chance: random.Random
    done: dict[str, int] = field(default_factory=dict)
    delivered: int = 0

    async def go(self) -> None:
        """Do everything at once."""
        works: dict[str, Work] = {
            **{f"{number} {source}": self._load(number, source) for number, source in SYSTEMS},
            "cases": self._decide,
            "merge": self._merge,
            "undo": self._undo,
            "end": self._end,
        }
        works |= {job.__name__: job for job in (retire_due, forget_people, forget_parked, forget_what_was)}
        ends = time.monotonic() + self.seconds
        async with asyncio.TaskGroup() as all_of_them:
            for name, work in works.items():
                all_of_them.create_task(self._again(name, work, ends=ends))

    async def _again(self, name: str, work: Work, *, ends: float) -> None:
        connection = await connect(self.registry.dsn, role="unilogin_run")
        try:
            while time.monotonic() < ends:
                if name[0].isdigit():  # a delivery opens its own
                    await work(connection)
                else:
                    async with connection.transaction():
                        await work(connection)
                self.done[name] = self.done.get(name, 0) + 1
        finally:
            await connection.close()

    def _load(self, number: str, source: str) -> Work:
        async def load(connection: Connection) -> None:
            self.delivered += 1
            kind = DeliveryKind.FULL if self.chance.random() < 0.7 else DeliveryKind.DELTA
            file = io.BytesIO(self._document(number, source).encode())
            await import_file(connection, file, secrets=self.registry.secrets, actor=OPERATOR, kind=kind)

        return load

    def _document(self, number: str, source: str) -> str:
        """Most of the same people as ever: some are missing, some have another name, number or parent."""
        pupils = [
            member(
                f"e-{one}",
                person(
                    _cpr(one, other=self.chance.random() < 0.05), first=f"Elev{one}", family=self._of("Prøve", "Ny")
                ),
                student(more=contact(person(_cpr(500 + one // 2), first="Mor", more=_mail(self.chance.randrange(5))))),
            )
            for one in range(40)
            if self.chance.random() < 0.94
        ]
        staff = [member(f"m-{one}", person(_cpr(one), first=f"Lærer{one}"), employee()) for one in range(40, 46)]
        time = datetime(2025, 8, 1, tzinfo=UTC) + timedelta(seconds=self.delivered)
        return document(*pupils, *staff, number=number, source=source, time=time.isoformat())

    def _of(self, often: str, seldom: str) -> str:
        return seldom if self.chance.random() < 0.1 else often

    async def _decide(self, tx: Connection) -> None:
        for case in (await open_cases(tx))[:1]:
            if self.chance.random() < 0.6:
                await accept(tx, case.case_id, secrets=self.registry.secrets, actor=OPERATOR)
            else:
                await dismiss(tx, case.case_id, actor=OPERATOR)

    async def _merge(self, tx: Connection) -> None:
        rows = await tx.fetch(
            "select username from directory_account where merged_into is null order by random() limit 2"
        )
        if len(rows) < 2:
            return
        kept, other = (Username(row["username"]) for row in rows)
        vault = self.registry.secrets.cpr_vault()
        made = await merge(tx, kept=kept, other=other, two_numbers=True, vault=vault, actor=OPERATOR)
        if isinstance(made, Done):
            await take_back(tx, made.correction_id, vault=vault, actor=OPERATOR)

    async def _undo(self, tx: Connection) -> None:
        found = await tx.fetchval(
            "select delivery_id from roster_delivery where status = 'applied' order by received_at desc limit 1"
        )
        if found:
            await undo(tx, DeliveryId(found), actor=OPERATOR)

    async def _end(self, tx: Connection) -> None:
        if self.chance.random() < 0.1:
            await tx.execute(
                "update roster_delivery set applied_at = applied_at - interval '366 days' where status = 'applied'"
                " and institution_id = (select institution_id from directory_institution order by random() limit 1)"
            )
        await end_old_imports(tx)


SYSTEMS = [(number, source) for number in ("999001", "999002") for source in ("Det Ene", "Det Andet")]


def _cpr(one: int, *, other: bool = False) -> str:
    return f"{61 + one % 28:02}{1 + one % 12:02}{10 + one % 7:02}{2000 + one * 3 + other:04}"


def _mail(one: int) -> str:
    return f"<EmailAddress>mor{one}@example.dk</EmailAddress>"


@pytest.mark.soak
def test_f_29_whoever_writes_people_locks_nobody_out(registry: Registry) -> None:
    registry.execute(LOOSE)
    bustle = Bustle(registry, 30, random.Random(7))
    run(bustle.go())
    assert min(bustle.done.values()) > 5, bustle.done
