"""Min time: what thirty live boards cost while their classes sign in, how soon they tell, and what a country adds.

The same pupils sign in with nobody looking and with all boards open, in turn. What a second of open boards costs is
spread over what a busy machine does in that second, as at eight o'clock.
"""

import asyncio
import http.client
import json
import os
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg

from bench.cpu import cpu_seconds, span
from bench.journey import fill
from bench.morning import patient
from bench.relying_party import RelyingParty, Visit
from bench.report import Figure, Ratio
from bench.running import Running, analyze, free_port, start_database, start_unilogin
from bench.unilogin_side import PASSWORD, SCHOOL, House, prepare
from bench.wire import Browser, UnexpectedAnswerError, Wire
from unilogin.apps.elevadgang.board_queries import look
from unilogin.kit.db.connection import acquire, open_pool
from unilogin.kit.db.embedded import EmbeddedServer

CLASSES = 30
PUPILS = 28
BUDGET = 1.10
SECONDS = 2.0
GROWTH = 1.2
FEW, MANY = 10, 2000
LOOKS = 60


@dataclass(eq=False)
class Board:
    """One open board: a thread that reads its stream, and when it first told what of whom."""

    connection: http.client.HTTPConnection
    told: dict[tuple[str, str], float] = field(default_factory=dict)

    def open(self, browser: Browser, url: str) -> None:
        """Begin to read."""
        cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        self.connection.request("GET", f"{url}/live", headers={"cookie": cookie})
        answer = self.connection.getresponse()
        if answer.status != 200:
            raise UnexpectedAnswerError(f"{url}: {answer.status}")
        threading.Thread(target=self._read, args=(answer,), daemon=True).start()

    def _read(self, answer: http.client.HTTPResponse) -> None:
        try:
            while line := answer.readline():
                if line.startswith(b"data: "):
                    now = time.monotonic()
                    for card in json.loads(line[6:]).get("cards", []):
                        self.told.setdefault((card["id"], card["state"]), now)
        except (OSError, ValueError, AttributeError):
            return  # the board was closed

    def close(self) -> None:
        """Hang up."""
        if self.connection.sock is not None:
            self.connection.sock.close()
        self.connection.close()


def measure(folder: Path, *, rounds: int, journeys: int) -> tuple[list[Ratio], list[Figure]]:
    """Measure on a database of its own."""
    place = folder / "board"
    place.mkdir()
    database = start_database(place / "ours")
    house = asyncio.run(prepare(database.dsn, place, services=1, pupils=1))
    school = asyncio.run(_furnish(house, institutions=FEW))
    with start_unilogin(house.dsn, house.secrets_file, port=free_port(), workers=os.cpu_count() or 1) as server:
        ratios, figures = _measure_load(server, house, school, database=database, rounds=rounds, journeys=journeys)
    ratios.append(_measure_growth(house, school, database=database))
    database.stop()
    return ratios, figures


@dataclass(frozen=True, slots=True)
class School:
    """The classes that are watched: key and teacher's name; and their pupils' names, with the account of each."""

    classes: Sequence[tuple[UUID, str]]
    pupils: dict[str, str]


def _measure_load(
    server: Running, house: House, school: School, *, database: EmbeddedServer, rounds: int, journeys: int
) -> tuple[list[Ratio], list[Figure]]:
    party = RelyingParty(server.endpoints, Wire(server.base_url))
    names = list(school.pupils)
    _travel_all(party, house, names[:60])
    analyze(database)
    _travel_all(party, house, names[:60])
    teachers = [enter(party, name) for _, name in school.classes]
    watched: list[float] = []
    alone: list[float] = []
    late: list[float] = []
    for number in range(rounds):
        chosen = [names[(number * journeys + each) % len(names)] for each in range(journeys)]
        asyncio.run(_close_lessons(house.dsn))
        with span(server.process.pid, database.pid) as spent:
            _travel_all(party, house, chosen)
        alone.append(spent.seconds / journeys * 1000)
        with _boards(server, school, teachers) as boards:
            before = cpu_seconds([server.process.pid, database.pid])
            entered = _travel_all(party, house, chosen)
            watched.append((cpu_seconds([server.process.pid, database.pid]) - before) / journeys * 1000)
            time.sleep(SECONDS)
            told = {one: at for board in boards for (one, state), at in board.told.items() if state == "signed_in"}
        late += [told.get(school.pupils[name], entered[name] + 99) - entered[name] for name in entered]
    party.wire.close()
    return [
        Ratio(
            f"a sign-in, with {CLASSES} live boards of {PUPILS} looking on",
            "the same, with nobody looking",
            watched,
            alone,
            BUDGET,
        )
    ], [
        Figure("live boards: until a sign-in is told, 95 of 100", statistics.quantiles(late, n=20)[-1], "s", SECONDS),
        Figure("live boards: until the last one is told", max(late), "s", SECONDS),
    ]


def _travel_all(party: RelyingParty, house: House, names: Sequence[str]) -> dict[str, float]:
    """Let pupils sign in, and return when each had."""
    entered: dict[str, float] = {}

    def travel(name: str) -> None:
        visit = Visit(Browser(party.wire), house.services[0])
        browser = visit.browser
        page = browser.follow(browser.get(party.authorization_url(visit)))
        page = browser.follow(fill(browser, page, selectedIdp="uni_idp"))
        page = browser.follow(fill(browser, page, username=name))
        onward, _ = patient(browser, fill(browser, page, username=name, password=PASSWORD))
        if onward.refresh is None:
            raise onward.unexpected()
        party.take_code(visit, browser.get(onward.refresh))
        entered[name] = time.monotonic()
        party.redeem(visit)
        party.ask_who(visit)

    party.wire.for_each(names, travel)
    return entered


def enter(party: RelyingParty, name: str, *, to: str = "/elevadgang/klasser") -> Browser:
    """Sign a teacher in to an app of ours."""
    browser = Browser(party.wire)
    page = browser.follow(browser.get(to))
    page = browser.follow(fill(browser, page, selectedIdp="uni_idp"))
    page = browser.follow(fill(browser, page, username=name))
    onward, _ = patient(browser, fill(browser, page, username=name, password=PASSWORD))
    if onward.refresh is None:
        raise onward.unexpected()
    browser.follow(browser.get(onward.refresh))
    return browser


@contextmanager
def _boards(server: Running, school: School, teachers: Sequence[Browser]) -> Iterator[list[Board]]:
    """Begin and open the board of every class."""
    boards = []
    for (key, _), browser in zip(school.classes, teachers, strict=True):
        url = f"/elevadgang/klasse/{key}/min-time"
        page = browser.follow(browser.get(url))
        browser.follow(browser.post(url, {"csrf": page.hidden["csrf"]}))
        board = Board(http.client.HTTPConnection(urlsplit(server.base_url).netloc))
        board.open(browser, url)
        boards.append(board)
    yield boards
    for board in boards:
        board.close()


async def _close_lessons(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute("delete from signin_watch")
    await connection.close()


def _measure_growth(house: House, school: School, *, database: EmbeddedServer) -> Ratio:
    """Look at all boards among a few institutions and among many; the database's time and our own."""
    few = asyncio.run(_looks(house.dsn, school, database))
    asyncio.run(add_institutions(house.dsn, first=FEW, last=MANY))
    analyze(database)
    many = asyncio.run(_looks(house.dsn, school, database))
    return Ratio(
        f"one look at {CLASSES} boards among {MANY} institutions", f"among {FEW}", [min(many)], [min(few)], GROWTH
    )


async def _looks(dsn: str, school: School, database: EmbeddedServer) -> list[float]:
    """Return the CPU milliseconds of one look, several times over."""
    pool = await open_pool(dsn, size=1)
    keys = [key for key, _ in school.classes]
    async with acquire(pool) as connection:
        await connection.execute(_WATCH_ALL, keys)
        found = []
        for _ in range(5):
            before = cpu_seconds([database.pid, os.getpid()])
            for _ in range(LOOKS):
                boards = await look(connection, keys)
            found.append((cpu_seconds([database.pid, os.getpid()]) - before) / LOOKS * 1000)
        assert sum(map(len, boards.values())) == CLASSES * PUPILS
    await pool.close()
    return found


_WATCH_ALL = """
  with gone as (delete from signin_watch), watch as (
    insert into signin_watch (group_key, institution_id, expires_at)
    select group_key, institution_id, kit_now() + interval '1 hour' from directory_group where group_key = any($1)
    on conflict (group_key) do update set expires_at = excluded.expires_at returning watch_id, group_key)
  insert into signin_watched (account_id, watch_id)
  select a.account_id, w.watch_id from watch w join directory_group_member gm using (group_key)
    join directory_membership m on m.membership_id = gm.membership_id and m.actor_group = 'Elev'
    join directory_account a on a.person_id = m.person_id
  on conflict do nothing
"""

# $1 institution's number, $2 stem of the usernames, $3 how many pupils, $4 how many in a class, $5 stem of unique ids,
# $6 whether they have the first person's password.
PEOPLE = """
  with school as (select institution_id from directory_institution where number = $1),
  classes as (
    insert into directory_group (institution_id, source, group_id, name, type)
    select institution_id, 'bench', $2 || number, number || '.X', 'Hovedgruppe'
    from school, generate_series(0, ($3::int - 1) / $4::int) number returning group_key, group_id
  ), drawn as materialized (
    select kit_uuid7() as person_id, gen_random_uuid() as membership_id, n, $2 || lpad(n::text, 4, '0') as username,
           $2 || (n / $4::int) as group_id, 'Elev' as actor_group, 'Elev' as role
    from generate_series(0, $3::int - 1) n
    union all
    select kit_uuid7(), gen_random_uuid(), n, $2 || (9000 + n), $2 || n, 'Medarbejder', 'Lærer'
    from generate_series(0, ($3::int - 1) / $4::int) n
  ), people as (
    insert into directory_person (person_id, first_name, family_name)
    select person_id, 'Mål', 'Tavle ' || n from drawn returning 1
  ), names as (insert into directory_username (username) select username from drawn returning 1),
  accounts as (
    insert into directory_account (person_id, username, uniid)
    select person_id, username,
           lpad(to_hex($5::bigint * 20000 + case actor_group when 'Elev' then n else 10000 + n end), 10, '0')
    from drawn returning account_id
  ), memberships as (
    insert into directory_membership (membership_id, person_id, institution_id, source, local_person_id, actor_group,
                                      roles, level, raw_hash)
    select membership_id, person_id, institution_id, 'bench', username, actor_group, array[role], '8', ''
    from drawn, school returning 1
  ), members as (
    insert into directory_group_member (group_key, membership_id, main)
    select c.group_key, d.membership_id, true from drawn d join classes c using (group_id) returning 1
  )
  insert into credentials_password (account_id, type, hash, pepper_version)
  select a.account_id, p.type, p.hash, p.pepper_version
  from accounts a, (select type, hash, pepper_version from credentials_password limit 1) p where $6
"""


async def _furnish(house: House, *, institutions: int) -> School:
    """Put the watched classes into the school that is there, and a few institutions beside it."""
    await add_institutions(house.dsn, first=1, last=institutions)
    connection = await asyncpg.connect(house.dsn)
    await connection.execute(PEOPLE, SCHOOL, "tavl", CLASSES * PUPILS, PUPILS, 1, True)
    classes = await connection.fetch(
        "select g.group_key, 'tavl' || (9000 + substring(g.group_id from 5)::int) as teacher from directory_group g"
        " where g.group_id like 'tavl%' order by 2"
    )
    pupils = await connection.fetch(
        "select username, account_id from directory_account where username between 'tavl0000' and 'tavl8999' order by 1"
    )
    await connection.close()
    return School(
        [(row["group_key"], row["teacher"]) for row in classes],
        {row["username"]: str(row["account_id"]) for row in pupils},
    )


async def add_institutions(dsn: str, *, first: int, last: int) -> None:
    """Add institutions of forty pupils in two classes; nobody of them has a password."""
    connection = await asyncpg.connect(dsn)
    for number in range(first, last):
        await connection.execute(
            "insert into directory_institution (number, name, kind, public_law_body)"
            " values ($1, 'Skole ' || $1, 'folkeskole', true)",
            f"C{number:05}",
        )
        stem = "".join(chr(97 + number // 26**place % 26) for place in range(4))
        await connection.execute(PEOPLE, f"C{number:05}", stem, 40, 20, number + 10, False)
    await connection.close()
