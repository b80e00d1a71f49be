"""Who may do what to whom in Elevadgang: every actor, every act, every kind of target, through HTTP with forged ids.

B-A01, B-A03, B-A04, B-A06, B-A15 and RW-6: what is not allowed answers like what is not there, and changes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

import pytest

from tests.apps.elevadgang.classroom import Class, Classroom
from tests.apps.entering import csrf_of, enter
from tests.apps.households import Households
from tests.builders.people import People, Somebody
from tests.server import RunningServer
from tests.visitor import Visitor


@dataclass
class School:
    """A school with two classes, another school, and somebody of each kind in a browser."""

    own: Class
    other: Class
    foreign: Class
    classroom: Classroom
    teacher: Visitor
    administrator: Visitor


@pytest.fixture(scope="module")
def classroom(shared_database: str, people: People) -> Classroom:
    """Makes classes in the shared database."""
    return Classroom(Households(shared_database, people))


@pytest.fixture
def school(server: RunningServer, classroom: Classroom) -> School:
    own = classroom.make()
    other = classroom.make(pupils=1, institution=own.teacher.institution)
    foreign = classroom.make(pupils=1)
    head = classroom.households.people.teacher(institution=own.teacher.institution)
    teacher = enter(server, own.teacher, to=own.url)
    administrator = enter(server, head, to="/elevadgang/klasser")
    classroom.let_administer(head)  # afterwards: who administers has no password
    classroom.be_sure(head)
    return School(own, other, foreign, classroom, teacher, administrator)


Target = Callable[[School], tuple[Class, str]]


def _staff(school: School) -> tuple[Class, str]:
    """A member of the staff who stands in the class list as well."""
    pupil = school.own.pupils[0]
    school.classroom.execute(
        "insert into directory_membership (person_id, institution_id, source, local_person_id, actor_group, roles,"
        " raw_hash) select $1, institution_id, 'more', $2, 'Medarbejder', '{Lærer}', '' from directory_institution"
        " where number = $3",
        pupil.person_id,
        str(pupil.account_id),
        pupil.institution,
    )
    return school.own, str(pupil.account_id)


def _left(school: School) -> tuple[Class, str]:
    school.classroom.households.people.leave(school.own.pupils[0])
    return school.own, str(school.own.pupils[0].account_id)


def _moved(school: School) -> tuple[Class, str]:
    school.classroom.part(school.own, school.own.pupils[0])
    return school.own, str(school.own.pupils[0].account_id)


def _above(school: School) -> tuple[Class, str]:
    school.classroom.decide(school.own, "highest_grade", 1)
    return school.own, str(school.own.pupils[0].account_id)


def _blocked(school: School) -> tuple[Class, str]:
    school.classroom.households.people.block(school.own.pupils[0])
    return school.own, str(school.own.pupils[0].account_id)


def _in_no_class(school: School) -> tuple[Class, str]:
    """Of the same school: an administrator's alone, and not by the address of a class."""
    lost = school.classroom.households.people.pupil(level="2", institution=school.own.teacher.institution)
    return school.own, str(lost.account_id)


def _protected(school: School) -> tuple[Class, str]:
    school.classroom.households.protect(school.own.pupils[0], alias=("Bente", "Dæknavn"))
    return school.own, str(school.own.pupils[0].account_id)


TARGETS: dict[str, Target] = {
    "own": lambda school: (school.own, str(school.own.pupils[0].account_id)),
    "protected": _protected,
    "other class": lambda school: (school.other, str(school.other.pupils[0].account_id)),
    "other class through own": lambda school: (school.own, str(school.other.pupils[0].account_id)),
    "other school": lambda school: (school.foreign, str(school.foreign.pupils[0].account_id)),
    "other school through own": lambda school: (school.own, str(school.foreign.pupils[0].account_id)),
    "oneself": lambda school: (school.own, str(school.own.teacher.account_id)),
    "staff in the class": _staff,
    "left": _left,
    "moved": _moved,
    "above the grade": _above,
    "blocked": _blocked,
    "in no class": _in_no_class,
    "nobody": lambda school: (school.own, str(uuid4())),
    "no id": lambda school: (school.own, "*"),
    "minus one": lambda school: (school.own, "-1"),
    "sql": lambda school: (school.own, "' or true --"),
}

MAY = {
    "teacher": {"own", "protected"},
    "administrator": {"own", "protected", "other class", "above the grade", "blocked"},
}

ACTS = ("ny-adgangskode", "annuller", "fortryd", "for-sjov", "brugernavn", "kort", "ekstra")
ADMINISTRATORS_ACTS = ("spaerre", "type")


def trace(school: School) -> object:
    """What acts leave behind, in one number: rows of the log about anybody here, and windows."""
    return school.classroom.value(
        "select (select count(*) from credentials_window) * 1000000 + (select count(*) from audit_event"
        " where action in ('window.opened', 'window.cancelled', 'window.undone', 'pupil.username_shown',"
        " 'limits.reopened', 'vouch.given', 'account.blocked', 'account.unblocked', 'password.type_forced'))"
    )


@pytest.mark.parametrize("target", TARGETS)
def test_b_a01_b_a03_rw_6_a_teacher(school: School, target: str) -> None:
    """Every act on this target, as a teacher, by the teacher's addresses."""
    held, pupil = TARGETS[target](school)
    before = trace(school)
    answers = {act: post(school.teacher, school, f"{held.url}/{act}", pupil) for act in ACTS}
    if target in MAY["teacher"]:
        assert set(answers.values()) == {200}
        assert trace(school) != before
    else:
        assert set(answers.values()) == {404}, answers
        assert trace(school) == before


@pytest.mark.parametrize("target", TARGETS)
def test_b_a01_an_administrator(school: School, target: str) -> None:
    """Every act on this target, as an administrator of the school."""
    held, pupil = TARGETS[target](school)
    before = trace(school)
    answers = {act: post(school.administrator, school, f"{held.admin_url}/{act}", pupil) for act in ACTS}
    answers |= {
        act: post(school.administrator, school, f"{held.admin_url}/elev/{pupil}/{act}", pupil)
        for act in ADMINISTRATORS_ACTS
        if "/" not in pupil
    }
    if target in MAY["administrator"]:
        assert set(answers.values()) == {200}, answers
        assert trace(school) != before
    else:
        assert set(answers.values()) == {404}, answers
        assert trace(school) == before


@pytest.mark.parametrize("act", [*ACTS, *ADMINISTRATORS_ACTS])
def test_b_a04_a_teacher_is_no_administrator(school: School, act: str) -> None:
    """Not even with the session an administrator has, and not by typing the address."""
    school.classroom.be_sure(school.own.teacher)
    pupil = str(school.own.pupils[0].account_id)
    url = (
        f"{school.own.admin_url}/elev/{pupil}/{act}" if act in ADMINISTRATORS_ACTS else f"{school.own.admin_url}/{act}"
    )
    before = trace(school)
    assert post(school.teacher, school, url, pupil) == 404
    assert trace(school) == before


@pytest.mark.parametrize("page", ["indstillinger", "hjaelp"])
def test_b_a04_the_pages_of_a_school_are_its_administrators(school: School, page: str) -> None:
    school.classroom.be_sure(school.own.teacher)
    own, foreign = (held.teacher.institution.lower() for held in (school.own, school.foreign))
    base = "/elevadgang/administrator/skole"
    assert school.administrator.open(f"{base}/{own}/{page}").status_code == 200
    assert school.administrator.open(f"{base}/{foreign}/{page}").status_code == 404
    assert school.teacher.open(f"{base}/{own}/{page}").status_code == 404
    assert post(school.teacher, school, f"{base}/{own}/{page}", "") == 404
    assert post(school.administrator, school, f"{base}/{foreign}/{page}", "") == 404


def test_an_administrator_needs_two_factors(server: RunningServer, school: School, people: People) -> None:
    head = people.teacher(institution=school.own.teacher.institution)
    browser = enter(server, head, to="/elevadgang/klasser")
    school.classroom.let_administer(head)
    pupil = str(school.own.pupils[0].account_id)
    assert post(browser, school, f"{school.own.admin_url}/ny-adgangskode", pupil) == 403
    assert browser.open(school.own.admin_url).status_code in (200, 403)
    assert browser.path != school.own.admin_url
    assert school.classroom.windows(school.own.pupils[0]) == 0


ENDED: dict[str, Callable[[School], None]] = {
    "membership of the class": lambda school: school.classroom.part(school.own, school.own.teacher),
    "role": lambda school: school.classroom.execute(
        "update directory_membership set roles = '{TAP}' where person_id = $1", school.own.teacher.person_id
    ),
    "class": lambda school: school.classroom.execute(
        "update directory_group set ended_at = kit_now() where group_key = $1", school.own.group_key
    ),
    "class moved": lambda school: school.classroom.execute(
        "update directory_group set institution_id = (select institution_id from directory_institution"
        " where number = $2) where group_key = $1",
        school.own.group_key,
        school.foreign.teacher.institution,
    ),
}


@pytest.mark.parametrize("what", ENDED)
def test_b_a06_what_ended_a_minute_ago_opens_nothing_from_a_page_that_is_still_there(school: School, what: str) -> None:
    pupil = str(school.own.pupils[0].account_id)
    token = csrf_of(school.teacher)
    ENDED[what](school)
    before = trace(school)
    for act in ACTS:
        school.teacher.post(f"{school.own.url}/{act}", {"csrf": token, "one": pupil, "pupil": pupil})
        assert school.teacher.page.status_code == 404, act
    assert trace(school) == before
    assert school.teacher.open(school.own.url).status_code == 404


def test_b_a06_who_left_the_school_is_out(school: School) -> None:
    token = csrf_of(school.teacher)
    school.classroom.households.people.leave(school.own.teacher)
    school.teacher.post(
        f"{school.own.url}/ny-adgangskode", {"csrf": token, "one": str(school.own.pupils[0].account_id)}
    )
    assert school.teacher.page.status_code == 403
    assert school.classroom.windows(school.own.pupils[0]) == 0


def test_b_a06_a_right_that_was_revoked_reaches_nothing(school: School) -> None:
    page = school.administrator.open(school.own.admin_url)
    assert page.status_code == 200
    token = csrf_of(school.administrator)
    school.classroom.execute(
        "update access_right set revoked_at = kit_now() where institution_id = (select institution_id"
        " from directory_group where group_key = $1)",
        school.own.group_key,
    )
    pupil = str(school.own.pupils[0].account_id)
    school.administrator.post(f"{school.own.admin_url}/ny-adgangskode", {"csrf": token, "one": pupil})
    assert school.administrator.page.status_code == 404
    assert school.administrator.open(school.own.admin_url).status_code == 404


def test_b_a15_one_foreign_id_among_many_refuses_all(school: School) -> None:
    ids = [str(one.account_id) for one in (*school.own.pupils, school.foreign.pupils[0])]
    fields = {"csrf": csrf_of(school.teacher), "pupil": ids}
    school.teacher.post(f"{school.own.url}/ny-adgangskode", fields)  # type: ignore[arg-type]  # several values
    assert school.teacher.page.status_code == 404
    assert [school.classroom.windows(one) for one in school.own.pupils] == [0, 0]


def test_b_a01_searching_finds_only_ones_own(school: School) -> None:
    """Even by a whole username; and a sign of the pattern language is a letter like others."""
    token = csrf_of(school.teacher)
    own, foreign = school.own.pupils[0], school.foreign.pupils[0]
    for term, finds in ((own.username, True), (foreign.username, False), ("%%", False), ("__", False), ("Test", True)):
        school.teacher.post("/elevadgang/soeg", {"csrf": token, "q": term})
        assert (str(own.account_id) in school.teacher.page.text) is finds, term
        assert str(foreign.account_id) not in school.teacher.page.text
        assert str(school.other.pupils[0].account_id) not in school.teacher.page.text


@pytest.mark.parametrize(
    ("role", "column", "before"),
    [
        ("Pædagog", "pedagogues", 404),
        ("Vikar", "substitutes", 404),
        ("Lærer", "pedagogues", 200),
        ("TAP", "teams", 404),
    ],
)
def test_rw_6_which_roles_help_is_the_schools_decision(school: School, role: str, column: str, before: int) -> None:
    school.classroom.execute(
        "update directory_membership set roles = array[$2] where person_id = $1", school.own.teacher.person_id, role
    )
    assert school.teacher.open(school.own.url).status_code == before
    school.classroom.decide(school.own, column, value=True)
    assert school.teacher.open(school.own.url).status_code == (404 if role == "TAP" else 200)


def test_teams_are_reached_only_if_the_school_allows(
    server: RunningServer, school: School, classroom: Classroom
) -> None:
    team = classroom.make(pupils=1, kind="Team")
    browser = enter(server, team.teacher, to="/elevadgang/klasser")
    assert browser.open(team.url).status_code == 404
    classroom.decide(team, "teams", value=True)
    assert browser.open(team.url).status_code == 200


def test_a_class_is_on_loan_for_the_hours_that_were_given(
    server: RunningServer, school: School, people: People
) -> None:
    """To somebody without a class of their own; it ends by itself, and at once when it is taken back."""
    substitute = people.teacher(institution=school.own.teacher.institution)
    school.classroom.execute(
        "update directory_membership set roles = '{Vikar}' where person_id = $1", substitute.person_id
    )
    browser = enter(server, substitute, to="/elevadgang/klasser")
    assert browser.open(school.own.url).status_code == 404
    lend = f"{school.own.admin_url}/laan"
    school.administrator.open(lend)
    school.administrator.post(
        lend, {"csrf": csrf_of(school.administrator), "to": str(substitute.account_id), "hours": "2"}
    )
    assert browser.open(school.own.url).status_code == 200
    assert browser.open(school.other.url).status_code == 404
    school.classroom.execute(
        "update access_loan set from_at = from_at - interval '2 hours', until_at = until_at - interval '2 hours'"
        " where account_id = $1",
        substitute.account_id,
    )
    assert browser.open(school.own.url).status_code == 404
    foreign: Somebody = school.foreign.teacher
    school.administrator.post(
        lend, {"csrf": csrf_of(school.administrator), "to": str(foreign.account_id), "hours": "2"}
    )
    assert school.administrator.page.status_code == 404


def post(browser: Visitor, school: School, url: str, pupil: str) -> int:
    """Post an act with everything any of them reads, and return how it was answered."""
    browser.open("/elevadgang/klasser")
    fields = {
        "csrf": csrf_of(browser),
        "one": pupil,
        "pupil": pupil,
        "request": str(uuid4()),
        "answer": "yes",
        "block": "yes",
        "why": "other",
        "type": "words",
    }
    browser.post(url, fields)
    return browser.page.status_code
