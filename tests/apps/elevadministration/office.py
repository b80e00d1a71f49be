"""Schools' offices for tests: an administrator at work, and what their school's system delivers."""

import io
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.apps.entering import csrf_of, enter
from tests.builders.people import People, Somebody
from tests.builders.running import connect, run
from tests.roster.documents import GROUPS, document, employee, member, person, student
from tests.server import RunningServer
from tests.visitor import Visitor
from unilogin.domain.access.actions import grant_right
from unilogin.domain.access.model import Right
from unilogin.domain.audit.model import Actor
from unilogin.roster.actions import import_file
from unilogin.roster.model import Receipt
from unilogin.roster.switching.actions import plan_switch

PATIENCE_SECONDS = 120
OTHER_CLASS = (
    "<Group><GroupId>3a</GroupId><GroupName>3.A</GroupName><GroupType>Hovedgruppe</GroupType>"
    "<GroupLevel>3</GroupLevel><Line>A</Line></Group>\n"
)


def pupils(count: int, *, first: int = 1, main: str = "2b", seed: int = 11) -> list[str]:
    """So many pupils of a class; the seed makes their numbers nobody else's."""
    return [
        member(
            f"e-{number}",
            person(f"{61 + number % 28:02}0516{seed:02}{number:02}", first=f"Elev{number}", family="Prøvesen"),
            student(main=main, level=main[0]),
        )
        for number in range(first, first + count)
    ]


@dataclass(frozen=True, slots=True)
class Office:
    """A school with an administrator, whose browser is signed in with two factors."""

    dsn: str
    people: People
    head: Somebody
    browser: Visitor

    @property
    def number(self) -> str:
        """The school's number."""
        return self.head.institution

    @property
    def url(self) -> str:
        """The front page of the school."""
        return f"/elevadministration/skole/{self.number.lower()}"

    def deliver(self, *members: str, groups: str = GROUPS + OTHER_CLASS, source: str = "Prøvesystem") -> Receipt:
        """Let the school's system send everybody, a moment later than the last time."""
        return run(self._deliver(document(*members, groups=groups, number=self.number, time=_next(), source=source)))

    async def _deliver(self, text: str) -> Receipt:
        connection = await connect(self.dsn)
        try:
            return await import_file(
                connection, io.BytesIO(text.encode()), secrets=self.people.secrets, actor=Actor("operator", "tests")
            )
        finally:
            await connection.close()

    def send(self, content: bytes, *, by: str) -> Receipt:
        """Let a registered system send something for the school that may be no file at all."""
        return run(self._send(content, actor=Actor("source", by)))

    async def _send(self, content: bytes, *, actor: Actor) -> Receipt:
        connection = await connect(self.dsn)
        try:
            return await import_file(
                connection, io.BytesIO(content), secrets=self.people.secrets, actor=actor, sent_for=self.number
            )
        finally:
            await connection.close()

    def plan_switch(self, *members: str, source: str = "Det Nye") -> object:
        """Lay a new system's first file beside today's people, as an operator does; return the id of the plan."""
        return run(self._plan_switch(document(*members, number=self.number, time=_next(), source=source)))

    async def _plan_switch(self, text: str) -> object:
        connection = await connect(self.dsn)
        try:
            return await plan_switch(
                connection,
                io.BytesIO(text.encode()),
                number=self.number,
                old_source="Prøvesystem",
                secrets=self.people.secrets,
                actor=Actor("operator", "tests"),
            )
        finally:
            await connection.close()

    def post(self, url: str, **fields: str) -> Visitor:
        """Post from the page that is open."""
        self.browser.post(url, {"csrf": csrf_of(self.browser)} | fields)
        return self.browser

    def order(self, receipt: Receipt, word: str) -> str:
        """Press a button of a delivery that a process carries out, and wait for its end; return what the page said.

        A page says that it is under way when the process takes longer than a page waits.
        """
        url, until = f"{self.url}/import/{receipt.delivery_id}", time.monotonic() + PATIENCE_SECONDS
        self.browser.open(url)
        told = str(self.post(f"{url}/{word}").page.text)
        waits = "select count(*) from roster_task where delivery_id = $1 and done_at is null"
        while self.value(waits, receipt.delivery_id):
            assert time.monotonic() < until, f"{word} is not done"
            time.sleep(0.1)  # waits for a condition, not for luck
        return told

    def value(self, sql: str, *arguments: object) -> object:
        """Ask something of the database."""
        return run(_value(self.dsn, sql, *arguments))


def open_office(server: RunningServer, people: People, *, institution: str | None = None) -> Office:
    """Let somebody sign in and become administrator of a school, a new one or one that is there."""
    head = people.teacher(institution=institution)
    browser = enter(server, head)
    run(let_administer(people.dsn, head))
    browser.open("/elevadministration/skoler")
    return Office(people.dsn, people, head, browser)


async def let_administer(dsn: str, somebody: Somebody) -> None:
    """Give somebody the right where they work, and let their sessions be as if they had come with two factors."""
    connection = await connect(dsn)
    try:
        async with connection.transaction():
            school = await connection.fetchval(
                "select institution_id from directory_institution where number = $1", somebody.institution
            )
            await grant_right(
                connection,
                Right.BRUGERADMINISTRATOR,
                account_id=somebody.account_id,
                institution_id=school,
                actor=Actor("operator", "tests"),
            )
            await connection.execute(
                "update sessions_session set level = 'ToFaktor' where account_id = $1", somebody.account_id
            )
    finally:
        await connection.close()


_moments = iter(range(1, 10_000))


def _next() -> str:
    """A time for a source, later than the ones before and not in the future."""
    return (datetime.now(UTC) - timedelta(hours=3) + timedelta(seconds=next(_moments))).isoformat(timespec="seconds")


async def _value(dsn: str, sql: str, *arguments: object) -> object:
    connection = await connect(dsn)
    try:
        return await connection.fetchval(sql, *arguments)
    finally:
        await connection.close()


__all__ = ["Office", "employee", "let_administer", "open_office", "pupils"]
