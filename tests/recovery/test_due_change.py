"""A password that must be changed: the sign-in that says so is the proof, in its own journey and for a moment."""

from tests.builders.people import People, Somebody
from tests.recovery.conftest import AtSecret
from tests.recovery.inside import sessions_now
from tests.recovery.steps import go, page, shown_words, signs_in, tap
from tests.visitor import Visitor

PICTURES = ["sol", "hus", "bil", "is"]


def grown_out_of_pictures(people: People) -> Somebody:
    """A fourth grader who still has pictures."""
    return people.pupil(level="4", secret=PICTURES)


def at_notice(at_secret: AtSecret, pupil: Somebody) -> Visitor:
    """Signed in, and told that the pictures must be changed."""
    visitor = tap(at_secret(pupil.username), PICTURES)
    assert visitor.path.endswith("/notice")
    return visitor


def test_a_fourth_grader_changes_pictures_for_words(at_secret: AtSecret, people: People) -> None:
    pupil = grown_out_of_pictures(people)
    visitor = go(at_notice(at_secret, pupil), "new-password")
    assert visitor.heading == "Vælg en ny adgangskode"
    visitor.submit({"new-password": "grønne gulerødder ler", "again": "grønne gulerødder ler"})
    assert visitor.moves_on
    visitor.move_on()
    assert visitor.path == "/hjaelp"
    assert sessions_now(people, pupil) == [("words", "EnFaktor")]
    assert signs_in(at_secret(pupil.username), "grønne gulerødder ler")


def test_or_is_given_words(at_secret: AtSecret, people: People) -> None:
    pupil = grown_out_of_pictures(people)
    visitor = go(at_notice(at_secret, pupil), "new-password")
    visitor.post(page(visitor, "new-password"), {"csrf": str(visitor.document.forms[0].fields["csrf"])})
    given = shown_words(visitor)
    visitor.submit()
    assert visitor.moves_on
    assert signs_in(at_secret(pupil.username), given)


def test_a_session_of_another_journey_is_no_proof(at_secret: AtSecret, people: People) -> None:
    pupil = grown_out_of_pictures(people)
    signed_in = at_notice(at_secret, pupil)
    other = go(at_secret(pupil.username), "new-password")
    assert other.path.endswith("/secret")
    assert go(signed_in, "new-password").heading == "Vælg en ny adgangskode"


def test_who_put_it_off_has_no_leave_any_more(at_secret: AtSecret, people: People) -> None:
    visitor = at_notice(at_secret, grown_out_of_pictures(people))
    own = page(visitor, "new-password")
    visitor.submit(button=("later", "1"))
    assert visitor.moves_on
    visitor.open(own)
    assert visitor.moves_on, "the journey is over, and leads on"
