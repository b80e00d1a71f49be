"""A large parked delivery is released on the page of an office, and taken back: how long, and what others notice of it.

One worker serves, so whatever would keep it busy is seen: a page of help is asked for all the time.
"""

import asyncio
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from bench.board import enter
from bench.delivering import Doors, Sender, register
from bench.relying_party import RelyingParty
from bench.report import Figure
from bench.running import analyze, free_port, start_database, start_unilogin
from bench.unilogin_side import House, prepare
from bench.wire import Answer, Browser, UnexpectedAnswerError, Wire
from unilogin.domain.access.actions import grant_right
from unilogin.domain.access.model import Right
from unilogin.domain.audit.model import Actor
from unilogin.kit.db.connection import connect
from unilogin.roster.generating.families import BEGINNING
from unilogin.roster.generating.generator import extracted_at, write_roster
from unilogin.roster.generating.schools import School, school_of

PERSONS_A_LINE = 560
ANSWER_SECONDS = 6.0
"""A page says by then what came of it, or that it is under way."""

PAGE_SECONDS = 1.0
_LONGEST_SECONDS = 300.0
_PAUSE_SECONDS = 0.02
_CALM_SECONDS = 3.0
_BENCH = Actor("operator", "bench")
_PARKED = "select delivery_id::text from roster_delivery where status = 'parked'"
_NO_LIMITS = (
    "insert into roster_limit select institution_id, 100, 0, 100, 1000000, 1000000 from roster_delivery limit 1"
    " returning 1"
)
_FIRST_WORD = (
    "insert into roster_undo_word (delivery_id, actor_kind, actor_id) select delivery_id, 'operator', 'bench'"
    " from roster_delivery where status = 'applied' returning 1"
)
"""Staff come back by it: two must want that."""


def measure(folder: Path, *, persons: int) -> list[Figure]:
    """Measure on a database of its own."""
    folder.mkdir()
    database = start_database(folder / "ours")
    house = asyncio.run(prepare(database.dsn, folder, services=1, pupils=2))
    school = school_of(1, lines=max(1, persons // PERSONS_A_LINE), prefix="F")
    sender = asyncio.run(_settle(house, school))
    first, following, size = _files(folder, school)
    with start_unilogin(house.dsn, house.secrets_file, port=free_port()) as server:
        number = school.institution.number
        Doors(server, house, sender, folder / "none").upload(number, first)
        analyze(database)
        _deliver_too_much(Doors(server, house, sender, folder / "none"), number, following)
        party = RelyingParty(server.endpoints, Wire(server.base_url))
        one, other = (enter(party, pupil.username, to="/mit") for pupil in house.pupils)
        asyncio.run(_let_administer(house, number))
        delivery = asyncio.run(
            _value(house.dsn, "select delivery_id::text from roster_delivery where status = 'parked'")
        )
        url = f"/elevadministration/skole/{number.lower()}/import/{delivery}"
        _press(one, url, "frigiv")
        what = f"release of a new year of {size} persons"
        figures = _act(house, party, lambda: _press(other, url, "frigiv"), what=what, to="applied")
        asyncio.run(_value(house.dsn, _NO_LIMITS))
        asyncio.run(_value(house.dsn, _FIRST_WORD))
        figures += _act(house, party, lambda: _press(one, url, "fortryd"), what="taking it back", to="undone")
        party.wire.close()
    database.stop()
    return figures


def _act(house: House, party: RelyingParty, press: Callable[[], Answer], *, what: str, to: str) -> list[Figure]:
    """Press a button while somebody reads pages, and wait until the delivery is what it was to be."""
    with _reading(party) as calm:
        time.sleep(_CALM_SECONDS)
    with _reading(party) as pages:
        began = time.monotonic()
        answer = press()
        answered = time.monotonic() - began
        while asyncio.run(_value(house.dsn, f"select count(*) from roster_delivery where status = '{to}'")) != 1 + (
            to == "applied"
        ):
            if time.monotonic() > began + _LONGEST_SECONDS:
                raise answer.unexpected()
            time.sleep(0.1)
        done = time.monotonic() - began
    return [
        Figure(f"{what}: until the page answers", answered, "s", ANSWER_SECONDS),
        Figure(f"{what}: until it is done", done, "s"),
        Figure(f"{what}: the slowest page of others meanwhile", max(pages), "s", PAGE_SECONDS),
        Figure(f"{what}: pages of others, p95 meanwhile", _p95(pages) * 1000, "ms"),
        Figure(f"{what}: pages of others, p95 before", _p95(calm) * 1000, "ms"),
    ]


def _p95(seconds: Sequence[float]) -> float:
    return statistics.quantiles(seconds, n=20)[-1]


@contextmanager
def _reading(party: RelyingParty) -> Iterator[list[float]]:
    """Read a page again and again during a ``with`` block; how long each took."""
    taken: list[float] = []
    ended = threading.Event()

    def read() -> None:
        browser = Browser(party.wire)
        while not ended.wait(_PAUSE_SECONDS):
            began = time.monotonic()
            browser.follow(browser.get("/hjaelp"))
            taken.append(time.monotonic() - began)

    reader = threading.Thread(target=read)
    reader.start()
    yield taken
    ended.set()
    reader.join()


def _press(browser: Browser, url: str, button: str) -> Answer:
    page = browser.follow(browser.get(url))
    return browser.follow(browser.post(f"{url}/{button}", {"csrf": page.hidden["csrf"]}))


# The school ----------------------------------------------------------------------------------------------------------


def _files(folder: Path, school: School) -> tuple[bytes, bytes, int]:
    """Return the file of a year, that of the next, and how many persons the first has."""
    path = folder / "school.xml"
    size = write_roster(path, school, seed=4).persons
    first = path.read_bytes()
    following = replace(BEGINNING, year=BEGINNING.year + 1)
    write_roster(path, school, seed=4, moment=following, at=extracted_at(BEGINNING) + timedelta(hours=1))
    return first, path.read_bytes(), size


def _deliver_too_much(doors: Doors, number: str, content: bytes) -> None:
    try:
        doors.upload(number, content)
    except UnexpectedAnswerError as parked:
        if ": 202 " in str(parked):
            return
        raise
    raise UnexpectedAnswerError("a whole new school year was not parked")


async def _settle(house: House, school: School) -> Sender:
    connection = await connect(house.dsn)
    await connection.execute(
        "insert into directory_institution (number, name, kind, public_law_body) values ($1, $2, $3, true)",
        school.institution.number,
        school.institution.name,
        school.kind.name,
    )
    await connection.close()
    return await register(house, [school.institution.number])


async def _let_administer(house: House, number: str) -> None:
    """Make the two who are signed in administrators of the school, as if they had come with two factors."""
    connection = await connect(house.dsn)
    async with connection.transaction():
        where = await connection.fetchval("select institution_id from directory_institution where number = $1", number)
        await connection.execute("update directory_membership set actor_group = 'Medarbejder', level = null,"
                                 " roles = '{Leder}' where source = 'bench'")  # fmt: skip
        for pupil in house.pupils:
            await grant_right(
                connection,
                Right.BRUGERADMINISTRATOR,
                account_id=pupil.account_id,
                institution_id=where,
                actor=_BENCH,
            )
        await connection.execute("update sessions_session set level = 'ToFaktor'")
    await connection.close()


async def _value(dsn: str, sql: str) -> object:
    connection = await connect(dsn)
    found: object = await connection.fetchval(sql)
    await connection.close()
    return found
