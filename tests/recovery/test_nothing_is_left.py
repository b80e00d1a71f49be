"""RW-8, N-09: a new secret stands nowhere in clear, and asking for help costs the same for every name."""

import re

import pytest

from tests.builders.clock import Clock
from tests.builders.inside import Inside, inside
from tests.builders.journeys import Journeys
from tests.builders.people import People, Somebody
from tests.builders.running import run
from tests.recovery.conftest import AtSecret
from tests.recovery.inside import read
from tests.recovery.inside_windows import Windows
from tests.recovery.mitid import MitId
from tests.recovery.steps import go, page, practise, shown_pictures, shown_words, to_mitid
from tests.server import RunningServer
from tests.visitor import Visitor
from unilogin.jobs import jobs, run_job
from unilogin.kit.db.connection import connect
from unilogin.kit.ids import new_token
from unilogin.kit.secrets import Secrets
from unilogin.signin.model import Method


def everything(dsn: str) -> str:
    """Every value in the database, as text."""
    tables = read(
        dsn, "select relname from pg_class where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace"
    )
    return "\n".join(str(read(dsn, f'select t::text from "{table}" t')) for (table,) in tables)


def test_rw_8_a_new_secret_stands_nowhere_in_clear(
    server: RunningServer, at_secret: AtSecret, people: People, windows: Windows
) -> None:
    teacher, pupil = people.teacher(), people.pupil(level="5", secret="solskin over klitten")
    windows.open(teacher, pupil)
    visitor = at_secret(pupil.username)
    visitor.submit()
    given = shown_words(visitor)
    assert given not in everything(people.dsn)
    assert given not in str(visitor.page.url)
    visitor.submit()
    assert visitor.moves_on
    assert given not in everything(people.dsn)
    assert given not in server.log.read_text(errors="replace")


def test_rw_8_pictures_are_kept_sealed_until_they_were_tried_once(
    at_secret: AtSecret, people: People, windows: Windows
) -> None:
    teacher, pupil = people.teacher(), people.pupil(level="2")
    windows.open(teacher, pupil)
    visitor = at_secret(pupil.username)
    visitor.submit()
    kept = "select assigned is not null from recovery_permit where account_id = $1"
    assert read(people.dsn, kept, pupil.account_id) == [(True,)]
    assert " ".join(shown_pictures(visitor)) not in everything(people.dsn)
    practise(visitor, shown_pictures(visitor))
    assert visitor.moves_on
    assert read(people.dsn, kept, pupil.account_id) == [(False,)]


def test_what_nobody_fetched_is_erased_when_its_time_is_up(database: str, own_people: People, secrets: Secrets) -> None:
    windows, clock = Windows(database), Clock(database)
    run(clock.move(0))
    teacher, pupil = own_people.teacher(), own_people.pupil(level="2")
    windows.open(teacher, pupil)
    with inside(database, secrets) as app:
        visitor = named(app, Journeys.to_some_service(database), pupil.username)
        visitor.submit()
        assert len(shown_pictures(visitor)) == 4
        run(clock.move(15 * 60 + 1))
        go(visitor, "new-password")
        assert visitor.path.endswith("/secret"), "leave is over before any job has run (D4)"
    run(housekeeping(database, secrets))
    assert read(database, "select count(*) from recovery_permit where assigned is not null") == [(0,)]


async def housekeeping(dsn: str, secrets: Secrets) -> None:
    """Do the jobs of getting back in."""
    connection = await connect(dsn, role="unilogin_run")
    for job in jobs(secrets):
        if job.name.startswith(("recovery", "windows")):
            assert await run_job(connection, job)
    await connection.close()


def named(app: Inside, journeys: Journeys, username: str) -> Visitor:
    """A new browser in which a name was typed."""
    visitor, token = app.visitor(), new_token()
    visitor.client.cookies.set("unilogin_browser", token)
    visitor.open(journeys.begin(token))
    visitor.submit(button=("selectedIdp", Method.UNILOGIN.value))
    visitor.submit({"username": username})
    return visitor


@pytest.fixture
def names(own_people: People) -> dict[str, Somebody | None]:
    """One of every kind, as far as nobody may tell them apart."""
    blocked, gone = own_people.pupil(level="8"), own_people.pupil(level="8")
    own_people.block(blocked)
    own_people.leave(gone)
    kinds = {"known": own_people.pupil(level="8"), "without": own_people.pupil(level="8", secret=None)}
    return {**kinds, "blocked": blocked, "gone": gone, "unknown": None}


def test_n_09_rw_9_every_page_costs_the_same_for_every_name(
    database: str, secrets: Secrets, names: dict[str, Somebody | None], own_people: People
) -> None:
    journeys, mitid = Journeys.to_some_service(database), MitId.of(database, secrets)
    stranger = mitid.known(own_people.teacher())
    costs: dict[str, set[object]] = {}
    with inside(database, secrets) as app:
        for somebody in names.values():
            username = somebody.username if somebody else unknown_with_a_password(app, journeys)
            visitor = named(app, journeys, username)
            for tail in ("secret", "password", "password/forgotten", "password/change", "password/mitid", "window",
                         "password/parent", "new-password", "new-password/own"):  # fmt: skip
                with app.counting() as count:
                    go(visitor, tail)
                costs.setdefault(tail, set()).add((count.hashes, shape(count.statements)))
            with app.counting() as count:
                go(visitor, "password/change").submit({"password": "noget helt andet"})
            costs.setdefault("wrong", set()).add((count.hashes, len(count.statements)))
            for tail in ("password/mitid", "password/parent"):
                to_mitid(visitor, tail)
                with app.counting() as count:
                    mitid.proves(visitor, stranger)
                costs.setdefault(f"{tail} back", set()).add((count.hashes, len(count.statements)))
            with app.counting() as count:
                visitor.post(page(go(visitor, "secret"), "window"), {"csrf": csrf(visitor)})
            costs.setdefault("claim", set()).add((count.hashes, len(count.statements)))
    different = {tail: seen for tail, seen in costs.items() if len(seen) > 1}
    assert not different


def csrf(visitor: Visitor) -> str:
    """The token of the page's form."""
    return str(visitor.document.forms[0].fields["csrf"])


def shape(statements: tuple[str, ...]) -> tuple[str, ...]:
    """The statements without their blanks."""
    return tuple(re.sub(r"\s+", " ", statement) for statement in statements)


def unknown_with_a_password(app: Inside, journeys: Journeys) -> str:
    """A name that is nobody's and is shown the password page."""
    names = (f"nobo{number}" for number in range(8100, 8200))
    return next(name for name in names if named(app, journeys, name).heading == "Skriv din adgangskode")
