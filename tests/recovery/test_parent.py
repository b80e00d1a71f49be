"""A parent helps a child at the child's own device."""

import re
from datetime import UTC, datetime

import pytest

from tests.builders.people import People, Somebody
from tests.recovery.conftest import AtSecret
from tests.recovery.families import Families
from tests.recovery.inside import events_about, sessions_now
from tests.recovery.mitid import MitId
from tests.recovery.steps import follow, go, page, practise, shown_pictures, shown_words, signs_in, to_mitid
from tests.visitor import Visitor
from unilogin.signin.browser import SESSION_COOKIE


@pytest.fixture
def parent(people: People) -> Somebody:
    return people.teacher()


@pytest.fixture
def child(people: People, families: Families, parent: Somebody) -> Somebody:
    somebody = people.pupil(level="2", secret=["sol", "hus", "bil", "is"])
    families.custody(parent, somebody)
    return somebody


def help_with(visitor: Visitor, mitid: MitId, index: bytes) -> Visitor:
    """From the picture page: a parent's MitID, and back."""
    follow(visitor, "Jeg kan ikke huske mine billeder")
    follow(visitor, "Få hjælp af en forælder")
    visitor.submit(button=("provider", "nemlogin3"))
    mitid.proves(visitor, index)
    return visitor


def test_a_second_grader_gets_new_pictures_with_a_parent_beside(
    at_secret: AtSecret, people: People, mitid: MitId, parent: Somebody, child: Somebody
) -> None:
    visitor = help_with(at_secret(child.username), mitid, mitid.known(parent))
    assert visitor.heading == "Nu er det barnets tur"
    assert signs_in(at_secret(child.username), list(child.secret or [])), "nothing is changed before the child presses"
    visitor.submit()
    new = shown_pictures(visitor)
    practise(visitor, new)
    assert visitor.moves_on
    assert sessions_now(people, child) == [("pictures", "EnFaktor")]
    assert signs_in(at_secret(child.username), new)
    assert ("password.assigned", str(parent.account_id)) in events_about(people, child)


def test_the_parent_is_never_signed_in(
    at_secret: AtSecret, people: People, mitid: MitId, parent: Somebody, child: Somebody
) -> None:
    visitor = help_with(at_secret(child.username), mitid, mitid.known(parent))
    assert sessions_now(people, parent) == []
    assert not [name for name in visitor.client.cookies if SESSION_COOKIE in name]


def test_a_child_that_may_choose_is_given_words_first(
    at_secret: AtSecret, people: People, families: Families, mitid: MitId, parent: Somebody
) -> None:
    child = people.pupil(level="5", secret="solskin over klitten")
    families.custody(parent, child)
    visitor = to_mitid(at_secret(child.username), "password/parent")
    mitid.proves(visitor, mitid.known(parent))
    visitor.submit()
    given = shown_words(visitor)
    visitor.submit()
    assert visitor.moves_on
    assert signs_in(at_secret(child.username), given)


@pytest.mark.parametrize("why", ["stranger", "no custody", "eighteen", "left", "blocked"])
def test_whoever_may_not_help_is_told_so_alike(
    at_secret: AtSecret, people: People, families: Families, mitid: MitId, parent: Somebody, child: Somebody, why: str
) -> None:
    helper = people.teacher() if why == "stranger" else parent
    match why:
        case "no custody":
            families.custody(parent, child, custody=False)
        case "eighteen":
            today = datetime.now(UTC).date()
            families.born(child, today.replace(year=today.year - 18))
        case "left":
            people.leave(child)
        case "blocked":
            people.block(child)
    index = mitid.known(helper)
    visitor = to_mitid(at_secret(child.username), "password/parent")
    mitid.proves(visitor, index)
    nobody = to_mitid(at_secret("nobo9911"), "password/parent")
    mitid.proves(nobody, index)
    assert visitor.heading == "Du kan ikke hjælpe med det brugernavn"
    assert without_journey(visitor) == without_journey(nobody)
    go(visitor, "new-password")
    assert visitor.path.endswith("/secret")


def without_journey(visitor: Visitor) -> tuple[int, str]:
    """A page without what differs between any two journeys."""
    return visitor.page.status_code, re.sub(r"/login/[^\"> ]*", "/login/", visitor.page.text)


def test_custody_that_ends_after_mitid_means_no(
    at_secret: AtSecret, families: Families, mitid: MitId, parent: Somebody, child: Somebody
) -> None:
    visitor = help_with(at_secret(child.username), mitid, mitid.known(parent))
    families.custody(parent, child, custody=False)
    visitor.submit()
    assert visitor.path.endswith("/secret")
    assert signs_in(visitor, list(child.secret or []))


def test_custody_that_begins_while_the_parent_is_away_means_yes(
    at_secret: AtSecret, families: Families, mitid: MitId, parent: Somebody, child: Somebody
) -> None:
    families.custody(parent, child, custody=False)
    visitor = to_mitid(at_secret(child.username), "password/parent")
    families.custody(parent, child)
    mitid.proves(visitor, mitid.known(parent))
    assert visitor.heading == "Nu er det barnets tur"


def test_the_other_parents_word_does_not_count_for_this_one(
    at_secret: AtSecret, people: People, families: Families, mitid: MitId, parent: Somebody, child: Somebody
) -> None:
    other = people.teacher()
    families.custody(other, child, custody=False)
    visitor = to_mitid(at_secret(child.username), "password/parent")
    mitid.proves(visitor, mitid.known(other))
    assert visitor.heading == "Du kan ikke hjælpe med det brugernavn"
    assert help_with(at_secret(child.username), mitid, mitid.known(parent)).heading == "Nu er det barnets tur"


def test_a_parent_who_teaches_the_child_helps_as_a_parent_without_a_session_as_a_teacher(
    at_secret: AtSecret, people: People, families: Families, mitid: MitId, child: Somebody
) -> None:
    teacher = people.teacher(institution=child.institution)
    families.custody(teacher, child)
    visitor = help_with(at_secret(child.username), mitid, mitid.known(teacher))
    visitor.submit()
    practise(visitor, shown_pictures(visitor))
    assert visitor.moves_on
    assert sessions_now(people, teacher) == []


def test_a_parents_answer_for_one_child_gives_no_leave_for_another(
    at_secret: AtSecret, people: People, families: Families, mitid: MitId, parent: Somebody, child: Somebody
) -> None:
    sibling = people.pupil(level="2", secret=["kat", "hus", "bil", "is"])
    families.custody(parent, sibling)
    visitor = help_with(at_secret(child.username), mitid, mitid.known(parent))
    assert visitor.heading == "Nu er det barnets tur"
    go(visitor, "username").submit({"username": sibling.username})
    go(visitor, "new-password")
    assert visitor.path.endswith("/secret")


def test_n_12_a_child_turns_no_parents_approval_into_a_session_of_the_parent(
    at_secret: AtSecret, people: People, mitid: MitId, parent: Somebody, child: Somebody
) -> None:
    index = mitid.known(parent)
    for elsewhere in ("external", "password/mitid/back", "names/back"):
        visitor = to_mitid(at_secret(child.username), "password/parent")
        back = page(visitor, elsewhere)
        own = mitid.journey_of(visitor)
        url = mitid.answered(mitid.errand(visitor), mitid.identity(index))
        assert own
        visitor.open(url.replace("/password/parent/back", "/" + elsewhere))
        assert back
        assert not visitor.moves_on
        assert child.username not in visitor.path
    assert sessions_now(people, parent) == []
