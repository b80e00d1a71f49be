"""An office that writes its school's file and says yes to its numbers: MitID opens an account for who has the number.

Whoever knows somebody's number can name them in the file of their own school, tell an accomplice's number for them the
night after, and say that it is right. Over pupils of their own they have that power anyway; over others nobody has.
"""

from collections.abc import Callable

import pytest

from tests.apps.elevadministration.office import Office, open_office, pupils
from tests.builders.people import People
from tests.roster.documents import contact, employee, member, person, student
from tests.server import RunningServer

_OF = "select case_id::text from roster_cpr_case c join directory_membership m using (membership_id)"
CASE = f"{_OF} where m.local_person_id = $1 and c.settled_at is null and m.institution_id = (select institution_id"
CASE += " from directory_institution where number = $2)"
NUMBER = """select encode(p.cpr_index, 'hex') from directory_person p
  join directory_membership m using (person_id) join directory_institution i using (institution_id)
  where m.local_person_id = $1 and i.number = $2"""
ACCEPT = "Det er den samme: skift nummeret"


@pytest.fixture(scope="module")
def home(server: RunningServer, people: People) -> Office:
    """The school that the child goes to, where the teacher works."""
    return open_office(server, people)


@pytest.fixture(scope="module")
def thief(server: RunningServer, people: People) -> Office:
    """A school whose administrator writes its file."""
    return open_office(server, people)


def child(local: str, number: str) -> str:
    return member(local, person(number, first="Barn"), student())


def teacher(local: str, number: str) -> str:
    return member(local, person(number, first="Rikke"), employee("Lærer"))


def parent(local: str, number: str) -> str:
    """A pupil who is somebody's contact person, and stays that by the number of the first file."""
    other, tie = person("6105178391", first="Lillebror"), person(f"{number[:-1]}1", first="Barn")
    return child(local, number) + member("e-92", other, student(more=contact(tie)))


def case_of(office: Office, local: str) -> str:
    case = office.value(CASE, local, office.number)
    assert case is not None
    return f"{office.url}/cpr/{case}"


def takes_over(office: Office, local: str) -> bool:
    """Try to accept the number of a case; tell whether it was, which the page must have offered."""
    url, before = case_of(office, local), office.value(NUMBER, local, office.number)
    offered = ACCEPT in office.browser.open(url).text
    office.post(f"{url}/skift")
    taken = office.value(NUMBER, local, office.number) != before
    assert taken == offered
    return taken


@pytest.mark.parametrize(
    ("case", "who", "at_home"),
    [
        pytest.param(1, child, child, id="another school's child"),
        pytest.param(2, teacher, teacher, id="another school's teacher"),
        pytest.param(3, teacher, None, id="a colleague"),
        pytest.param(4, parent, None, id="somebody's contact person"),
    ],
)
def test_b_a05_no_file_and_one_word_lead_into_an_account_of_others(
    home: Office, thief: Office, case: int, who: Callable[[str, str], str], at_home: Callable[[str, str], str] | None
) -> None:
    theirs, accomplice, local = f"610517{case:02}81", f"610517{case:02}82", f"t-1{case}"
    if at_home:
        home.deliver(*pupils(3, seed=86), at_home(f"x-1{case}", theirs))
    thief.deliver(*pupils(3, seed=87), who(local, theirs))
    thief.deliver(*pupils(3, seed=87), who(local, accomplice))
    assert not takes_over(thief, local)
    text = thief.browser.open(case_of(thief, local)).text
    assert "kun den, der driver Unilogin" in text
    assert home.number not in text, "nor is it told where somebody goes to school"


def test_a_number_that_all_schools_of_a_pupil_tell_is_taken_over(home: Office, thief: Office) -> None:
    before, after = "6105178801", "6105178802"
    home.deliver(*pupils(3, seed=86), child("x-2", before))
    thief.deliver(*pupils(3, seed=87), child("t-2", before))
    thief.deliver(*pupils(3, seed=87), child("t-2", after))
    assert not takes_over(thief, "t-2")
    home.deliver(*pupils(3, seed=86), child("x-2", "6105178803"))
    assert not takes_over(thief, "t-2"), "another school tells of another number"
    home.deliver(*pupils(3, seed=86), child("x-2", after))
    assert takes_over(thief, "t-2")
