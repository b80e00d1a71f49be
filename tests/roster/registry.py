"""Delivers rosters and looks at what they did, in the role that serves."""

import io
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

import asyncpg

from tests.builders.running import connect, run
from tests.roster.documents import document
from unilogin.domain.audit.model import Actor
from unilogin.domain.directory.actions import InstitutionDraft, save_institutions
from unilogin.domain.directory.bulk_undo import Undone
from unilogin.domain.directory.model import InstitutionKind
from unilogin.kit.db.connection import Connection, Transaction
from unilogin.kit.secrets import Secrets
from unilogin.roster.actions import import_file
from unilogin.roster.deciding import Decided, Decision, decide
from unilogin.roster.model import DeliveryKind, Receipt
from unilogin.roster.undoing import UndoRefused, undo

Result = TypeVar("Result")
SOURCE = Actor("source", "Prøvesystem")
OPERATOR = Actor("operator", "tests")
NUMBERS = ("999001", "999002")


@dataclass(frozen=True, slots=True)
class Registry:
    """One database with institutions."""

    dsn: str
    secrets: Secrets
    _hours: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def deliver(
        self,
        *members: str,
        number: str = "999001",
        source: str = "Prøvesystem",
        groups: str | None = None,
        kind: DeliveryKind = DeliveryKind.FULL,
    ) -> Receipt:
        """Deliver a document that is later than all before."""
        hour = next(self._hours)
        time = f"2025-08-{1 + hour // 24:02}T{hour % 24:02}:00:00Z"
        given = {} if groups is None else {"groups": groups}
        return self.send(document(*members, number=number, source=source, time=time, **given), kind=kind)

    def send(
        self,
        text: str | bytes,
        progress: Callable[[int], None] = lambda place: None,
        *,
        kind: DeliveryKind = DeliveryKind.FULL,
        sent_for: str | None = None,
    ) -> Receipt:
        """Deliver a document as it is."""
        data = io.BytesIO(text if isinstance(text, bytes) else text.encode())
        return self.do(
            lambda connection: import_file(
                connection, data, secrets=self.secrets, actor=SOURCE, progress=progress, kind=kind, sent_for=sent_for
            )
        )

    def decide(self, receipt: Receipt, decision: Decision, *, who: str) -> Decided | None:
        """Let somebody say a word about a parked delivery."""
        actor = Actor("operator", who)
        return self.do(
            lambda connection: decide(connection, receipt.delivery_id, decision, actor=actor, secrets=self.secrets)
        )

    def undo(self, receipt: Receipt) -> Undone | UndoRefused:
        """Take a delivery back."""
        return self.act(lambda tx: undo(tx, receipt.delivery_id, actor=OPERATOR))

    def do(self, work: Callable[[Connection], Awaitable[Result]]) -> Result:
        """Do something on a connection of the role that serves."""
        return run(self._do(work))

    def act(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        """Do something in a transaction of the role that serves."""

        async def in_transaction(connection: Connection) -> Result:
            async with connection.transaction():
                return await work(connection)

        return run(self._do(in_transaction))

    async def _do(self, work: Callable[[Connection], Awaitable[Result]]) -> Result:
        connection = await connect(self.dsn, role="unilogin_run")
        try:
            return await work(connection)
        finally:
            await connection.close()

    def rows(self, sql: str, *arguments: object) -> list[tuple[object, ...]]:
        """Look at the tables."""
        return [tuple(row.values()) for row in run(self._fetch(sql, *arguments))]

    def row(self, sql: str, *arguments: object) -> tuple[object, ...]:
        """Look at one row, which must be the only one."""
        (only,) = self.rows(sql, *arguments)
        return only

    def execute(self, sql: str, *arguments: object) -> None:
        """Change something behind the back of the program."""
        run(self._fetch(sql, *arguments))

    async def _fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        connection = await connect(self.dsn)
        try:
            return await connection.fetch(sql, *arguments)
        finally:
            await connection.close()

    def execute_all(self, script: str) -> None:
        """Run several statements."""
        run(self._execute_all(script))

    async def _execute_all(self, script: str) -> None:
        connection = await connect(self.dsn)
        try:
            await connection.execute(script)
        finally:
            await connection.close()

    def contents(self) -> str:
        """Everything the database holds about people, as text; two equal ones mean that nothing changed."""
        return "\n".join(
            str(row)
            for table in (*PEOPLE, "audit_event", "roster_delivery", "roster_finding")
            for row in sorted(map(str, self.rows(f"select t::text from {table} t")))
        )

    def people(self) -> str:
        """The same without deliveries and audit."""
        return "\n".join(
            row for table in PEOPLE for row in sorted(str(row) for row in self.rows(f"select t::text from {table} t"))
        )

    def audit(self, action: str) -> int:
        """How many rows of one kind the log has."""
        (count,) = self.row("select count(*) from audit_event where action = $1", action)
        return int(str(count))


PEOPLE = (
    "directory_person",
    "directory_username",
    "directory_account",
    "directory_membership",
    "directory_group",
    "directory_group_member",
    "directory_contact",
)


async def open_registry(dsn: str, secrets: Secrets) -> Registry:
    """Register the institutions."""
    connection = await connect(dsn)
    async with connection.transaction():
        drafts = [
            InstitutionDraft(number, f"Skole {number}", InstitutionKind.FOLKESKOLE, None, "899", True)
            for number in NUMBERS
        ]
        await save_institutions(connection, drafts, actor=OPERATOR)
    await connection.close()
    return Registry(dsn, secrets)
