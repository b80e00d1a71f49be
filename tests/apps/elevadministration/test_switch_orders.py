"""A change of system run from the screen: the file comes in, two people want it run, and it is, or it says why not."""

import asyncio
import io
import re
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from tests.apps.elevadministration.office import Office, open_office, pupils
from tests.apps.entering import csrf_of
from tests.builders.people import People
from tests.builders.running import run
from tests.roster.documents import GROUPS, document, member, person, student
from tests.server import RunningServer
from unilogin.cli.roster_switch import show
from unilogin.domain.audit.model import Actor
from unilogin.domain.directory.bulk import lock_institution
from unilogin.kit.db.connection import Transaction, connect
from unilogin.roster.switching import ordering, uploads
from unilogin.roster.switching.model import SwitchId
from unilogin.roster.switching.retiring import retire_due

NEW = (*pupils(3, seed=91), member("n-9", person("6405160972", first="Ny", family="Her"), student()))


@pytest.fixture(scope="module")
def school(office: Office) -> Office:
    """A school whose old system has delivered four pupils."""
    office.deliver(*pupils(4, seed=91))
    return office


@pytest.fixture(scope="module")
def second(server: RunningServer, people: People, office: Office) -> Office:
    """Another administrator of the same school."""
    return open_office(server, people, institution=office.number)


def hand_in(
    office: Office, content: bytes, *, name: str = "ny.xml", old: str = "Prøvesystem", token: str | None = None
) -> int:
    """Hand in a file from the page for it; return the status of the last page, when the file is read."""
    browser = office.browser
    browser.open(f"{office.url}/systemskift/ny")
    fields = {"csrf": csrf_of(browser) if token is None else token, "old": old}
    answer = browser.client.post(
        f"{office.url}/systemskift/ny", data=fields, files={"file": (name, content, "application/xml")}
    )
    browser.page = answer
    if answer.status_code == 303:
        browser.open(str(answer.headers["location"]))
    if "/systemskift/fil/" in str(browser.path):
        url = str(browser.path)
        answered = "select answer is not null from roster_switch_upload where upload_id::text = $1"
        until(lambda: office.value(answered, url[-36:]) is True)
        browser.open(url)
    return int(browser.page.status_code)


def until(has_come: Callable[[], bool]) -> None:
    ends = time.monotonic() + 120
    while not has_come():
        assert time.monotonic() < ends
        time.sleep(0.2)


def until_done(office: Office, url: str, what: str) -> None:
    """A process of its own does it, here or at the server: whoever is first."""
    carry_out(office)
    done = f"select {what} is not null from roster_switch where switch_id::text = $1"
    until(lambda: office.value(done, url[-36:]) is True)


def put_in(office: Office, content: bytes, *, old: str = "Prøvesystem", by: Office | None = None) -> str:
    """Hand in a file behind the page's back, as it does itself; return the address of what comes of it."""

    async def do(tx: Transaction) -> object:
        where = await tx.fetchval("select institution_id from directory_institution where number = $1", office.number)
        who = (by or office).head.account_id
        secrets = office.people.secrets
        return await uploads.hand_in(tx, where, io.BytesIO(content), old_source=old, by=who, secrets=secrets)

    return f"{office.url}/systemskift/fil/{in_transaction(office, do)}"


def read_all(office: Office) -> None:
    """What the process does that a page or a job starts; another one may be at it already."""

    async def do() -> None:
        connection = await connect(office.dsn, role="unilogin_run")
        try:
            while await uploads.carry_out_next(connection, secrets=office.people.secrets):
                pass
        finally:
            await connection.close()

    run(do())
    until(lambda: office.value("select count(*) from roster_switch_upload where answered_at is null") == 0)


def first_file(office: Office, *members: str, source: str = "Det Nye") -> bytes:
    return document(*members, number=office.number, groups=GROUPS, source=source).encode()


def plan_anew(office: Office, *members: str) -> str:
    url = put_in(office, first_file(office, *(members or NEW)))
    read_all(office)
    assert "Intet er ændret" in office.browser.open(url).text
    return str(office.browser.path)


def say(office: Office, url: str, word: str, **fields: str) -> str:
    office.browser.open(url)
    seen = office.browser.document.xpath("string(//input[@name='seen']/@value)")
    return office.post(f"{url}/{word}", seen=str(seen), **fields).page.text


def carry_out(office: Office) -> bool:
    """What the process does that a page or a job starts."""

    async def do() -> bool:
        connection = await connect(office.dsn, role="unilogin_run")
        try:
            return await ordering.carry_out_next(connection, secrets=office.people.secrets)
        finally:
            await connection.close()

    return run(do())


def parts_kept(office: Office) -> object:
    return office.value(
        "select count(*) from roster_switch_part f join roster_switch using (switch_id)"
        " join directory_institution i using (institution_id) where i.number = $1",
        office.number,
    )


def there(office: Office, source: str) -> object:
    """How many a system has at the school."""
    return office.value(
        "select count(*) from directory_membership join directory_institution i using (institution_id)"
        " where i.number = $1 and source = $2 and ended_at is null",
        office.number,
        source,
    )


def test_a_bad_file_is_told_in_plain_words_and_plans_nothing(school: Office) -> None:
    elsewhere = document(*NEW, number="999999", groups=GROUPS, source="Det Nye").encode()
    cut = first_file(school, *NEW)
    named = {
        "not_xml": (b"hej", "linje 1"),
        "cut off": (cut[: len(cut) // 2], "Send hele filen igen"),
        "zip of nothing": (b"PK\x05\x06" + b"\0" * 18, "zip"),
        "other school": (elsewhere, "anden skole"),
        "same source": (first_file(school, *NEW, source="Prøvesystem"), "det system, I vil forlade"),
    }
    urls = {name: put_in(school, content) for name, (content, _) in named.items()}
    urls["no old source"] = put_in(school, cut, old="Findes ikke")
    read_all(school)
    words = {name: said for name, (_, said) in named.items()} | {"no old source": "ingen på skolen fra det gamle"}
    for name, url in urls.items():
        page = school.browser.open(url)
        assert page.status_code == 422, name
        assert words[name] in page.text, (name, page.text)
        assert 'name="file"' in page.text, "another one may be handed in at once"
    assert hand_in(school, b"") == 422
    assert "Vælg filen først" in school.browser.text
    assert (parts_kept(school), uploads_kept(school)) == (0, 0)


def test_whom_nobody_can_read_in_the_file_is_on_the_page_with_what_to_do(school: Office) -> None:
    """They would leave, and whoever says yes to that must know why."""
    ill = member("n-77", person("6105167798", first="Syg", family="Række"), student(main="findes-ikke"))
    page = school.browser.open(plan_anew(school, *NEW, ill)).text
    assert "1 person i filen kan ikke læses" in page
    assert "n-77" in page
    assert "Syg" not in page
    assert "kan ikke læses" not in school.browser.open(plan_anew(school, *NEW)).text


def test_the_file_is_read_by_a_process_of_its_own(school: Office) -> None:
    """From the page: until it is read the page says so, and nobody else waits."""
    assert hand_in(school, first_file(school, *NEW, source="Prøvesystem")) == 422
    assert hand_in(school, first_file(school, *NEW)) == 200, school.browser.text
    assert "Filen er læst." in school.browser.text
    assert "1 person er ikke i den nye fil" in school.browser.text
    say(school, str(school.browser.path), "fortryd")


def test_until_the_file_is_read_the_page_says_so(school: Office, second: Office) -> None:
    async def look() -> tuple[str, str]:
        connection = await connect(school.dsn)
        try:
            async with connection.transaction():  # nobody plans for the school meanwhile
                where = await connection.fetchval(
                    "select institution_id from directory_institution where number = $1", school.number
                )
                await lock_institution(connection, where)
                url = await asyncio.to_thread(put_in, school, first_file(school, *NEW))
                return url, await asyncio.to_thread(lambda: say_where(school, second, url))
        finally:
            await connection.close()

    url, said = run(look())
    assert "Vi læser det nye systems første fil" in said
    read_all(school)
    assert "Filen er læst." in school.browser.open(url).text
    say(school, str(school.browser.path), "fortryd")


def say_where(office: Office, other: Office, url: str) -> str:
    assert "Filen bliver læst" in office.browser.open(url).text
    return str(other.browser.open(f"{other.url}/systemskift").text)


def test_b_a01_another_schools_file_is_unknown(school: Office, server: RunningServer, people: People) -> None:
    stranger = open_office(server, people)
    url = put_in(school, b"hej")
    read_all(school)
    assert stranger.browser.open(url).status_code == 404
    assert stranger.browser.open(url.replace(school.url, stranger.url)).status_code == 404


def uploads_kept(office: Office) -> object:
    return office.value(
        "select count(*) from roster_switch_upload_part join roster_switch_upload using (upload_id)"
        " join directory_institution i using (institution_id) where i.number = $1",
        office.number,
    )


def test_a_foreign_page_hands_in_nothing(school: Office) -> None:
    assert hand_in(school, first_file(school, *NEW), token="forkert") == 403
    headers = {"Origin": "https://andre.example"}
    answer = school.browser.client.post(f"{school.url}/systemskift/ny", files={"file": b"x"}, headers=headers)
    assert answer.status_code == 403
    assert parts_kept(school) == 0


def test_two_people_run_it_at_a_time_and_take_it_back(school: Office, second: Office) -> None:
    url = plan_anew(school)
    sealed = school.value(
        "select sealed from roster_switch_part join roster_switch using (switch_id) where switch_id::text = $1",
        url.rsplit("/", 1)[1],
    )
    assert isinstance(sealed, bytes)
    assert b"UNILogin" not in sealed
    assert "1 person er ikke i den nye fil" in school.browser.text
    assert "ikke er gået" in say(school, url, "koer", when="later", day="2020-01-01", clock="04:00")
    assert "ikke er gået" in say(school, url, "koer", when="later", day="2099-01-01", clock="04:00")
    assert "En anden person skal sige ja" in say(school, url, "koer", when="now")
    assert "Noget har ændret sig" in say(school, url, "enig"), "one person's second word is no second person's (B-A05)"
    assert not carry_out(school)
    assert "bliver ikke gennemført nu" in say(second, url, "traek")
    soon = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    say(school, url, "koer", when="later", day=soon, clock="04:00")
    assert "venter på, at en anden person siger ja" in second.browser.open(second.url).text
    assert "valgte tidspunkt" in say(second, url, "enig")
    name = school.value("select first_name from directory_person where person_id = $1", second.head.person_id)
    assert f"Du og {name} Prøve har sagt ja" in " ".join(school.browser.open(url).text.split())
    assert not carry_out(school), "its time has not come"
    say(second, url, "traek")
    say(school, url, "koer", when="now")
    assert re.search("taget over|Skiftet er i gang", say(second, url, "enig")), second.browser.text
    until_done(school, url, "run_at")
    text = school.browser.open(url).text
    assert "Det nye system har taget over" in text
    assert parts_kept(school) == 0
    assert (there(school, "Det Nye"), there(school, "Prøvesystem")) == (4, 0)
    assert re.search("taget tilbage|tilbage til det gamle system", say(school, url, "fortryd"))
    until_done(school, url, "undone_at")
    assert (there(school, "Det Nye"), there(school, "Prøvesystem")) == (0, 4)


def day_in(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


def test_the_old_systems_people_go_on_a_day_that_can_be_moved(school: Office, second: Office) -> None:
    url = plan_anew(school)
    for wrong in ({}, {"until": day_in(-1)}, {"until": day_in(95)}, {"until": "i morgen"}):
        assert "efter det nye systems start" in say(school, url, "koer", when="now", retire="later", **wrong)
    late = {"when": "later", "day": day_in(6), "clock": "04:00", "retire": "later"}
    assert "efter det nye systems start" in say(school, url, "koer", **late, until=day_in(6)), "not after the run"
    say(school, url, "koer", when="now", retire="later", until=day_in(20))
    second.browser.open(url)
    (seen,) = second.browser.document.xpath("//input[@name='seen']/@value")
    say(school, url, "koer", when="now", retire="later", until=day_in(30))
    assert "Noget har ændret sig" in second.post(f"{url}/enig", seen=str(seen)).page.text, "another day than was seen"
    assert "Dem fra det gamle system går" in second.browser.open(url).text
    say(second, url, "enig")
    until_done(school, url, "run_at")
    text = school.browser.open(url).text
    assert "Det gamle system slippes" in text
    assert "1 person er kun i det gamle system" in text
    assert (there(school, "Det Nye"), there(school, "Prøvesystem")) == (4, 4)
    ends = "select retire_at::date::text from roster_switch where switch_id::text = $1"
    assert school.value(ends, url[-36:]) == day_in(30)
    for day in (day_in(0), day_in(91), "x"):
        assert "højst 90 dage" in say(school, url, "slip", when="day", until=day)
    assert "Gemt" in say(second, url, "slip", when="day", until=day_in(60)), "one word is enough"
    assert school.value(ends, url[-36:]) == day_in(60)
    assert "om lidt" in say(school, url, "slip", when="now")
    in_transaction(school, retire_due)
    assert "Det nye system har taget over" in school.browser.open(url).text
    assert there(school, "Prøvesystem") == 0
    assert "Noget har ændret sig" in say(school, url, "slip", when="now"), "too late"
    say(school, url, "fortryd")
    until_done(school, url, "undone_at")
    assert there(school, "Prøvesystem") == 4


def test_what_changed_in_between_is_not_run(school: Office, second: Office) -> None:
    """More leave than both have seen: the plan waits for them to look again."""
    url = plan_anew(school)
    say(school, url, "koer", when="now")
    school.value("update roster_switch set wanted_leaving = 0 where switch_id::text = $1 returning true", url[-36:])
    assert "Noget har ændret sig" in say(second, url, "enig")
    assert not carry_out(school)
    assert "Skiftet er taget tilbage" in say(school, url, "fortryd")
    assert parts_kept(school) == 0


def test_b_a05_whoever_decides_anew_after_a_yes_needs_another_yes(school: Office, second: Office) -> None:
    """Somebody else's number would be taken over by a word that nobody has seconded."""
    doubt = member("n-2", person("6205160973", first="Elev2", family="Prøvesen"), student())
    url = plan_anew(school, NEW[0], doubt, *NEW[2:])
    assert "Gemt" in say(school, url, "afgoer", who="n-2", same_as="=")
    later = {"when": "later", "day": (datetime.now(UTC) + timedelta(days=2)).strftime("%Y-%m-%d"), "clock": "04:00"}
    assert "En anden person skal sige ja" in say(school, url, "koer", **later)
    second.browser.open(url)
    (seen,) = second.browser.document.xpath("//input[@name='seen']/@value")
    assert "Gemt" in say(school, url, "afgoer", who="n-2", same_as="e-2")
    assert "Noget har ændret sig" in second.post(f"{url}/enig", seen=str(seen)).page.text
    assert "En anden person skal sige ja" in say(school, url, "koer", **later)
    second.browser.open(school.url)
    assert "Noget har ændret sig" in second.post(f"{url}/enig", seen=str(seen)).page.text, "a page of before"
    say(second, url, "enig")
    agreed = "select agreed_at is not null from roster_switch where switch_id::text = $1"
    assert school.value(agreed, url[-36:]) is True
    assert "Gemt" in say(school, url, "afgoer", who="n-2", same_as="=")
    assert school.value(agreed, url[-36:]) is False
    assert "Skiftet er taget tilbage" in say(school, url, "fortryd")


def test_b_a01_another_schools_switch_is_unknown(school: Office, server: RunningServer, people: People) -> None:
    url = plan_anew(school)
    stranger = open_office(server, people)
    stranger.browser.open(stranger.url)
    assert stranger.browser.open(url).status_code == 404
    theirs = url.replace(school.url, stranger.url)
    stranger.browser.open(f"{stranger.url}/systemskift/ny")
    for word in ("koer", "enig", "traek", "fortryd"):
        stranger.browser.open(f"{stranger.url}/manuel/ny")
        assert stranger.post(f"{theirs}/{word}").page.status_code == 404
    say(school, url, "fortryd")


def in_transaction(office: Office, work: Callable[[Transaction], Awaitable[object]]) -> object:
    async def do() -> object:
        connection = await connect(office.dsn, role="unilogin_run")
        try:
            async with connection.transaction():
                return await work(connection)
        finally:
            await connection.close()

    return run(do())


def test_who_runs_unilogin_may_be_the_second_one(
    school: Office, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = plan_anew(school)
    switch_id, operator = SwitchId(UUID(url[-36:])), Actor("operator", "tests")
    later = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    say(school, url, "koer", when="later", day=later, clock="04:00", retire="later", until=day_in(12))
    monkeypatch.setenv("UNILOGIN_DATABASE_URL", school.dsn)
    with ThreadPoolExecutor(1) as thread:  # a browser's loop may run in this one
        thread.submit(show, UUID(url[-36:])).result()
    words = " ".join(capsys.readouterr().out.split())
    assert f"wants to run it {later}" in words
    assert f"the old one goes {day_in(12)}" in words
    assert not in_transaction(school, lambda tx: ordering.agree_to_run(tx, switch_id, seen=None, actor=operator))
    assert "driver Unilogin har sagt ja" in " ".join(school.browser.open(url).text.split())
    say(school, url, "traek")


def test_the_file_and_the_names_in_it_are_forgotten_after_thirty_days(school: Office) -> None:
    doubt = member("n-4", person("6405160974", first="Elev4", family="Prøvesen"), student())
    url = plan_anew(school, *NEW, doubt)
    names = "select count(told_name) from roster_switch_person where switch_id::text = $1"
    assert school.value(names, url[-36:]) == 1
    old = (
        "update roster_switch set planned_at = kit_now() - interval '31 days' where switch_id::text = $1 returning true"
    )
    assert school.value(old, url[-36:])
    in_transaction(school, ordering.mind_switches)
    assert (parts_kept(school), school.value(names, url[-36:])) == (0, 0)
    assert "Vi har ikke filen" in say(school, url, "afgoer", who="n-4", same_as="=")
    say(school, url, "fortryd")
