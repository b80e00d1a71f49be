"""Skift adgangskode: the present one opens the way, and is guessed at no faster here than when signing in."""

import re

import pytest

from tests.builders.people import People, Somebody
from tests.recovery.conftest import AtSecret
from tests.recovery.inside import read, sessions_now
from tests.recovery.steps import follow, go, page, shown_words, signs_in
from tests.visitor import Visitor
from unilogin.recovery.model import MOST_TRIES

NEW = "grønne gulerødder ler 4"
OLD = "solskin over klitten 7"


@pytest.fixture
def pupil(people: People) -> Somebody:
    return people.pupil(level="8", secret=OLD)


def to_change(visitor: Visitor) -> Visitor:
    """From the secret to the page that asks for the present one."""
    follow(visitor, "Få en ny adgangskode")
    return follow(visitor, "Skift adgangskode")


def test_a_password_is_changed_with_the_present_one(at_secret: AtSecret, people: People, pupil: Somebody) -> None:
    assert signs_in(at_secret(pupil.username), OLD)
    visitor = to_change(at_secret(pupil.username))
    visitor.submit({"password": OLD})
    assert visitor.heading == "Vælg en ny adgangskode"
    visitor.submit({"new-password": NEW, "again": NEW})
    assert visitor.moves_on
    assert sessions_now(people, pupil) == [("password", "EnFaktor")], "the other session has ended"
    assert signs_in(at_secret(pupil.username), NEW)
    assert not signs_in(at_secret(pupil.username), OLD)


@pytest.mark.parametrize(
    "refused",
    [OLD, "password1234", "qwertyuiop", "{username} {username}", "        ", "kat7", "grønne gulerødder ler 4x"],
)
def test_b_l11_what_is_refused_says_why_and_the_old_one_stays(
    at_secret: AtSecret, pupil: Somebody, refused: str
) -> None:
    refused = refused.format(username=pupil.username)
    visitor = to_change(at_secret(pupil.username))
    visitor.submit({"password": OLD})
    again = NEW if refused.startswith("grønne") else refused
    visitor.submit({"new-password": refused, "again": again})
    assert not visitor.moves_on
    assert visitor.page.status_code == 200
    assert visitor.document.xpath(
        "//*[contains(@class, 'message') or @class='field-error']//text()[normalize-space()]"
    ), "it says why"
    assert refused.strip() not in visitor.text or not refused.strip()
    assert signs_in(at_secret(pupil.username), OLD)


def test_twenty_secrets_may_be_thought_of_and_then_one_is_given(
    at_secret: AtSecret, people: People, pupil: Somebody
) -> None:
    visitor = to_change(at_secret(pupil.username))
    visitor.submit({"password": OLD})
    for _ in range(MOST_TRIES):
        visitor.submit({"new-password": "12345678"})
        assert visitor.page.status_code == 200
    go(visitor, "password/change").submit({"password": OLD})  # to prove it anew gives no more of them
    assert visitor.heading == "Vælg en ny adgangskode"
    visitor.submit({"new-password": NEW})
    assert visitor.page.status_code == 429
    assert "Det var mange forsøg" in visitor.text
    assert not signs_in(at_secret(pupil.username), NEW)
    visitor.post(page(visitor, "new-password"), {"csrf": str(visitor.document.forms[0].fields["csrf"])})
    given = shown_words(visitor)
    visitor.submit()
    assert visitor.moves_on
    assert signs_in(at_secret(pupil.username), given)


def test_a_fifth_grader_who_changes_is_given_words_when_nothing_comes_to_mind(
    at_secret: AtSecret, people: People
) -> None:
    pupil = people.pupil(level="5", secret="solskin over klitten")
    visitor = to_change(at_secret(pupil.username))
    visitor.submit({"password": "solskin over klitten"})
    visitor.post(page(visitor, "new-password"), {"csrf": str(visitor.document.forms[0].fields["csrf"])})
    given = shown_words(visitor)
    visitor.submit()
    assert visitor.moves_on
    assert signs_in(at_secret(pupil.username), given)


def test_pictures_are_given_and_not_changed(at_secret: AtSecret, people: People) -> None:
    pupil = people.pupil(level="2", secret=["sol", "hus", "bil", "is"])
    visitor = go(at_secret(pupil.username), "password/change")
    assert visitor.path.endswith("/password/pictures")


def test_n_09_wrong_unknown_and_blocked_are_told_alike(at_secret: AtSecret, people: People, pupil: Somebody) -> None:
    blocked = people.pupil(level="8", secret=OLD)
    people.block(blocked)
    pages = set()
    for name in (pupil.username, blocked.username, unknown_with_a_password(at_secret)):
        visitor = go(at_secret(name), "password/change")
        visitor.submit({"password": "noget helt andet"})
        text = re.sub(r'(csrf" value="|/login/)[^" >]*', r"\1", visitor.page.text.replace(name, "NAVN"))
        pages.add((visitor.page.status_code, text))
    assert len(pages) == 1


def unknown_with_a_password(at_secret: AtSecret) -> str:
    """A name that is nobody's and is shown the password page."""
    names = (f"nobo{number}" for number in range(7400, 7500))
    return next(name for name in names if at_secret(name).heading == "Skriv din adgangskode")


def test_guesses_are_counted_together_with_those_of_signing_in(
    at_secret: AtSecret, people: People, pupil: Somebody
) -> None:
    """Who has used up the tries on one page has none left on the other."""
    pages = ("password/change", "secret")
    kept_out = []
    for number in range(18):  # a slow machine may have waited out a wait, and begins anew
        here, there = pages[number % 2], pages[1 - number % 2]
        visitor = go(at_secret(pupil.username), here)
        visitor.submit({"password": f"gæt nummer {number}"})
        if "Vent" in visitor.text:
            visitor = go(at_secret(pupil.username), there)
            visitor.submit({"password": OLD})
            kept_out.append("Vent" in visitor.text)
            if kept_out[-1]:
                break
    assert kept_out
    assert kept_out[-1]
    counted = read(people.dsn, "select sum(failures)::int from limits_bucket where account_id = $1", pupil.account_id)
    assert int(str(counted[0][0])) > 1


def test_a_wrong_present_password_gives_no_leave(at_secret: AtSecret, pupil: Somebody) -> None:
    visitor = to_change(at_secret(pupil.username))
    visitor.submit({"password": "noget helt andet"})
    go(visitor, "new-password")
    assert visitor.path.endswith("/secret")
