"""Growth: the same sign-in, search and class list in a small country and in a large one."""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from bench.cpu import span
from bench.journey import fill, moved_on, travel_all
from bench.relying_party import RelyingParty
from bench.report import Ratio
from bench.rosters import run, write_files
from bench.running import Running, analyze, free_port, start_database, start_unilogin
from bench.unilogin_side import PASSWORD, SCHOOL, House, prepare
from bench.wire import Browser, Wire
from unilogin.kit.db.embedded import EmbeddedServer

BUDGET = 1.2
CLASS_SIZE = 28
WARM_UP = 48
_SMALL, _LARGE = 0, 1


@dataclass(slots=True)
class Side:
    """A server among so many persons, and a teacher who is signed in at Elevadgang there."""

    persons: int
    database: EmbeddedServer
    house: House
    server: Running
    party: RelyingParty
    teacher: Browser
    class_key: str
    csrf: str

    def sign_in(self, times: int) -> None:
        """Let pupils sign in."""
        travel_all(self.party, self.house, times)

    def search(self, times: int) -> None:
        """Find a pupil by name."""
        for _ in range(times):
            found = self.teacher.post("/elevadgang/soeg", {"csrf": self.csrf, "q": "Mål"})
            if found.status != 200:
                raise found.unexpected()

    def class_list(self, times: int) -> None:
        """Open the page of a class."""
        for _ in range(times):
            self.teacher.follow(self.teacher.get(f"/elevadgang/klasse/{self.class_key}"))


def measure(folder: Path, *, sizes: tuple[int, int], rounds: int, times: int) -> list[Ratio]:
    """Measure both sides in turn, after a warm-up; our work in the large country is held against that in the small."""
    folder.mkdir()
    with ExitStack() as stack:
        sides = [_side(stack, folder / str(size), persons=size) for size in sizes]
        works: dict[str, Callable[[Side, int], None]] = {
            "password sign-in": Side.sign_in,
            "search in Elevadgang": Side.search,
            "class list in Elevadgang": Side.class_list,
        }
        for side in sides:
            for work in works.values():
                work(side, WARM_UP)
            analyze(side.database)
            for work in works.values():
                work(side, WARM_UP)
        spent: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in works}
        for _ in range(rounds):
            for name, work in works.items():
                for side, found in zip(sides, spent[name], strict=True):
                    with span(side.server.process.pid, side.database.pid) as measured:
                        work(side, times)
                    found.append(measured.seconds / times * 1000)
        few, many = (side.persons for side in sides)
        for side in sides:
            side.party.wire.close()
            side.database.stop()
    return [
        Ratio(f"{name} among {many} persons", f"among {few}", found[_LARGE], found[_SMALL], BUDGET)
        for name, found in spent.items()
    ]


def _side(stack: ExitStack, folder: Path, *, persons: int) -> Side:
    folder.mkdir()
    database = start_database(folder / "ours")
    house = asyncio.run(prepare(database.dsn, folder, services=1, pupils=CLASS_SIZE + 1))
    files = write_files(folder / "rosters", persons=persons)
    env = {"UNILOGIN_DATABASE_URL": database.dsn, "UNILOGIN_SECRETS_FILE": str(house.secrets_file)}
    log = folder / "loader.log"
    run(["unilogin.cli.app", "institutions", "import", files.institutions], env, database=database, log=log)
    run(["unilogin.cli.app", "roster", "import", *files.paths], env, database=database, log=log)
    class_key = asyncio.run(_make_class(house))
    asyncio.run(_settle(database))
    server = stack.enter_context(start_unilogin(house.dsn, house.secrets_file, port=free_port()))
    wire = Wire(server.base_url)
    teacher = _enter(Browser(wire), house.pupils[0].username)
    page = teacher.follow(teacher.get(f"/elevadgang/klasse/{class_key}"))
    party = RelyingParty(server.endpoints, wire)
    return Side(files.persons, database, house, server, party, teacher, class_key, page.hidden["csrf"])


async def _make_class(house: House) -> str:
    """Make the first of the prepared people the teacher of the others."""
    connection = await asyncpg.connect(house.dsn)
    await connection.execute(
        "update directory_membership set actor_group = 'Medarbejder', roles = '{Lærer}', level = null"
        " where local_person_id = '0' and source = 'bench'"
    )
    key: str = await connection.fetchval(
        "insert into directory_group (institution_id, source, group_id, name, type)"
        " select institution_id, 'bench', '8a', '8.A', 'Hovedgruppe' from directory_institution where number = $1"
        " returning group_key::text",
        SCHOOL,
    )
    await connection.execute(
        "insert into directory_group_member (group_key, membership_id, main) select $1::uuid, membership_id,"
        " actor_group = 'Elev' from directory_membership where source = 'bench'",
        key,
    )
    await connection.close()
    return key


async def _settle(database: EmbeddedServer) -> None:
    """Do at once what PostgreSQL would do in the background after such a load, so that nobody pays for it later."""
    connection = await asyncpg.connect(database.dsn)
    await connection.execute("vacuum (analyze)")
    await connection.execute("checkpoint")
    await connection.close()


def _enter(browser: Browser, username: str) -> Browser:
    """Sign the teacher in at Elevadgang, as a browser without JavaScript."""
    page = browser.follow(browser.get("/elevadgang/klasser"))
    page = browser.follow(fill(browser, page, selectedIdp="uni_idp"))
    page = browser.follow(fill(browser, page, username=username))
    moving_on = fill(browser, page, username=username, password=PASSWORD)
    browser.follow(moved_on(browser, moving_on))
    return browser
