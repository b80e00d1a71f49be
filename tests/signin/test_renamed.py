"""Signing in with a username that was given up: it opens for thirty days, tells nobody anything, then is nobody's."""

import pytest

from tests.builders.people import People, Somebody
from tests.builders.running import run
from tests.signin.conftest import BeginJourney
from tests.signin.test_journey import type_username
from tests.visitor import Visitor
from unilogin.domain.audit.model import Actor
from unilogin.domain.identity.renaming import give_new_username
from unilogin.domain.limits.fingerprints import Fingerprints
from unilogin.kit.db.connection import connect
from unilogin.kit.secrets import Secrets

TESTS = Actor("operator", "tests")
PICTURES = ["sol", "hus", "bil", "is"]
PROTECT = (
    "update directory_person set protected = true, alias_first_name = 'Malene', alias_family_name = 'Skjult'"
    " where person_id = $1"
)


async def renamed(people: People, somebody: Somebody) -> str:
    connection = await connect(people.dsn, role="unilogin_run")
    try:
        async with connection.transaction():
            await connection.execute(PROTECT, somebody.person_id)
            given = await give_new_username(connection, somebody.account_id, secrets=people.secrets, actor=TESTS)
    finally:
        await connection.close()
    assert given is not None
    return given


async def _do(people: People, sql: str, *arguments: object) -> list[object]:
    connection = await connect(people.dsn)
    try:
        return [tuple(row) for row in await connection.fetch(sql, *arguments)]
    finally:
        await connection.close()


def enters(begin_journey: BeginJourney, username: str, somebody: Somebody) -> Visitor:
    visitor = begin_journey()
    type_username(visitor, username)
    if isinstance(somebody.secret, list):
        visitor.submit({"pictures": ",".join(somebody.secret)})
    else:
        visitor.submit({"password": str(somebody.secret)})
    return visitor


@pytest.mark.parametrize("secret", [PICTURES, "solskin over klitten 7"])
def test_both_names_open_and_after_thirty_days_the_new_one_alone(
    begin_journey: BeginJourney, people: People, secret: str | list[str]
) -> None:
    somebody = people.pupil(level="2" if isinstance(secret, list) else "8", secret=secret)
    given = run(renamed(people, somebody))
    assert given.startswith("male")
    for name in (somebody.username, given):
        assert enters(begin_journey, name, somebody).moves_on, name
    run(end(people, somebody))
    assert not enters(begin_journey, somebody.username, somebody).moves_on
    assert enters(begin_journey, given, somebody).moves_on


async def end(people: People, somebody: Somebody) -> None:
    """Let the thirty days be over: the row never changes, so it is made anew."""
    await _do(
        people,
        "with gone as (delete from directory_former_username where account_id = $1 returning username, account_id)"
        " insert into directory_former_username (username, account_id, leads_until)"
        " select username, account_id, kit_now() from gone on conflict do nothing",
        somebody.account_id,
    )


def test_rw_9_who_knows_the_old_name_is_told_neither_the_new_one_nor_the_alias(
    begin_journey: BeginJourney, people: People
) -> None:
    somebody = people.pupil()
    given = run(renamed(people, somebody))
    visitor = begin_journey()
    type_username(visitor, somebody.username)
    pages = [visitor.page.text]
    links = [str(href) for href in visitor.document.xpath("//a/@href") if "/login/" in str(href)]
    visitor.submit({"password": "et helt forkert gæt 3"})
    pages.append(visitor.page.text)
    assert somebody.username in visitor.page.text, "what was typed is what is shown"
    pages.extend(visitor.open(link).text for link in links)
    for page in pages:
        assert given not in page
        assert "Malene" not in page
        assert "Skjult" not in page


def test_a_new_name_is_no_new_chance_to_guess(begin_journey: BeginJourney, people: People, secrets: Secrets) -> None:
    """Nor is the old one beside it: both count for the account, and trusted devices stay."""
    somebody = people.pupil()
    enters(begin_journey, somebody.username, somebody)
    for wrong in ("forkert et to tre", "forkert fire fem", "forkert seks syv"):
        visitor = begin_journey()
        type_username(visitor, somebody.username)
        visitor.submit({"password": wrong})
    counts = "select place, failures, verdict from limits_bucket where account_key = $1 order by place"
    key = Fingerprints(secrets["throttle"]).account
    before = run(_do(people, counts, key(somebody.username)))
    assert before
    given = run(renamed(people, somebody))
    assert run(_do(people, counts, key(given))) == before
    assert run(_do(people, counts, key(somebody.username))) == []
    visitor = begin_journey()
    type_username(visitor, somebody.username)
    visitor.submit({"password": "forkert otte ni"})
    assert run(_do(people, counts, key(somebody.username))) == [], "the old name counts for the account"
