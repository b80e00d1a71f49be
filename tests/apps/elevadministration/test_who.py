"""Who gets into Elevadministration: every address, tried by everybody who must not get in."""

import re

import pytest

from tests.apps.elevadministration.office import Office, let_administer, open_office, pupils
from tests.apps.elevadministration.test_switch_orders import put_in
from tests.apps.entering import csrf_of, enter
from tests.builders.people import People
from tests.builders.running import run
from tests.roster.documents import member, person, student
from tests.server import RunningServer
from tests.visitor import Visitor
from unilogin.kit.db.connection import connect
from unilogin.urls import URLS

LINES = [line for line in URLS if line.path.startswith("/elevadministration/skole/")]
"""Every address of a school."""

Ids = dict[str, str]
OF_SCHOOL = (
    "directory_membership using (membership_id) join directory_institution using (institution_id) where number = $1"
)
MEMBER = (
    "select person_id from directory_membership join directory_institution using (institution_id) where number = $1"
)
RETURN = (
    "insert into access_return (institution_id, account_id, actor_group, role, wanted_by)"
    " select i.institution_id, a.account_id, 'Ekstern', 'Ekstern', $1 from directory_institution i"
    " join directory_membership m using (institution_id) join directory_account a using (person_id)"
    " where i.number = $2 and a.account_id <> $1 limit 1 returning return_id"
)


@pytest.fixture(scope="module")
def ids(office: Office) -> Ids:
    """Ids of the school that really exist."""
    office.deliver(*pupils(3, seed=31))
    other_number = member("e-1", person("6405160931", first="Elev1", family="Prøvesen"), student())
    delivery = office.deliver(other_number, *pupils(2, first=2, seed=31)).delivery_id
    office.browser.open(f"{office.url}/manuel/ny")
    added = {"cpr": "6502900932", "first_name": "Eva", "family_name": "Udefra", "role": "Ekstern"}
    office.post(f"{office.url}/manuel/ny", **added)
    one, other = (office.people.pupil(institution=office.number, secret=None).username for _ in range(2))
    office.browser.open(f"{office.url}/sammenlaegning")
    proposed = office.post(f"{office.url}/sammenlaegning/foreslaa", one=one, other=other).path
    return {
        "number": office.number.lower(),
        "proposal_id": proposed.rpartition("/")[2],
        "delivery_id": str(delivery),
        "case_id": str(office.value(f"select case_id from roster_cpr_case join {OF_SCHOOL}", office.number)),
        "membership_id": str(
            office.value(f"select membership_id from directory_manual join {OF_SCHOOL}", office.number)
        ),
        "person_id": str(office.value(MEMBER, office.number)),
        "return_id": str(office.value(RETURN, office.head.account_id, office.number)),
        "switch_id": str(office.plan_switch(*pupils(3, seed=31))),
        "upload_id": put_in(office, b"<none/>")[-36:],
    }


@pytest.fixture(scope="module")
def stranger(server: RunningServer, people: People) -> Office:
    """An administrator of another school."""
    return open_office(server, people)


def test_the_ids_are_real(ids: Ids) -> None:
    assert set(re.findall(r"\{(\w+)\}", " ".join(line.path for line in LINES))) == set(ids)
    assert "None" not in ids.values()


def address(path: str, ids: Ids) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: ids[found[1]], path)


def ask(browser: Visitor, method: str, url: str) -> int:
    """Ask as a browser would, with the token of the page that is open."""
    if method == "GET":
        return int(browser.client.get(url).status_code)
    headers = {"Origin": browser.base_url, "Sec-Fetch-Site": "same-origin"}
    sent = {"csrf": csrf_of(browser), "q": "Elev1", "format": "oneroster", "alias_first_name": "A", "role": "Ekstern"}
    files = {"file": ("new.xml", b"<none/>")} if url.endswith("/systemskift/ny") else None
    return int(browser.client.post(url, data=sent, files=files, headers=headers).status_code)


def answers(browser: Visitor, ids: Ids) -> dict[str, int]:
    return {f"{line.method} {line.path}": ask(browser, line.method, address(line.path, ids)) for line in LINES}


def test_b_a01_an_administrator_of_another_school_finds_nothing(stranger: Office, ids: Ids) -> None:
    stranger.browser.open(stranger.url)
    assert set(answers(stranger.browser, ids).values()) == {404}


def test_b_a01_ids_of_another_school_under_ones_own_are_unknown(stranger: Office, ids: Ids) -> None:
    stranger.browser.open(stranger.url)
    own = ids | {"number": stranger.number.lower()}
    found = {line: status for line, status in answers(stranger.browser, own).items() if "_id}" in line}
    assert len(found) > 10
    assert set(found.values()) == {404}


@pytest.mark.parametrize(
    "odd", ["-1", "*", "9223372036854775808", "'", "%2e%2e", "00000000-0000-0000-0000-000000000000"]
)
def test_b_a02_what_is_no_id_is_unknown(office: Office, ids: Ids, odd: str) -> None:
    office.browser.open(office.url)
    for line in LINES:
        if "_id}" in line.path:
            url = re.sub(r"\{\w+_id\}", odd, line.path).replace("{number}", office.number.lower())
            assert ask(office.browser, line.method, url) == 404, line


def test_who_has_no_right_is_shown_no_school(server: RunningServer, people: People, ids: Ids) -> None:
    """Staff with two factors get in, and read why there is nothing; every address of a school is unknown to them."""
    teacher = people.teacher(institution=ids["number"].upper())
    browser = enter(server, teacher)
    run(_be_sure(people.dsn, teacher.account_id))
    browser.open("/elevadministration/skoler")
    assert "Du er ikke brugeradministrator" in browser.page.text
    assert set(answers(browser, ids).values()) == {404}


async def _be_sure(dsn: str, account_id: object, level: str = "ToFaktor") -> None:
    connection = await connect(dsn)
    await connection.execute("update sessions_session set level = $2 where account_id = $1", account_id, level)
    await connection.close()


def test_one_factor_is_not_enough(server: RunningServer, people: People, ids: Ids) -> None:
    """Pages send on to prove more; what is posted is refused."""
    held = open_office(server, people)
    held.browser.open(held.url)
    run(_be_sure(people.dsn, held.head.account_id, "EnFaktor"))
    own = ids | {"number": held.number.lower()}
    assert {line[:4].strip(): status for line, status in answers(held.browser, own).items()} == {
        "GET": 303,
        "POST": 403,
    }
    held.browser.open(held.url)
    assert not held.browser.path.startswith("/elevadministration/skole"), (
        "the door asks for more, or says that there is no way"
    )


def test_pupils_and_parents_are_stopped_at_the_door(server: RunningServer, people: People, ids: Ids) -> None:
    """Even with two factors: the door lets staff in alone."""
    for somebody in (people.pupil(), _parent(people)):
        browser = enter(server, somebody)
        run(_be_sure(people.dsn, somebody.account_id))
        browser.open("/elevadministration/skoler")
        assert browser.page.status_code == 403
        assert {ask(browser, line.method, address(line.path, ids)) for line in LINES} == {303, 403}


def _parent(people: People):  # type: ignore[no-untyped-def]  # Somebody, who has ceased to work at the school
    """A contact person who kept a session from the time when they worked at a school."""
    parent, child = people.pupil(), people.pupil()
    people.make_parent_of(parent, child)
    return parent


def test_nobody_signed_in_is_sent_to_the_door(server: RunningServer, ids: Ids) -> None:
    browser = Visitor(server.base_url)
    browser.open("/elevadministration")
    assert "Log på med MitID" in browser.page.text
    for line in LINES:
        assert ask(browser, line.method, address(line.path, ids)) in (303, 403), line
    assert "/elevadministration/sign-in" in str(browser.client.get(address(LINES[0].path, ids)).headers["location"])


def test_b_a06_a_right_that_ended_a_moment_ago_reaches_nothing(server: RunningServer, people: People, ids: Ids) -> None:
    held = open_office(server, people)
    held.browser.open(held.url)
    held.value(
        "update access_right set revoked_at = kit_now() where account_id = $1 returning true", held.head.account_id
    )
    assert set(answers(held.browser, ids | {"number": held.number.lower()}).values()) == {404}
    run(let_administer(people.dsn, held.head))
    assert ask(held.browser, "GET", held.url) == 200


def test_a_form_of_another_site_is_refused(office: Office) -> None:
    office.browser.open(office.url)
    url = f"{office.url}/eksport"
    sent = {"csrf": csrf_of(office.browser), "format": "sds"}
    assert office.browser.client.post(url, data=sent, headers={"Origin": "https://evil.example"}).status_code == 403
    own = {"Origin": office.browser.base_url}
    assert office.browser.client.post(url, data=sent | {"csrf": "x"}, headers=own).status_code == 403


def test_rw_6_who_signed_in_eight_hours_ago_proves_anew_who_they_are(
    server: RunningServer, people: People, ids: Ids
) -> None:
    held = open_office(server, people)
    held.browser.open(held.url)
    held.value(
        "update sessions_session set auth_time = auth_time - interval '8 hours 1 minute' where account_id = $1"
        " returning true",
        held.head.account_id,
    )
    own = ids | {"number": held.number.lower()}
    assert set(answers(held.browser, own).values()) == {303, 403}
    assert "fresh=1" in str(held.browser.client.get(held.url).headers["location"])
