"""The window as a pupil meets it: no old secret is asked, a new one is shown, tried, and signs in."""

import re

import pytest

from tests.builders.people import People, Somebody
from tests.recovery.conftest import AtSecret
from tests.recovery.families import Families
from tests.recovery.inside import sessions_now
from tests.recovery.inside_windows import Windows
from tests.recovery.steps import follow, go, page, practise, shown_pictures, shown_words, signs_in, tap
from tests.visitor import Visitor
from unilogin.domain.credentials.windows import WindowKind, WindowState

OLD = ["sol", "hus", "bil", "is"]


@pytest.fixture
def pupil(people: People) -> Somebody:
    return people.pupil(level="2", secret=OLD)


@pytest.fixture
def teacher(people: People) -> Somebody:
    return people.teacher()


def test_a_second_grader_gets_new_pictures_practises_them_and_is_signed_in(
    at_secret: AtSecret, windows: Windows, pupil: Somebody, teacher: Somebody
) -> None:
    windows.open(teacher, pupil)
    visitor = at_secret(pupil.username)
    assert visitor.heading == "Du får nye billeder"
    visitor.submit()
    new = shown_pictures(visitor)
    assert len(new) == 4
    follow(visitor, "Prøv dem")
    tap(visitor, ["sol", "sol", "sol", "sol"])
    assert "Ikke helt" in visitor.text
    follow(visitor, "Vis billederne igen")
    assert shown_pictures(visitor) == new
    practise(visitor, new)
    assert visitor.moves_on
    visitor.move_on()
    assert visitor.path == "/hjaelp"
    assert signs_in(at_secret(pupil.username), new)
    assert not signs_in(at_secret(pupil.username), OLD)


def test_a_fifth_grader_is_given_words_and_may_choose_others(
    at_secret: AtSecret, windows: Windows, people: People, teacher: Somebody
) -> None:
    pupil = people.pupil(level="5", secret="solskin over klitten")
    windows.open(teacher, pupil)
    visitor = at_secret(pupil.username)
    visitor.submit()
    given = shown_words(visitor)
    assert signs_in(at_secret(pupil.username), given), "the given one is the pupil's at once"
    follow(visitor, "Vælg selv en anden")
    visitor.submit({"new-password": "grønne gulerødder ler", "again": "grønne gulerødder ler"})
    assert visitor.moves_on
    assert not signs_in(at_secret(pupil.username), given)
    assert signs_in(at_secret(pupil.username), "grønne gulerødder ler")


def test_the_old_secret_works_until_the_claim_and_its_sessions_end_with_it(
    at_secret: AtSecret, windows: Windows, people: People, pupil: Somebody, teacher: Somebody
) -> None:
    windows.open(teacher, pupil)
    visitor = at_secret(pupil.username)
    follow(visitor, "Jeg kan godt huske mine gamle billeder")
    assert signs_in(visitor, OLD)
    assert len(people.sessions(pupil)) == 1
    other = at_secret(pupil.username)
    other.submit()
    assert people.sessions(pupil) == []


def test_n_12_a_window_leads_no_higher_than_one_factor(
    at_secret: AtSecret, windows: Windows, people: People, pupil: Somebody, teacher: Somebody
) -> None:
    windows.open(teacher, pupil)
    visitor = at_secret(pupil.username)
    visitor.submit()
    practise(visitor, shown_pictures(visitor))
    assert sessions_now(people, pupil) == [("pictures", "EnFaktor")]


def test_a_page_that_comes_too_late_leads_to_the_ordinary_page_and_the_teacher_sees_it(
    at_secret: AtSecret, windows: Windows, pupil: Somebody, teacher: Somebody
) -> None:
    windows.open(teacher, pupil)
    first, second = at_secret(pupil.username), at_secret(pupil.username)
    first.submit()
    second.submit()
    assert second.path.endswith("/secret")
    window = windows.latest(teacher, pupil)[pupil.username]
    assert (window.state, window.tries) == (WindowState.CLAIMED, 1)


def test_a_double_click_claims_once_and_shows_the_secret(
    at_secret: AtSecret, windows: Windows, pupil: Somebody, teacher: Somebody
) -> None:
    windows.open(teacher, pupil)
    visitor = at_secret(pupil.username)
    url, fields = visitor.path, dict(visitor.document.forms[0].form_values())
    visitor.post(url, fields)
    shown = shown_pictures(visitor)
    visitor.post(url, fields)
    assert shown_pictures(visitor) == shown
    assert windows.latest(teacher, pupil)[pupil.username].tries == 0


def test_the_new_secret_is_shown_in_the_browser_that_claimed_it_alone(
    at_secret: AtSecret, windows: Windows, pupil: Somebody, teacher: Somebody
) -> None:
    windows.open(teacher, pupil)
    visitor, other = at_secret(pupil.username), at_secret(pupil.username)
    visitor.submit()
    assert shown_pictures(visitor)
    own_page = page(other, "new-password")
    other.open(visitor.path)
    assert other.page.status_code == 403
    assert shown_pictures(other) == []
    other.open(own_page)
    assert other.path.endswith("/secret")


def test_who_goes_back_and_types_another_name_leaves_the_secret_behind(
    at_secret: AtSecret, windows: Windows, people: People, pupil: Somebody, teacher: Somebody
) -> None:
    other = people.pupil(level="8")
    windows.open(teacher, pupil)
    visitor = at_secret(pupil.username)
    visitor.submit()
    go(visitor, "username").submit({"username": other.username})
    go(visitor, "new-password")
    assert visitor.path.endswith("/secret")


def test_a_parent_and_a_teacher_at_once_give_one_secret_and_both_see_it(
    at_secret: AtSecret, windows: Windows, people: People, families: Families, pupil: Somebody, teacher: Somebody
) -> None:
    parent = people.teacher()
    families.custody(parent, pupil)
    windows.open(teacher, pupil)
    windows.open(parent, pupil, kind=WindowKind.PARENT)
    visitor = at_secret(pupil.username)
    visitor.submit()
    assert len(shown_pictures(visitor)) == 4
    for opener in (teacher, parent):
        assert windows.latest(opener, pupil)[pupil.username].state is WindowState.CLAIMED


def test_custody_that_is_lost_between_two_steps_means_no(
    at_secret: AtSecret, windows: Windows, people: People, families: Families, pupil: Somebody
) -> None:
    parent = people.teacher()
    families.custody(parent, pupil)
    windows.open(parent, pupil, kind=WindowKind.PARENT)
    visitor = at_secret(pupil.username)
    assert visitor.heading == "Du får nye billeder"
    families.custody(parent, pupil, custody=False)
    visitor.submit()
    assert visitor.path.endswith("/secret")
    assert signs_in(visitor, OLD)


def test_custody_that_is_lost_after_the_claim_ends_the_leave(
    at_secret: AtSecret, windows: Windows, people: People, families: Families, pupil: Somebody
) -> None:
    parent = people.teacher()
    families.custody(parent, pupil)
    windows.open(parent, pupil, kind=WindowKind.PARENT)
    visitor = at_secret(pupil.username)
    visitor.submit()
    families.custody(parent, pupil, custody=False)
    go(visitor, "new-password/practise")
    assert visitor.path.endswith("/secret")


def test_rw_9_a_name_without_a_window_looks_the_same_after_one_was_open(
    at_secret: AtSecret, windows: Windows, pupil: Somebody, teacher: Somebody
) -> None:
    before = seen(at_secret(pupil.username))
    window = windows.open(teacher, pupil)
    windows.cancel(window.window_id, teacher)
    assert seen(at_secret(pupil.username)) == before


def seen(visitor: Visitor) -> tuple[int, str]:
    """A page without what differs between any two visits."""
    text = re.sub(r'(name="(?:csrf|chosen)" value|/login/)[^ >]*', r"\1", visitor.page.text)
    return visitor.page.status_code, text
