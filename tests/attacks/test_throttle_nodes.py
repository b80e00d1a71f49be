"""Several nodes, a database that dies, addresses that are claimed: no guess is won by any of it."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import asyncpg
import httpx
import pytest

from tests.attacks.conftest import Door
from tests.builders.inside import inside
from tests.builders.journeys import Journeys
from tests.builders.people import People
from tests.builders.running import run
from tests.builders.throttle import Account, Throttle, account
from tests.faults.cluster import Cluster
from tests.server import start_server
from tests.visitor import Visitor
from unilogin.domain.limits import rules
from unilogin.domain.limits.model import ELSEWHERE, Kind
from unilogin.kit.db.connection import Pool, open_pool
from unilogin.kit.db.migrate import migrate
from unilogin.kit.ids import new_token
from unilogin.kit.secrets import Secrets

CAP = rules.allowance(Kind.TYPED, ELSEWHERE).cap
GUESSES, AT_ONCE = 500, 100
DAY = 86_400.0


async def guess_at_once(pages: list[Visitor], guesses: range) -> list[httpx.Response]:
    """Post guesses from the forms of open pages, all at the same time."""
    forms = [{name: value or "" for name, value in page.document.forms[0].form_values()} for page in pages]
    async with httpx.AsyncClient(timeout=60, limits=httpx.Limits(max_connections=len(guesses))) as client:

        async def guess(number: int) -> httpx.Response:
            page, fields = pages[number % len(pages)], forms[number % len(pages)]
            cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in page.client.cookies.jar)
            return await client.post(
                f"{page.base_url}{page.path}",
                data=fields | {"password": f"guess {number}"},
                headers={"Origin": page.base_url, "Cookie": cookies},
            )

        return await asyncio.gather(*(guess(number) for number in guesses))


def test_rt_07_five_hundred_guesses_at_two_nodes_are_counted_exactly(
    database: str, secrets: Secrets, secrets_file: Path
) -> None:
    teacher = People(database, secrets).teacher()
    journeys = Journeys.to_some_service(database)
    nodes = [start_server(database, secrets_file) for _ in range(2)]
    try:
        pages = []
        for node in nodes:
            visitor, token = Visitor(node.base_url), new_token()
            visitor.client.cookies.set("unilogin_browser", token)
            visitor.open(journeys.begin(token))
            visitor.submit(button=("selectedIdp", "uni_idp"))
            visitor.submit({"username": teacher.username})
            pages.append(visitor)
        answers = []
        for first in range(0, GUESSES, AT_ONCE):
            answers += run(guess_at_once(pages, range(first, first + AT_ONCE)))
        for page in pages:
            page.client.close()
    finally:
        for node in nodes:
            node.stop()
    wrong = sum("passer ikke" in answer.text for answer in answers)
    waiting = sum("Vent" in answer.text and answer.status_code == 200 for answer in answers)
    busy = sum(answer.status_code == 503 for answer in answers)
    assert wrong + waiting + busy == GUESSES
    counted = run(fetch(database, "select failures from limits_bucket"))
    assert counted == wrong
    assert rules.FREE_OF_WAIT <= wrong <= CAP


async def fetch(dsn: str, sql: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path)
    yield cluster
    with suppress(ProcessLookupError):  # the test has left it dead
        cluster.stop()


def test_rt_14_a_database_killed_again_and_again_gives_no_guess_away(cluster: Cluster) -> None:
    async def go() -> tuple[int, object]:
        await migrate(cluster.dsn)
        who, compared = account(), 0
        for kill in range(8):
            pool = await open_pool(cluster.dsn, role=None, size=4)
            throttle = Throttle(pool, moved_seconds=kill * DAY)
            await throttle.let_time_pass(DAY)
            killer = asyncio.create_task(kill_soon(cluster, 0.05 * (kill + 1)))
            compared += sum(await asyncio.gather(*(attack(throttle, who, f"{kill} {each}") for each in range(3))))
            await killer
            pool.terminate()
            await asyncio.to_thread(cluster.start)
        return compared, await fetch(cluster.dsn, "select sum(failures) from limits_bucket")

    compared, counted = run(go())
    assert 0 < compared <= int(str(counted)) <= CAP


async def kill_soon(cluster: Cluster, seconds: float) -> None:
    await asyncio.sleep(seconds)
    await asyncio.to_thread(cluster.stop, "kill")


async def attack(throttle: Throttle, who: Account, name: str) -> int:
    """Guess until the database is gone; return how many guesses were compared."""
    compared = 0
    gone = (OSError, asyncio.TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
    with suppress(*gone):
        for number in range(10_000):
            await throttle.let_time_pass(rules.LONGEST_WAIT + 1)
            compared += (await throttle.type(who, f"guess {name} {number}", device=name)).compared
    return compared


def test_r16_without_a_database_nobody_comes_in_and_afterwards_everybody_does(
    cluster: Cluster, secrets: Secrets
) -> None:
    run(migrate(cluster.dsn))
    people, journeys = People(cluster.dsn, secrets), Journeys.to_some_service(cluster.dsn)
    teacher = people.teacher()
    with inside(cluster.dsn, secrets) as app:
        door = Door(app, people, journeys)
        token = new_token()
        assert door.type(teacher.username, str(teacher.secret), token=token).moves_on
        visitor = door.at_the_secret(teacher.username, token=token)
        address, fields = visitor.path, dict(visitor.document.forms[0].form_values())
        typed = {name: str(value) for name, value in fields.items()} | {"password": str(teacher.secret)}
        cluster.stop("kill")
        assert visitor.post(address, typed).status_code == 503
        assert app.house.hasher.load.waiting == 0
        cluster.start()
        visitor.post(address, typed)
        assert visitor.moves_on


@pytest.mark.parametrize(
    ("proxies", "places", "nets"),
    [
        ((), [("198.51.100.7", f"203.0.113.{n}") for n in range(4)], {"198.51.100.7/32"}),
        ((), [(f"2001:db8:1:2f0{n}::{n}", "") for n in range(4)], {"2001:db8:1:2f00::/56"}),
        ((), [("198.51.100.7", ""), ("::ffff:198.51.100.7", "")], {"198.51.100.7/32"}),
        (("10.0.0.0/24",), [("10.0.0.1", f"192.0.2.{n}, 203.0.113.9") for n in range(4)], {"203.0.113.9/32"}),
        (
            ("10.0.0.0/24",),
            [("10.0.0.1", "203.0.113.9"), ("10.0.0.2", "203.0.113.8")],
            {"203.0.113.9/32", "203.0.113.8/32"},
        ),
    ],
    ids=["forged", "rotated", "mapped", "forged before a proxy", "two behind a proxy"],
)
def test_rt_12_an_address_that_is_claimed_is_no_other_address(
    database: str,
    secrets: Secrets,
    proxies: tuple[str, ...],
    places: list[tuple[str, str]],
    nets: set[str],
) -> None:
    with inside(database, secrets, proxies=proxies) as app:
        door = Door(app, People(database, secrets), Journeys.to_some_service(database))
        for address, forwarded in places:
            visitor = door.at_the_secret("none0000", address=address)
            fields = {name: str(value or "") for name, value in visitor.document.forms[0].form_values()}
            wrong = {"password": f"wrong {forwarded}", "pictures": "sol,hus,bil,is"}
            visitor.post(visitor.path, fields | wrong, headers={"X-Forwarded-For": forwarded} if forwarded else {})
            assert visitor.page.status_code == 200
    assert set(run(all_nets(database))) == nets


async def all_nets(dsn: str) -> list[str]:
    pool: Pool = await open_pool(dsn, size=1)
    rows = await pool.fetch("select net::text from limits_net")
    await pool.close()
    return [row["net"] for row in rows]
