"""What a school's delivery reads of the tables of people: as much as its file holds, however many others there are.

A plan that reads everybody costs nothing in a test and hours in a country. So the database is given a crowd, is let
believe that it is a hundred times as large, and each relation is asked how many of its rows were read. Both when it has
looked its tables through, and when it knows nothing of them yet, as in the first minutes of a first load.
"""

import io
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.builders.running import run
from tests.postgres import TestServer
from tests.roster.documents import contact, document, member, person, student
from tests.roster.registry import OPERATOR, PEOPLE, SOURCE, Registry, open_registry
from tests.roster.test_undoing import NO_LIMITS
from unilogin.kit.db.connection import Connection, connect
from unilogin.kit.secrets import Secrets
from unilogin.roster.actions import import_file
from unilogin.roster.model import DeliveryKind, DeliveryStatus, Receipt
from unilogin.roster.undoing import undo

CROWD = 4000
"""Pupils of others, and as many parents."""

PUPILS = 20
ENOUGH = CROWD // 4
"""Of one relation: what these files need of it is a third of that."""

TABLES = ("directory_institution", *PEOPLE)

_CROWD = f"""
  set session_replication_role = replica;
  insert into directory_institution (institution_id, number, name, kind, public_law_body)
    select md5('i' || i)::uuid, 'X' || i, 'Skole', 'folkeskole', true from generate_series(0, 39) i;
  create temporary table crowd as
    select n, md5('p' || n)::uuid as pupil, md5('g' || n)::uuid as parent, md5('m' || n)::uuid as membership_id,
           md5('i' || n % 40)::uuid as institution_id, md5('c' || n % 160)::uuid as group_key
    from generate_series(1, {CROWD}) n;
  insert into directory_person (person_id, first_name, family_name, cpr_index)
    select pupil, 'Elev', 'Prøve', sha256(('p' || n)::bytea) from crowd
    union all select parent, 'Mor', 'Prøve', sha256(('g' || n)::bytea) from crowd;
  insert into directory_username (username)
    select word || to_char(n, 'FM0000') from crowd, unnest('{{elev,moor}}'::text[]) word;
  insert into directory_account (person_id, username, uniid)
    select pupil, 'elev' || to_char(n, 'FM0000'), 'a' || to_char(n, 'FM000000000') from crowd
    union all select parent, 'moor' || to_char(n, 'FM0000'), 'b' || to_char(n, 'FM000000000') from crowd;
  insert into directory_membership
      (membership_id, person_id, institution_id, source, local_person_id, actor_group, roles, level, raw_hash)
    select membership_id, pupil, institution_id, 'Andre', 'e-' || n, 'Elev', '{{Elev}}', '2', sha256(n::text::bytea)
    from crowd;
  insert into directory_group (group_key, institution_id, source, group_id, name, type, level)
    select distinct group_key, institution_id, 'Andre', group_key::text, '2.B', 'Hovedgruppe', '2' from crowd;
  insert into directory_group_member (group_key, membership_id, main) select group_key, membership_id, true from crowd;
  insert into directory_contact (membership_id, contact_person_id, relation, child_custody, access_level)
    select membership_id, parent, 'Mor', true, 1 from crowd;
  alter table directory_membership alter institution_id set (n_distinct = -0.01);
  alter table directory_group alter institution_id set (n_distinct = -0.25);
  alter table directory_group_member alter group_key set (n_distinct = -0.04);
"""

_LOOK_THROUGH = f"analyze {', '.join(TABLES)};"
_FORGET = "delete from pg_statistic where starelid = any ($${{{}}}$$::regclass[]);".format(",".join(TABLES))
_BELIEVE = """
  update pg_class c set reltuples = reltuples * 100
  where reltuples > 0 and (oid = any ($${{{0}}}$$::regclass[])
        or oid in (select indexrelid from pg_index where indrelid = any ($${{{0}}}$$::regclass[])));
""".format(",".join(TABLES))

KNOWING = {"looked through": _LOOK_THROUGH + _BELIEVE, "not yet": _LOOK_THROUGH + _FORGET + _BELIEVE}

_READ = """
  select relname, pg_stat_get_xact_tuples_returned(oid) + pg_stat_get_xact_tuples_fetched(oid) as rows_read
  from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'i')
"""

_cases = iter(range(10, 100))


@pytest.fixture(scope="module")
def crowded(postgres: TestServer, template: str, secrets: Secrets) -> Iterator[Registry]:
    registry = run(open_registry(postgres.create_database("crowded", template), secrets))
    registry.execute_all(NO_LIMITS + ";" + _CROWD)
    yield registry
    postgres.drop_database("crowded")


@dataclass
class Sender:
    """A source whose deliveries are looked at."""

    registry: Registry
    case: int
    hour: int = 0

    def pupil(self, n: int, *, first: str = "Åse") -> str:
        parent = person(f"02058{self.case:02}{n:03}", first="Mor")
        return member(f"e-{n}", person(f"62058{self.case:02}{n:03}", first=first), student(more=contact(parent)))

    def deliver(self, *pupils: str, kind: DeliveryKind = DeliveryKind.FULL, number: str = "999001") -> Receipt:
        """Deliver; nothing may read more than the file needs."""
        self.hour += 1
        time = f"2025-08-01T{self.hour:02}:00:00Z"
        text = document(*pupils, number=number, time=time, source=f"Kilde {self.case}")
        data, secrets = io.BytesIO(text.encode()), self.registry.secrets
        receipts: list[Receipt] = []

        async def load(connection: Connection) -> None:
            receipts.append(await import_file(connection, data, secrets=secrets, actor=SOURCE, kind=kind))

        self.read_little(load)
        assert receipts[0].status is DeliveryStatus.APPLIED
        return receipts[0]

    def undo(self, receipt: Receipt) -> None:
        """Take a delivery back, by as little reading."""

        async def take_back(connection: Connection) -> None:
            await undo(connection, receipt.delivery_id, actor=OPERATOR)

        self.read_little(take_back)

    def read_little(self, work: Callable[[Connection], Awaitable[None]]) -> None:
        read = run(self._read(work))
        assert {name: rows for name, rows in read.items() if rows > ENOUGH} == {}
        assert any(read.values())

    async def _read(self, work: Callable[[Connection], Awaitable[None]]) -> dict[str, int]:
        connection = await connect(self.registry.dsn, role="unilogin_run")  # has made no plan, and has read nothing
        try:
            async with connection.transaction():
                await work(connection)
                return {row["relname"]: row["rows_read"] for row in await connection.fetch(_READ)}
        finally:
            await connection.close()


@pytest.mark.parametrize("known", KNOWING)
def test_a_delivery_reads_what_it_tells_of_and_not_everybody(crowded: Registry, known: str) -> None:
    crowded.execute_all(KNOWING[known])
    sender = Sender(crowded, next(_cases))
    school = [sender.pupil(n) for n in range(PUPILS)]
    assert sender.deliver(*school).counts.created == PUPILS
    night = sender.deliver(*school[2:], sender.pupil(1, first="Signe"), sender.pupil(PUPILS))
    assert (night.counts.created, night.counts.changed, night.counts.left) == (1, 1, 1)
    assert sender.deliver(sender.pupil(3, first="Signe"), kind=DeliveryKind.DELTA).counts.changed == 1
    sender.undo(sender.deliver(school[4], kind=DeliveryKind.DELETE))
    assert sender.deliver(*school[:3], number="999002").counts.created == 3
