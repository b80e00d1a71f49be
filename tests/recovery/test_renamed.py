"""Getting back in after a new username: the window opens by the old one while it leads; only the new one is told."""

from tests.builders.people import People
from tests.builders.running import run
from tests.recovery.conftest import AtSecret, BeginJourney
from tests.recovery.inside_windows import Windows
from tests.recovery.mitid import MitId
from tests.recovery.test_names import look_up
from tests.signin.test_renamed import end, renamed


def test_a_child_who_types_the_old_name_in_the_window_gets_in_and_later_nobody_does(
    at_secret: AtSecret, windows: Windows, people: People
) -> None:
    pupil, teacher = people.pupil(level="2", secret=["sol", "hus", "bil", "is"]), people.teacher()
    windows.open(teacher, pupil)
    given = run(renamed(people, pupil))
    for name in (pupil.username, given):
        assert at_secret(name).heading == "Du får nye billeder", "opened before the new name"
    run(end(people, pupil))
    visitor = at_secret(pupil.username)
    assert visitor.heading != "Du får nye billeder", "whoever knows the old name waits for a window in vain"
    assert given not in visitor.page.text


def test_whoever_forgot_the_username_is_told_the_new_one_alone(
    begin_journey: BeginJourney, people: People, mitid: MitId
) -> None:
    pupil = people.pupil()
    given = run(renamed(people, pupil))
    visitor = look_up(begin_journey(), mitid, mitid.known(pupil))
    assert given in visitor.text
    assert pupil.username not in visitor.page.text
