"""A new username for whoever is protected: at home, for a small child, and for nobody else."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from tests.apps.entering import csrf_of, enter
from tests.apps.households import Households
from tests.builders.people import Somebody
from tests.builders.running import run
from tests.server import RunningServer
from tests.visitor import Visitor
from unilogin.kit.db.connection import connect

OWN = "/mit/brugernavn"
ALIAS = ("Bente", "Dæknavn")


def value(households: Households, sql: str, *arguments: object) -> object:
    async def ask() -> object:
        connection = await connect(households.dsn)
        try:
            return await connection.fetchval(sql, *arguments)
        finally:
            await connection.close()

    return run(ask())


def name_of(households: Households, somebody: Somebody) -> str:
    sql = "select username from directory_account where account_id = $1"
    return str(value(households, sql, somebody.account_id))


def press(browser: Visitor, url: str = OWN) -> Visitor:
    browser.post(url, {"csrf": csrf_of(browser)})
    return browser


def everything_kept(households: Households, somebody: Somebody) -> str:
    """All that the log and the letters say of somebody."""
    return str(
        value(
            households,
            "select (select string_agg(e::text, ' ') from audit_event e where account_id = $1)"
            " || coalesce((select string_agg(n::text, ' ') from notices_notice n where account_id = $1), '')",
            somebody.account_id,
        )
    )


@pytest.mark.parametrize("who", ["pupil", "teacher"])
def test_whoever_is_protected_gets_one_and_it_is_shown(who: str, server: RunningServer, households: Households) -> None:
    somebody = households.people.pupil() if who == "pupil" else households.people.teacher()
    browser = enter(server, somebody)
    assert "nyt brugernavn" not in browser.text
    households.protect(somebody, alias=ALIAS)
    assert "Få et nyt brugernavn" in browser.open("/mit").text
    browser.open(OWN)
    press(browser)
    given = name_of(households, somebody)
    assert given.startswith("bent")
    assert given in browser.text
    assert "Skriv det ned" in browser.text
    assert somebody.username not in browser.page.text
    press(browser)
    assert name_of(households, somebody) == given, "pressed twice, given once"
    front = browser.open("/mit")
    assert given in front.text
    assert "Få et nyt brugernavn" not in front.text
    assert "Du fik et nyt brugernavn." in browser.open("/mit/historik").text
    assert len(households.people.sessions(somebody)) == 1, "nobody is signed out"
    kept = everything_kept(households, somebody)
    assert given not in kept
    assert somebody.username not in kept
    assert "username_changed" in kept
    enter(server, Somebody(**{name: getattr(somebody, name) for name in somebody.__slots__} | {"username": given}))


def test_of_two_presses_at_once_one_counts(server: RunningServer, households: Households) -> None:
    somebody = households.people.teacher()
    households.protect(somebody, alias=ALIAS)
    browser = enter(server, somebody, to=OWN)
    sent = {"csrf": csrf_of(browser)}
    headers = {"origin": server.base_url}
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: browser.client.post(OWN, data=sent, headers=headers).status_code, range(4)))
    assert set(answers) == {303}
    former = "select count(*) from directory_former_username where account_id = $1"
    assert value(households, former, somebody.account_id) == 1
    assert len(households.audited(somebody, "account.username_changed")) == 1


@pytest.mark.parametrize("why", ["not protected", "of the alias", "signs in with pictures", "no longer protected"])
def test_nobody_else_gets_one_though_they_post(why: str, server: RunningServer, households: Households) -> None:
    pictures = why == "signs in with pictures"
    somebody = (
        households.people.pupil(level="1", secret=["sol", "hus", "bil", "is"])
        if pictures
        else households.people.teacher()
    )
    if why != "not protected":
        households.protect(somebody, alias=("Test", "Person") if why == "of the alias" else ALIAS)
    browser = enter(server, somebody)
    if why == "no longer protected":
        households.execute("update directory_person set protected = false where person_id = $1", somebody.person_id)
    assert OWN not in browser.open("/mit").text
    assert press(browser).page.status_code == 404
    assert browser.open(OWN).status_code == 404
    assert name_of(households, somebody) == somebody.username


def test_a_parent_gives_a_small_child_one(server: RunningServer, households: Households) -> None:
    parent, child = households.parent_and_child()
    households.protect(child, alias=ALIAS)
    page = f"/mit/boern/{child.account_id}"
    browser = enter(server, parent, to=page)
    assert "Giv et nyt brugernavn" in browser.text
    for _ in range(2):
        press(browser, f"{page}/nyt-brugernavn")
        given = name_of(households, child)
        assert given.startswith("bent")
        assert given in browser.text
        assert "Skriv det ned" in browser.text
    assert given not in browser.open(page).text
    assert "Giv et nyt brugernavn" not in browser.text
    assert len(households.audited(child, "account.username_changed")) == 1


@pytest.mark.parametrize("why", ["a big child", "another's child", "custody lost", "not protected"])
def test_a_parent_gives_no_other_child_one(why: str, server: RunningServer, households: Households) -> None:
    parent, child = households.parent_and_child(level="7" if why == "a big child" else "2")
    if why != "not protected":
        households.protect(child, alias=ALIAS)
    browser = enter(server, households.people.teacher() if why == "another's child" else parent)
    if why == "custody lost":
        households.take_custody(parent, child)
    press(browser, f"/mit/boern/{child.account_id}/nyt-brugernavn")
    assert browser.page.status_code == (200 if why == "not protected" else 404)
    assert name_of(households, child) == child.username


@pytest.mark.parametrize("refused", ["without the hand", "unreserved", "given up"])
def test_k_19_the_database_lets_nobody_take_a_name(
    refused: str, server: RunningServer, households: Households, k_19_given_up: str
) -> None:
    somebody = households.people.teacher()
    wanted = {"without the hand": "zzzz0001", "unreserved": "zzzz0002", "given up": k_19_given_up}[refused]
    if refused == "without the hand":
        households.execute("insert into directory_username (username) values ($1) on conflict do nothing", wanted)

    async def take() -> None:
        connection = await connect(households.dsn)
        try:
            async with connection.transaction():
                if refused != "without the hand":
                    await connection.execute("set local unilogin.renaming = 'on'")
                await connection.execute(
                    "update directory_account set username = $2 where account_id = $1", somebody.account_id, wanted
                )
        finally:
            await connection.close()

    with pytest.raises(Exception, match="username"):
        run(take())


@pytest.fixture
def k_19_given_up(households: Households) -> str:
    """A name that somebody gave up."""
    somebody = households.people.teacher()
    sql = "insert into directory_former_username (username, account_id, leads_until) values ($1, $2, kit_now())"
    households.execute("insert into directory_username (username) values ('zzzy0001') on conflict do nothing")
    households.execute(f"{sql} on conflict do nothing", "zzzy0001", UUID(str(somebody.account_id)))
    return "zzzy0001"
