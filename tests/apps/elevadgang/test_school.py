"""An administrator: blocks and unblocks, decides kinds of password and who helps, and reads who helped whom."""

import pytest

from tests.apps.elevadgang.classroom import Class, Classroom
from tests.apps.elevadgang.test_class import can_sign_in
from tests.apps.entering import csrf_of, enter
from tests.server import RunningServer
from tests.visitor import Visitor


@pytest.fixture
def held(classroom: Classroom) -> Class:
    return classroom.make()


@pytest.fixture
def administrator(server: RunningServer, classroom: Classroom, held: Class) -> Visitor:
    head = classroom.households.people.teacher(institution=held.teacher.institution)
    browser = enter(server, head, to="/elevadgang/klasser")
    classroom.let_administer(head)  # afterwards: who administers has no password
    classroom.be_sure(head)
    browser.open("/elevadgang/administrator")
    return browser


def post(browser: Visitor, url: str, fields: dict[str, str]) -> None:
    browser.post(url, {"csrf": csrf_of(browser)} | fields)


def test_all_classes_of_the_school_are_there(classroom: Classroom, held: Class, administrator: Visitor) -> None:
    other = classroom.make(pupils=1, institution=held.teacher.institution)
    foreign = classroom.make(pupils=1)
    page = administrator.open("/elevadgang/administrator").text
    assert held.admin_url in page
    assert other.admin_url in page
    assert foreign.admin_url not in page


def test_a_blocked_pupil_is_out_at_once_and_comes_back_with_the_same_secret(
    server: RunningServer, classroom: Classroom, held: Class, administrator: Visitor
) -> None:
    pupil = held.pupils[0]
    own = enter(server, pupil, to="/mit")
    url = f"{held.admin_url}/elev/{pupil.account_id}"
    post(administrator, f"{url}/spaerre", {"block": "yes", "why": "misused"})
    assert "Andre har brugt adgangen" in administrator.text
    own.open("/mit")
    assert own.path.startswith("/login/")
    assert not can_sign_in(server, pupil)
    teacher = enter(server, held.teacher, to=held.url)
    assert "Spærret" in teacher.text
    post(administrator, f"{url}/spaerre", {"block": "no"})
    assert can_sign_in(server, pupil)
    for action in ("account.blocked", "account.unblocked"):
        assert len(classroom.households.audited(pupil, action)) == 1
    assert classroom.told(pupil) >= {"blocked", "unblocked"}


def test_a_window_that_was_open_is_nothing_to_a_blocked_pupil(
    server: RunningServer, classroom: Classroom, held: Class, administrator: Visitor
) -> None:
    pupil = held.pupils[0]
    administrator.open(held.admin_url)
    post(administrator, f"{held.admin_url}/ny-adgangskode", {"one": str(pupil.account_id)})
    administrator.open("/elevadgang/administrator")
    post(administrator, f"{held.admin_url}/elev/{pupil.account_id}/spaerre", {"block": "yes", "why": "asked"})
    browser = Visitor(server.base_url)
    browser.open("/mit")
    browser.submit(button=("selectedIdp", "uni_idp"))
    browser.submit({"username": pupil.username})
    assert not browser.path.endswith("/window")


def test_a_reason_is_one_of_ours(classroom: Classroom, held: Class, administrator: Visitor) -> None:
    """What is kept about a child is no sentence of anybody's."""
    pupil = held.pupils[0]
    url = f"{held.admin_url}/elev/{pupil.account_id}"
    post(administrator, f"{url}/spaerre", {"block": "yes", "why": "<b>Han er fræk</b>"})
    assert not classroom.households.audited(pupil, "account.blocked")


def test_the_kind_of_password_is_decided_for_one_pupil(held: Class, administrator: Visitor) -> None:
    url = f"{held.admin_url}/elev/{held.pupils[0].account_id}"
    post(administrator, f"{url}/type", {"type": "words"})
    assert administrator.document.xpath("//select[@name='type']/option[@selected]/@value") == ["words"]
    administrator.open(held.admin_url)
    assert "Ord" in administrator.text
    post(administrator, f"{url}/type", {"type": ""})
    assert administrator.document.xpath("//select[@name='type']/option[@selected]/@value") == []


def test_what_the_school_decides_is_shown_again(held: Class, administrator: Visitor) -> None:
    url = f"/elevadgang/administrator/skole/{held.teacher.institution.lower()}/indstillinger"
    administrator.open(url)
    post(administrator, url, {"pedagogues": "1", "two_factors": "1", "highest_grade": "6"})
    assert "Gemt" in administrator.text
    assert administrator.document.xpath("//input[@checked]/@name") == ["pedagogues", "two_factors"]
    post(administrator, url, {"highest_grade": "6", "check_code": "1", "own_addresses": "1"})
    assert administrator.document.xpath("//input[@checked]/@name") == ["check_code", "own_addresses"]
    assert administrator.document.xpath("//option[@selected]/@value") == ["6"]
    post(administrator, url, {"highest_grade": "11"})
    assert administrator.document.xpath("//option[@selected]/@value") == []


def test_who_helped_whom_is_listed_and_searched(
    server: RunningServer, classroom: Classroom, held: Class, administrator: Visitor
) -> None:
    teacher = enter(server, held.teacher, to=held.url)
    post(teacher, f"{held.url}/ny-adgangskode", {"one": str(held.pupils[0].account_id)})
    url = f"/elevadgang/administrator/skole/{held.teacher.institution.lower()}/hjaelp"
    page = administrator.open(url)
    assert "Åbnede for en ny adgangskode" in page.text
    name = classroom.value("select first_name from directory_person where person_id = $1", held.pupils[0].person_id)
    post(administrator, url, {"q": str(name)})
    assert "Åbnede for en ny adgangskode" in administrator.text
    post(administrator, url, {"q": "Findes Ikke"})
    assert "Her er ikke noget at vise" in administrator.text
    assert "Findes" not in str(administrator.page.url)
