"""A school with a teacher, children and parents, a mail server, and couriers that know no more than the database."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.builders.clock import Clock
from tests.builders.mailbox import Mailbox, mailbox
from tests.builders.people import People, Somebody
from tests.builders.running import run
from unilogin.domain.notices.actions import tell
from unilogin.domain.notices.courier import Courier
from unilogin.domain.notices.model import Addresses, Notice
from unilogin.kit.db.connection import Pool, open_pool, transaction
from unilogin.kit.mail import MailServer
from unilogin.kit.secrets import Secrets
from unilogin.kit.text import load_texts

ADDRESSES = Addresses("https://login.klitborg.example", "https://login.klitborg.example/mit", "login.klitborg.example")
_texts = load_texts()


@dataclass(eq=False)
class Ground:
    """A database with people in it, and what one does there."""

    dsn: str
    people: People
    box: Mailbox
    pool: Pool
    """In the role that serves."""
    owner: Pool

    def teacher(self, address: str | None = "lone@skole.example") -> Somebody:
        return self._born(self.people.teacher(secret=None), "Lone", address, years=40)

    def child(self, *, years: int | None = 8, level: str = "2", address: str | None = None) -> Somebody:
        return self._born(self.people.pupil(level=level, secret=None), "Bo", address, years=years)

    def parent_of(self, child: Somebody, address: str | None) -> Somebody:
        parent = self._born(self.people.teacher(secret=None), "Mor", address, years=40)
        self.people.make_parent_of(parent, child)
        return parent

    def _born(self, somebody: Somebody, name: str, address: str | None, *, years: int | None) -> Somebody:
        self.change(
            "update directory_person set first_name = $2, email = $3,"
            " birth_date = kit_now()::date - $4::int * interval '1 year' - interval '1 day' where person_id = $1",
            somebody.person_id,
            name,
            address,
            years,
        )
        return somebody

    def change(self, sql: str, *arguments: object) -> None:
        """Change something as schools' files and operators do."""
        run(self.owner.execute(sql, *arguments))

    def tell(self, somebody: Somebody, notice: Notice = Notice.PASSWORD_BY_SELF) -> None:
        async def work() -> None:
            async with transaction(self.pool) as tx:
                await tell(tx, somebody.account_id, notice)

        run(work())

    def wait(self, seconds: float) -> None:
        run(Clock(self.dsn).move(seconds))

    def courier(self, *, server: bool = True) -> Courier:
        to = MailServer("localhost", self.box.port, "none", "unilogin@klitborg.example") if server else None
        return Courier(self.pool, _texts, ADDRESSES, to)

    def carry(self, *, server: bool = True, couriers: int = 1) -> None:
        """Let new couriers carry all that is due, at once."""

        async def work() -> None:
            await asyncio.gather(*(self.courier(server=server).look() for _ in range(couriers)))

        run(work())

    def letters(self) -> list[tuple[int, str | None, bool, bool]]:
        """Attempts, last answer, whether sent and whether given up, of each letter in the order of writing."""
        rows = run(
            self.pool.fetch(
                "select attempts, last_answer, sent_at is not null as sent, given_up_at is not null as given_up"
                " from notices_letter order by written_at, notice_id, person_id"
            )
        )
        return [tuple(row) for row in rows]


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as box:
        yield box


@pytest.fixture
def ground(database: str, secrets: Secrets, box: Mailbox) -> Iterator[Ground]:
    pool = run(open_pool(database, role="unilogin_run", size=6))
    owner = run(open_pool(database, size=1))
    yield Ground(database, People(database, secrets), box, pool, owner)
    for one in (pool, owner):
        run(one.close())
