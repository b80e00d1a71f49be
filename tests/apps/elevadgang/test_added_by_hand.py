"""Whoever an office adds by hand is not thereby theirs: no new password, no username, nothing over another's pupil."""

import io
import re
import zipfile
from dataclasses import dataclass

import pytest

from tests.apps.elevadgang.classroom import PICTURES, Classroom
from tests.apps.elevadministration.office import Office, open_office
from tests.apps.elevadministration.test_switch_orders import hand_in
from tests.apps.entering import csrf_of, enter
from tests.builders.people import Somebody
from tests.roster.documents import document, member, person, student
from tests.server import RunningServer
from tests.visitor import Visitor
from unilogin.domain.directory.model import SOURCE_BY_HAND


def _without(page: str, name: str) -> str:
    return re.sub(r'name="csrf" value="[^"]*"', "", page).replace(name, "")


def _number_of(child: Somebody) -> str:
    return f"660716{int(child.username[-4:]) % 10_000:04}"


@dataclass(frozen=True, slots=True)
class Adding:
    """An office of a school without a system, whose administrator helps in Elevadgang, too."""

    office: Office
    classroom: Classroom

    def child(self, *, level: str = "2") -> Somebody:
        """A pupil of another school, whose number and name the office knows."""
        child = self.office.people.pupil(level=level, secret=PICTURES)
        vault = self.office.people.secrets.cpr_vault()
        self.classroom.execute(
            "update directory_person set first_name = 'Storm', family_name = 'Vindsen', cpr_index = $2,"
            " cpr_sealed = $3 where person_id = $1",
            child.person_id,
            vault.index(_number_of(child)),
            vault.seal(_number_of(child), child.person_id),
        )
        return child

    def add(self, child: Somebody, *, role: str = "Elev") -> None:
        """Add somebody by hand, through the form."""
        assert "tilføjet for et år" in self.try_to_add(child, role=role)

    def try_to_add(self, child: Somebody, *, role: str, level: str = "2", alias: str | None = None) -> str:
        """Fill in the form and return the page that comes."""
        self.office.browser.open(f"{self.office.url}/manuel/ny")
        fields = {"cpr": _number_of(child), "first_name": "Storm", "family_name": "Vindsen", "role": role}
        if role == "Elev":
            fields |= {"level": level, "group": "2.B"}
        if alias:
            fields |= {"protected": "1", "alias_first_name": alias, "alias_family_name": alias}
        return str(self.office.post(f"{self.office.url}/manuel/ny", **fields).page.text)

    @property
    def class_url(self) -> str:
        """The page of the class that pupils are added to."""
        key = self.office.value(
            "select g.group_key from directory_group g join directory_institution i using (institution_id)"
            " where i.number = $1 and g.name = '2.B'",
            self.office.number,
        )
        return f"/elevadgang/administrator/klasse/{key}"

    def press(self, child: Somebody, act: str) -> Visitor:
        """Press a button of the class page."""
        browser = self.office.browser
        browser.open(self.class_url)
        browser.post(f"{self.class_url}/{act}", {"csrf": csrf_of(browser), "one": str(child.account_id)})
        return browser

    def may_give(self, child: Somebody) -> bool:
        """Try to open the five minutes for somebody."""
        self.press(child, "ny-adgangskode")
        return self.classroom.windows(child) == 1


@pytest.fixture(scope="module")
def adding(server: RunningServer, classroom: Classroom) -> Adding:
    office = open_office(server, classroom.households.people)
    classroom.let_administer(office.head)
    return Adding(office, classroom)


def test_rw_6_another_schools_pupil_who_is_added_by_hand_is_not_taken_over(adding: Adding) -> None:
    child, own, namesake = adding.child(), adding.child(), adding.child()
    for one in (own, namesake):
        adding.office.people.leave(one)
        adding.add(one)
    adding.add(child)
    assert not adding.may_give(child)
    assert adding.office.browser.page.status_code == 404
    browser = adding.press(child, "brugernavn")
    assert browser.page.status_code == 404
    assert child.username not in browser.page.text
    for act in ("spaerre", "type"):
        adding.office.browser.open(adding.class_url)
        url = f"{adding.class_url}/elev/{child.account_id}/{act}"
        fields = {"block": "yes", "why": "misused", "type": "pictures"}
        assert adding.office.post(url, **fields).page.status_code == 404
    page = adding.office.browser.open(adding.class_url)
    assert "Storm" in page.text, "who belongs to the class is shown, and why nothing can be done here"
    assert "hører også til et andet sted" in page.text
    assert child.username not in page.text
    adding.office.post(f"{adding.class_url}/ny-adgangskode", all="1")
    assert adding.classroom.windows(child) == 0
    assert adding.office.browser.open(f"{adding.class_url}/elev/{child.account_id}").status_code == 404
    adding.office.browser.open("/elevadgang/administrator")
    found = adding.office.post("/elevadgang/administrator/soeg", q=child.username).page
    assert found.status_code == 200
    assert "Storm" not in found.text, "a username is not to be tried out here"
    page = adding.office.browser.open(f"{adding.office.url}/sammenlaegning")
    assert own.username in page.text
    assert child.username not in page.text, "nor is it told by inventing somebody of the same name"
    url = f"{adding.office.url}/sammenlaegning/deling"
    assert _without(adding.office.post(url, username=child.username).page.text, child.username) == _without(
        adding.office.post(url, username="aaaa0000").page.text, "aaaa0000"
    ), "nor here"


def test_a_pupil_who_has_left_the_other_school_is_helped_here(adding: Adding) -> None:
    child = adding.child()
    adding.add(child)
    assert not adding.may_give(child)
    adding.classroom.execute(
        "update directory_membership set ended_at = kit_now() where person_id = $1 and source = 'tests'",
        child.person_id,
    )
    assert adding.may_give(child)


def test_of_two_schools_that_add_by_hand_the_first_one_helps(server: RunningServer, adding: Adding) -> None:
    child = adding.child()
    adding.office.people.leave(child)
    adding.add(child)
    other = Adding(open_office(server, adding.office.people), adding.classroom)
    adding.classroom.let_administer(other.office.head)
    other.add(child)
    assert not other.may_give(child)
    assert adding.may_give(child)


@pytest.mark.parametrize("tie", ["contact", "right", "ekstern"])
def test_rw_6_whoever_is_more_than_a_pupil_is_not_made_one_by_hand(adding: Adding, tie: str) -> None:
    somebody = adding.child()
    adding.office.people.leave(somebody)
    if tie == "ekstern":
        adding.add(somebody, role="Ekstern")
    adding.add(somebody)
    match tie:
        case "contact":
            adding.office.people.make_parent_of(somebody, adding.office.people.pupil(level="1"))
        case "right":
            adding.classroom.let_administer(somebody)
    assert not adding.may_give(somebody)


def test_a_window_is_nothing_any_more_when_another_school_sends_the_pupil(
    server: RunningServer, adding: Adding
) -> None:
    child = adding.child()
    adding.office.people.leave(child)
    adding.add(child)
    assert adding.may_give(child)
    adding.classroom.execute(
        "update directory_membership set ended_at = null where person_id = $1 and source = 'tests'", child.person_id
    )
    browser = Visitor(server.base_url)
    browser.open("/mit")
    browser.submit(button=("selectedIdp", "uni_idp"))
    browser.submit({"username": child.username})
    assert not browser.path.endswith("/window"), "nobody takes a password that the school may not give any more"


def test_no_new_username_for_somebody_protected_whom_another_school_has(adding: Adding) -> None:
    somebody = adding.child(level="9")
    adding.classroom.execute(
        "update directory_person set protected = true, first_name = 'Testa', alias_first_name = 'Storm',"
        " alias_family_name = 'Vindsen' where person_id = $1",
        somebody.person_id,
    )
    adding.add(somebody, role="Ekstern")
    office = adding.office
    url = f"{office.url}/navnebeskyttelse"
    page = office.browser.open(url).text
    assert "Storm Vindsen" in page
    assert f"{somebody.person_id}/brugernavn" not in page
    assert office.post(f"{url}/{somebody.person_id}/brugernavn").page.status_code == 404
    adding.office.people.leave(somebody)
    adding.add(somebody, role="Ekstern")
    assert f"{somebody.person_id}/brugernavn" in office.browser.open(url).text, "nobody else has them now"


def test_a_child_is_not_made_an_adult_by_hand_and_so_kept_out(adding: Adding) -> None:
    page = adding.try_to_add(adding.child(), role="Ekstern")
    assert "kan ikke tilføjes som medarbejder eller ekstern" in page


def test_a_grade_that_another_office_types_asks_for_no_other_password(server: RunningServer, adding: Adding) -> None:
    child = adding.child()
    assert "tilføjet for et år" in adding.try_to_add(child, role="Elev", level="9")
    assert enter(server, child).path == "/mit", "four pictures are what the grade at school asks for"


def test_an_office_hides_another_schools_pupil_but_does_not_name_it(adding: Adding) -> None:
    """What it typed would be the child's name at every service."""
    names = (
        "select alias_first_name || ' ' || alias_family_name from directory_person where person_id = $1 and protected"
    )
    child, left = adding.child(), adding.child()
    adding.office.people.leave(left)
    assert "Bent" not in adding.try_to_add(child, role="Elev", alias="Bent")
    assert adding.office.value(names, child.person_id) == "Beskyttet Person"
    assert "Bent" in adding.try_to_add(left, role="Elev", alias="Bent")
    assert adding.office.value(names, left.person_id) == "Bent Bent"


@pytest.mark.parametrize("written_as", ["oneroster", "sds"])
def test_an_export_hands_on_nothing_private_of_whom_the_office_merely_added(adding: Adding, written_as: str) -> None:
    adult, own = adding.child(level="9"), adding.child(level="9")
    for one, mailbox in ((adult, "privat"), (own, "egen")):
        adding.classroom.execute(
            "update directory_person set email = $2, birth_date = '1991-02-03' where person_id = $1",
            one.person_id,
            f"{mailbox}@post.example",
        )
    adding.office.people.leave(own)
    for one in (adult, own):
        adding.add(one, role="Ekstern")
    office = adding.office
    office.browser.open(f"{office.url}/eksport")
    page = office.post(f"{office.url}/eksport", format=written_as).page
    with zipfile.ZipFile(io.BytesIO(page.content)) as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist()).decode()
    assert adult.uniid in everything, "they belong to the institution"
    assert adult.username not in everything
    assert "privat@" not in everything
    assert own.username in everything
    assert "egen@" in everything, "whom nobody else has"


def test_rw_6_no_file_of_the_offices_own_makes_a_system_of_what_it_added(adding: Adding) -> None:
    office = adding.office
    adding.add(adding.child())
    file = document(member("x-1", person(), student()), number=office.number).encode()
    assert hand_in(office, file, old=SOURCE_BY_HAND) == 422
    assert "Der er ingen på skolen fra det gamle system" in office.browser.page.text
    ours = document(member("x-1", person(), student()), number=office.number, source=SOURCE_BY_HAND).encode()
    assert hand_in(office, ours) == 422
    assert "er optaget" in office.browser.page.text
    plans = "select count(*) from roster_switch join directory_institution using (institution_id) where number = $1"
    assert office.value(plans, office.number) == 0
