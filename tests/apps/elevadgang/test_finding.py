"""Finding pupils: as one types or by a button, at the school that was chosen, and those who are in no class."""

from uuid import UUID, uuid4

import pytest

from tests.apps.elevadgang.classroom import Class, Classroom
from tests.apps.elevadgang.test_school import post
from tests.apps.entering import csrf_of, enter
from tests.builders.people import Somebody
from tests.server import RunningServer
from tests.visitor import Visitor


@pytest.fixture(scope="module")
def held(classroom: Classroom) -> Class:
    return classroom.make()


@pytest.fixture(scope="module")
def head(classroom: Classroom, held: Class) -> Somebody:
    return classroom.households.people.teacher(institution=held.teacher.institution)


@pytest.fixture(scope="module")
def administrator(server: RunningServer, classroom: Classroom, head: Somebody) -> Visitor:
    browser = enter(server, head, to="/elevadgang/klasser")
    classroom.let_administer(head)  # afterwards: who administers has no password
    classroom.be_sure(head)
    browser.open("/elevadgang/administrator")
    return browser


@pytest.fixture(scope="module")
def teacher(server: RunningServer, held: Class) -> Visitor:
    return enter(server, held.teacher, to="/elevadgang/klasser")


def rest_of(classroom: Classroom, held: Class) -> UUID:
    """The id under which an administrator finds the pupils without a class."""
    institution_id = classroom.value(
        "select institution_id from directory_institution where number = $1", held.teacher.institution
    )
    assert isinstance(institution_id, UUID)
    return institution_id


def ask(browser: Visitor, term: str, *, base: str = "/elevadgang") -> list[dict[str, object]]:
    """Ask as the page's script does."""
    browser.open("/elevadgang/klasser")
    found: list[dict[str, object]] = browser.post(
        f"{base}/soeg", {"csrf": csrf_of(browser), "q": term}, headers={"accept": "application/json"}
    ).json()
    return found


def test_a_pupil_is_found_while_one_types_and_helped_from_there(
    teacher: Visitor, classroom: Classroom, held: Class
) -> None:
    pupil = held.pupils[1]
    (found,) = ask(teacher, pupil.username)
    assert found["id"] == str(pupil.account_id)
    assert (found["url"], found["where"], found["may"]) == (held.url, "2.B", True)
    teacher.open("/elevadgang/klasser")
    post(teacher, f"{found['url']}/ny-adgangskode", {"one": str(found["id"])})
    assert classroom.windows(pupil) == 1


def test_the_page_may_ask_this_server_and_no_other(teacher: Visitor, held: Class) -> None:
    policy = teacher.open("/elevadgang/klasser").headers["content-security-policy"]
    assert policy.endswith("; connect-src 'self'")
    assert "connect-src" not in teacher.open(held.url).headers["content-security-policy"]


def test_pupils_without_a_class_are_the_administrators(
    classroom: Classroom, held: Class, administrator: Visitor, teacher: Visitor
) -> None:
    lost = classroom.households.people.pupil(level="2", secret=None, institution=held.teacher.institution)
    rest = rest_of(classroom, held)
    url = f"/elevadgang/administrator/klasse/{rest}"
    page = administrator.open("/elevadgang/administrator")
    assert url in page.text
    assert "Elever uden klasse 1 elev · 1 uden adgangskode" in administrator.text
    administrator.open(url)
    assert "Uden adgangskode" in administrator.text
    assert str(held.pupils[0].account_id) not in administrator.page.text
    post(administrator, f"{url}/ny-adgangskode", {"all": "1"})
    assert classroom.windows(lost) == 1
    assert [one["url"] for one in ask(administrator, lost.username, base="/elevadgang/administrator")] == [url]
    assert ask(teacher, lost.username) == []
    assert teacher.open(f"/elevadgang/klasse/{rest}").status_code == 404
    assert administrator.open(f"{url}/laan").status_code == 404  # no class that could be lent
    foreign = classroom.make(pupils=1)
    theirs = f"/elevadgang/administrator/klasse/{rest_of(classroom, foreign)}"
    assert administrator.open(theirs).status_code == 404
    administrator.open("/elevadgang/administrator")
    post(administrator, f"{url}/ny-adgangskode", {"one": str(held.pupils[0].account_id)})  # has a class
    assert administrator.page.status_code == 404


def test_new_pupils_of_a_class_are_helped_together(classroom: Classroom, administrator: Visitor, held: Class) -> None:
    school = classroom.make(pupils=1, institution=held.teacher.institution)
    fresh = [
        classroom.households.people.pupil(level="0", secret=None, institution=held.teacher.institution)
        for _ in range(2)
    ]
    for one in fresh:
        classroom.join(school, one)
    administrator.open(school.admin_url)
    assert "Til de 2 uden adgangskode" in administrator.text
    post(administrator, f"{school.admin_url}/ny-adgangskode", {"all": "new"})
    assert [classroom.windows(one) for one in (*fresh, *school.pupils)] == [1, 1, 0]


def test_somebody_at_two_schools_chooses_and_sees_which_is_on(server: RunningServer, classroom: Classroom) -> None:
    first, second = classroom.make(pupils=1), classroom.make(pupils=1)
    classroom.execute(
        "insert into directory_membership (person_id, institution_id, source, local_person_id, actor_group, roles,"
        " raw_hash) select $1, institution_id, 'more', $2, 'Medarbejder', '{Lærer}', '' from directory_institution"
        " where number = $3",
        first.teacher.person_id,
        str(uuid4()),
        second.teacher.institution,
    )
    classroom.join(second, first.teacher)
    browser = enter(server, first.teacher, to="/elevadgang/klasser")
    for held, other in ((first, second), (second, first)):
        browser.open(f"/elevadgang/klasser?skole={held.teacher.institution.lower()}")
        on = browser.document.xpath("//nav[@class='choosing']//a[@aria-current]/@href")
        assert on == [f"?skole={held.teacher.institution.lower()}"]
        assert held.url in browser.page.text
        assert other.url not in browser.page.text
        browser.open(held.url)
        assert f"?skole={held.teacher.institution.lower()}" in browser.page.text  # back to where one came from
    found = ask(browser, "test")
    assert {one["url"] for one in found} == {first.url, second.url}
    assert all(", " in str(one["where"]) for one in found)  # with the school, as there are two


def test_a_form_may_hold_as_many_ticks_as_a_year_has_pupils(teacher: Visitor, held: Class) -> None:
    """Here nobody of them is in the class: that is what is said, not that the form was too large."""
    teacher.open(held.url)
    ids = [str(uuid4()) for _ in range(200)]
    fields = {"csrf": csrf_of(teacher), "pupil": ids}
    teacher.post(f"{held.url}/ny-adgangskode", fields)  # type: ignore[arg-type]  # several values
    assert teacher.page.status_code == 404
    teacher.post(f"{held.url}/ny-adgangskode", {**fields, "pupil": ids + ids[:70]})  # type: ignore[dict-item]
    assert teacher.page.status_code == 400


def test_my_classes_is_where_one_is_on_the_page_of_a_class(teacher: Visitor, held: Class) -> None:
    teacher.open(held.url)
    assert teacher.document.xpath("//nav//a[@aria-current='page']/@href") == ["/elevadgang/klasser"]
