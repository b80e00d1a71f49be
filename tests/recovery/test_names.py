"""Glemt brugernavn: one's own name and those of one's children, and nobody else's."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.builders.people import People, Somebody
from tests.recovery.conftest import BeginJourney
from tests.recovery.families import Families
from tests.recovery.inside import events_about, sessions_now
from tests.recovery.mitid import MitId
from tests.recovery.steps import follow, go, practise, shown_pictures, signs_in, to_mitid
from tests.server import RunningServer
from tests.visitor import Visitor
from unilogin.signin.model import Failure


@pytest.fixture
def parent(people: People, families: Families) -> Somebody:
    somebody = people.teacher()
    families.called(somebody, "Mette", "Prøve")
    return somebody


@pytest.fixture
def child(people: People, families: Families, parent: Somebody) -> Somebody:
    somebody = people.pupil(level="2", secret=None)
    families.custody(parent, somebody)
    families.called(somebody, "Ida", "Prøve")
    families.in_class(somebody, "2.B")
    return somebody


def look_up(visitor: Visitor, mitid: MitId, index: bytes) -> Visitor:
    """From the username page to the names."""
    follow(visitor, "Få mit eller mit barns brugernavn")
    visitor.submit(button=("provider", "nemlogin3"))
    mitid.proves(visitor, index)
    return visitor


def test_an_eighth_grader_finds_the_own_username_and_goes_on_with_it(
    begin_journey: BeginJourney, people: People, mitid: MitId
) -> None:
    pupil = people.pupil(level="8", secret="solskin over klitten 7")
    visitor = look_up(begin_journey(), mitid, mitid.known(pupil))
    assert visitor.heading == "Her er brugernavnet"
    assert pupil.username in visitor.text
    assert "Skriv det ned" in visitor.text
    visitor.submit(button=("known", pupil.username))
    assert visitor.path.endswith("/secret")
    assert pupil.username in visitor.text
    assert signs_in(visitor, "solskin over klitten 7")


def test_a_parent_sees_the_child_with_school_and_class(
    begin_journey: BeginJourney, mitid: MitId, parent: Somebody, child: Somebody
) -> None:
    visitor = look_up(begin_journey(), mitid, mitid.known(parent))
    for shown in ("Ida Prøve", child.username, f"Skole {child.institution}", "2.B"):
        assert shown in visitor.text
    visitor.submit(button=("known", child.username))
    assert child.username in visitor.text
    assert visitor.path.endswith("/secret")


def test_one_mitid_is_enough_for_a_name_and_a_first_secret(
    begin_journey: BeginJourney, people: People, mitid: MitId, parent: Somebody, child: Somebody
) -> None:
    visitor = look_up(begin_journey(), mitid, mitid.known(parent))
    visitor.submit(button=("new", child.username))
    assert visitor.heading == "Nu er det barnets tur"
    visitor.submit()
    practise(visitor, shown_pictures(visitor))
    assert visitor.moves_on
    assert sessions_now(people, child) == [("pictures", "EnFaktor")]
    assert sessions_now(people, parent) == []


def test_a_contact_without_custody_sees_nothing_of_the_child(
    begin_journey: BeginJourney, families: Families, mitid: MitId, parent: Somebody, child: Somebody
) -> None:
    families.custody(parent, child, custody=False)
    visitor = look_up(begin_journey(), mitid, mitid.known(parent))
    assert child.username not in visitor.page.text
    assert "Ida" not in visitor.page.text
    visitor.submit(button=("known", child.username))
    assert visitor.path.endswith("/names/found")
    visitor.submit(button=("new", child.username))
    assert visitor.path.endswith("/names/found")


def test_custody_lost_while_the_names_are_shown_takes_the_name_away(
    begin_journey: BeginJourney, families: Families, mitid: MitId, parent: Somebody, child: Somebody
) -> None:
    visitor = look_up(begin_journey(), mitid, mitid.known(parent))
    families.custody(parent, child, custody=False)
    visitor.submit(button=("new", child.username))
    assert visitor.path.endswith("/names/found")
    assert child.username not in visitor.page.text


def test_one_school_that_says_no_is_believed(
    begin_journey: BeginJourney, people: People, families: Families, mitid: MitId, parent: Somebody, child: Somebody
) -> None:
    families.also_at(child, people.pupil().institution)
    families.custody(parent, child)
    families.custody_at_one_school(parent, child, custody=False)
    assert child.username not in look_up(begin_journey(), mitid, mitid.known(parent)).page.text


def test_a_child_of_eighteen_is_nobodys_child(
    begin_journey: BeginJourney, families: Families, mitid: MitId, parent: Somebody, child: Somebody
) -> None:
    index, today = mitid.known(parent), datetime.now(UTC).date()
    families.born(child, today.replace(year=today.year - 18))
    assert child.username not in look_up(begin_journey(), mitid, index).page.text
    families.born(child, today.replace(year=today.year - 18) + timedelta(days=2))
    assert child.username in look_up(begin_journey(), mitid, index).page.text


def test_a_no_counts_also_from_who_knows_neither_grade_nor_birthday(
    begin_journey: BeginJourney, people: People, families: Families, mitid: MitId, parent: Somebody, child: Somebody
) -> None:
    """A club that was told of yesterday's judgment does not know the grade; its no is a no all the same."""
    families.also_at(child, people.teacher().institution, level=None)
    families.custody(parent, child)
    known = mitid.known(parent)
    assert child.username in look_up(begin_journey(), mitid, known).text
    families.custody_where_no_grade_is_known(parent, child, custody=False)
    assert child.username not in look_up(begin_journey(), mitid, known).text


def test_a_protected_child_is_called_by_the_alias(
    begin_journey: BeginJourney, families: Families, mitid: MitId, parent: Somebody, child: Somebody
) -> None:
    families.protect(child, "Blomst")
    visitor = look_up(begin_journey(), mitid, mitid.known(parent))
    assert "Blomst Alias" in visitor.text
    assert "Ida" not in visitor.page.text


def test_two_children_with_one_name_are_told_apart_by_class(
    begin_journey: BeginJourney, people: People, families: Families, mitid: MitId, parent: Somebody, child: Somebody
) -> None:
    other = people.pupil(level="4", secret=None)
    families.custody(parent, other)
    families.called(other, "Ida", "Prøve")
    families.in_class(other, "4.A")
    visitor = look_up(begin_journey(), mitid, mitid.known(parent))
    assert visitor.text.count("Ida Prøve") >= 2
    assert {child.username, other.username} <= set(visitor.text.split())
    assert "2.B" in visitor.text
    assert "4.A" in visitor.text
    visitor.submit(button=("known", other.username))
    assert other.username in visitor.text


def test_a_parent_of_pupils_at_two_schools_sees_both(
    begin_journey: BeginJourney, people: People, families: Families, mitid: MitId, parent: Somebody, child: Somebody
) -> None:
    other = people.pupil(level="9", secret=None)
    families.custody(parent, other)
    assert other.institution != child.institution
    visitor = look_up(begin_journey(), mitid, mitid.known(parent))
    for somebody in (child, other):
        assert somebody.username in visitor.text
        assert f"Skole {somebody.institution}" in visitor.text


def test_who_is_not_known_here_is_told_so_and_what_to_do(begin_journey: BeginJourney, mitid: MitId) -> None:
    visitor = look_up(begin_journey(), mitid, bytes(32))
    assert visitor.heading == "Vi kender dig ikke her"
    assert "kontor" in visitor.text


@pytest.mark.parametrize("failure", list(Failure))
def test_who_comes_back_without_an_identity_is_told_why(
    begin_journey: BeginJourney, mitid: MitId, failure: Failure
) -> None:
    visitor = to_mitid(begin_journey(), "names")
    mitid.back(visitor, failure)
    assert visitor.page.status_code == 200
    assert "MitID" in visitor.text
    follow(visitor, "Prøv igen")
    assert visitor.path.endswith("/names")


def test_the_names_are_read_once_and_by_the_browser_that_went_out(
    begin_journey: BeginJourney, mitid: MitId, parent: Somebody, child: Somebody
) -> None:
    visitor, thief = to_mitid(begin_journey(), "names"), begin_journey()
    url = mitid.answered(mitid.errand(visitor), mitid.identity(mitid.known(parent)))
    thief.open(url)
    assert thief.page.status_code == 403
    own = url.replace(url.split("/")[2], thief.path.split("/")[2]) if thief.path.count("/") > 1 else url
    thief.open(own)
    assert child.username not in thief.page.text
    visitor.open(url)
    assert child.username in visitor.text
    visitor.open(url)
    assert visitor.path.endswith("/names/found")


def test_a_child_makes_no_session_of_a_parent_who_looked_a_name_up(
    begin_journey: BeginJourney, people: People, mitid: MitId, parent: Somebody
) -> None:
    """The errand belongs to the page that began it: every other address finds nothing to take (N-12)."""
    index = mitid.known(parent)
    for elsewhere in ("external", "password/mitid/back", "password/parent/back"):
        visitor = to_mitid(begin_journey(), "names")
        go(visitor, "username").submit({"username": parent.username})
        visitor.open(mitid.journey_of(visitor) + "/names")
        visitor.submit(button=("provider", "nemlogin3"))
        url = mitid.answered(mitid.errand(visitor), mitid.identity(index))
        visitor.open(url.replace("names/back", elsewhere))
        assert not visitor.moves_on
        assert not visitor.path.endswith("/new-password")
    assert sessions_now(people, parent) == []


def test_no_name_stands_in_an_address_or_the_log(
    begin_journey: BeginJourney, server: RunningServer, people: People, mitid: MitId, parent: Somebody, child: Somebody
) -> None:
    visitor = look_up(begin_journey(), mitid, mitid.known(parent))
    visited = str(visitor.page.url)
    visitor.submit(button=("known", child.username))
    log = server.log.read_text(errors="replace")
    for name in (child.username, parent.username):
        assert name not in visited + str(visitor.page.url)
        assert name not in log
    assert ("recovery.names_shown", str(parent.account_id)) in events_about(people, parent)
    assert ("child.username_shown", str(parent.account_id)) in events_about(people, child)
