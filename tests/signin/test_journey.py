"""The journey through its pages, without JavaScript."""

import re

import pytest

from tests.builders.people import People, Somebody
from tests.signin.conftest import BeginJourney
from tests.visitor import Visitor
from unilogin.signin.model import Method

UNILOGIN = ("selectedIdp", Method.UNILOGIN.value)


def type_username(visitor: Visitor, username: str) -> None:
    """From the selector to the page of the secret."""
    visitor.submit(button=UNILOGIN)
    visitor.submit({"username": username})


def tap(visitor: Visitor, *pictures: str) -> None:
    """Tap pictures one by one, as without JavaScript."""
    for picture in pictures:
        visitor.submit(button=("picture", picture))


def places(visitor: Visitor) -> list[str]:
    """The words read aloud for the four places."""
    return [str(label) for label in visitor.document.xpath("//*[contains(@class, 'place')]/@aria-label")]


@pytest.fixture(scope="module")
def grade_8(people: People) -> Somebody:
    return people.pupil(level="8", secret="solskin over klitten 7")


@pytest.fixture(scope="module")
def grade_2(people: People) -> Somebody:
    return people.pupil(level="2", secret=["sol", "hus", "bil", "is"])


def test_a_pupil_with_a_password_travels_from_selector_to_the_service(
    begin_journey: BeginJourney, grade_8: Somebody
) -> None:
    visitor = begin_journey()
    assert visitor.heading == "Vælg login"
    visitor.submit(button=UNILOGIN)
    assert visitor.path.endswith("/username")
    visitor.submit({"username": grade_8.username})
    assert grade_8.username in visitor.text
    visitor.submit({"password": str(grade_8.secret)})
    assert visitor.page.status_code == 200
    assert visitor.moves_on
    visitor.move_on()
    assert visitor.path == "/hjaelp"
    assert "journey=" in visitor.page.url.query.decode()


def test_a_pupil_with_pictures_needs_no_javascript(begin_journey: BeginJourney, grade_2: Somebody) -> None:
    visitor = begin_journey()
    type_username(visitor, grade_2.username)
    tap(visitor, "sol", "hus", "bil", "is")
    visitor.submit(button=("next", "1"))
    assert visitor.moves_on


def test_pictures_kept_in_the_page_by_javascript_are_posted_at_once(
    begin_journey: BeginJourney, grade_2: Somebody
) -> None:
    visitor = begin_journey()
    type_username(visitor, grade_2.username)
    visitor.submit({"pictures": "sol,hus,bil,is"}, button=("next", "1"))
    assert visitor.moves_on


def test_a_place_can_be_emptied_and_filled_again(begin_journey: BeginJourney, grade_2: Somebody) -> None:
    visitor = begin_journey()
    type_username(visitor, grade_2.username)
    tap(visitor, "sol", "kat")
    visitor.submit(button=("empty", "2"))
    tap(visitor, "hus", "bil", "is")
    visitor.submit(button=("next", "1"))
    assert visitor.moves_on


def test_a_fifth_picture_changes_nothing(begin_journey: BeginJourney, grade_2: Somebody) -> None:
    visitor = begin_journey()
    type_username(visitor, grade_2.username)
    tap(visitor, "sol", "hus", "bil", "is", "kat")
    visitor.submit(button=("next", "1"))
    assert visitor.moves_on


@pytest.mark.parametrize(
    "pictures",
    [
        "sol,hus,bil",
        "sol,hus,bil,is,kat",
        "is,bil,hus,sol",
        "sol,sol,sol,sol",
        "sol,hus,bil,17",
        "solskin over klitten",
    ],
)
def test_b_l05_any_other_pictures_are_an_ordinary_wrong_secret(
    begin_journey: BeginJourney, people: People, pictures: str
) -> None:
    visitor = begin_journey()
    type_username(visitor, people.pupil(level="2", secret=["sol", "hus", "bil", "is"]).username)
    visitor.submit({"pictures": pictures}, button=("next", "1"))
    assert not visitor.moves_on
    assert visitor.page.status_code == 200
    assert "Prøv igen" in visitor.text


def test_chosen_pictures_are_not_readable_in_the_page(begin_journey: BeginJourney, grade_2: Somebody) -> None:
    """They travel sealed: the value says nothing, and works only for this journey and this name."""
    visitor = begin_journey()
    type_username(visitor, grade_2.username)
    tap(visitor, "sol", "hus")
    sealed = visitor.document.forms[0].fields["chosen"]
    other = begin_journey()
    type_username(other, grade_2.username)
    other.submit({"chosen": str(sealed)}, button=("next", "1"))
    assert not other.moves_on
    assert "sol" not in str(sealed)


def test_a_wrong_password_is_told_gently_and_may_be_tried_again(begin_journey: BeginJourney, grade_8: Somebody) -> None:
    visitor = begin_journey()
    type_username(visitor, grade_8.username)
    visitor.submit({"password": "noget helt andet"})
    assert not visitor.moves_on
    assert visitor.document.xpath("//input[@aria-invalid='true']")
    visitor.submit({"password": str(grade_8.secret)})
    assert visitor.moves_on


def test_v_50_unknown_wrong_and_blocked_look_the_same(begin_journey: BeginJourney, people: People) -> None:
    blocked = people.pupil(level="8", secret="en god adgangskode")
    people.block(blocked)
    gone = people.pupil(level="8", secret="en god adgangskode")
    people.leave(gone)
    wrong = people.pupil(level="8", secret="noget andet")
    never = people.pupil(level="8", secret=None)
    answers = set()
    for somebody in (blocked, gone, wrong, never):
        visitor = begin_journey()
        type_username(visitor, somebody.username)
        visitor.submit({"password": "en god adgangskode"})
        page = visitor.page.text.replace(somebody.username, "NAVN")
        answers.add((visitor.page.status_code, re.sub(r'(csrf" value|/login)[^ >]*', r"\1", page)))
    assert len(answers) == 1


def test_b_l03_an_unknown_name_always_gets_the_same_kind_of_page(begin_journey: BeginJourney) -> None:
    kinds: dict[str, set[str]] = {}
    for name in ("nobo1234", "nobo1235", "nobo1236", "nobo1237", "nobo1238", "nobo1239", "nobo1240"):
        for _ in range(2):
            visitor = begin_journey()
            type_username(visitor, name)
            kinds.setdefault(name, set()).add(visitor.heading)
    assert all(len(seen) == 1 for seen in kinds.values())
    assert len(set.union(*kinds.values())) == 2


@pytest.mark.parametrize(
    "typed", ["intet navn", "7112055179", "711205-5179", "en god adgangskode", "аnna1234", "a\u200bnna1234"]
)
def test_k_13_what_is_no_username_is_neither_kept_nor_shown(begin_journey: BeginJourney, typed: str) -> None:
    """A CPR number or a password in the wrong field; a look-alike letter names nobody (B-L01)."""
    visitor = begin_journey()
    type_username(visitor, typed)
    assert visitor.path.endswith("/username")
    assert visitor.page.status_code == 200
    assert typed not in visitor.page.text
    assert "ligner ikke et brugernavn" in visitor.text


@pytest.mark.parametrize("typed", ["{0}", " {0} ", "{upper}", "\uff54est{rest}"])
def test_b_l01_case_outer_space_and_full_width_are_folded(
    begin_journey: BeginJourney, grade_8: Somebody, typed: str
) -> None:
    name = grade_8.username
    visitor = begin_journey()
    type_username(visitor, typed.format(name, upper=name.upper(), rest=name[4:]))
    visitor.submit({"password": str(grade_8.secret)})
    assert visitor.moves_on


def test_n_07_a_password_typed_with_a_ring_apart_is_the_same_password(
    begin_journey: BeginJourney, people: People
) -> None:
    pupil = people.pupil(level="8", secret="små grå gåser går")
    visitor = begin_journey()
    type_username(visitor, pupil.username)
    visitor.submit({"password": "sma\u030a gra\u030a ga\u030aser ga\u030ar"})
    assert visitor.moves_on


@pytest.mark.parametrize("secret", ["x" * 129, "æ" * 128 + "x", "\U0001f600" * 129])
def test_b_l04_too_long_a_password_is_an_ordinary_wrong_secret(
    begin_journey: BeginJourney, grade_8: Somebody, secret: str
) -> None:
    visitor = begin_journey()
    type_username(visitor, grade_8.username)
    visitor.submit({"password": secret})
    assert visitor.page.status_code == 200
    assert not visitor.moves_on


def test_b_l04_the_last_of_128_characters_counts(begin_journey: BeginJourney, people: People) -> None:
    long = "abcdefgh" * 16
    pupil = people.pupil(level="8", secret=long)
    for typed, right in ((long[:-1] + "x", False), (long, True)):
        visitor = begin_journey()
        type_username(visitor, pupil.username)
        visitor.submit({"password": typed})
        assert visitor.moves_on is right


def test_staff_who_are_parents_choose_their_role(begin_journey: BeginJourney, people: People) -> None:
    teacher = people.teacher()
    people.make_parent_of(teacher, people.pupil(secret=None))
    visitor = begin_journey()
    type_username(visitor, teacher.username)
    visitor.submit({"password": str(teacher.secret)})
    assert visitor.path.endswith("/role")
    visitor.submit(button=("selected-aktoer", "ELEV"))
    assert visitor.path.endswith("/role")
    visitor.submit(button=("selected-aktoer", "KONTAKT"))
    assert visitor.moves_on


def test_v_36_no_step_can_be_skipped_by_address_or_empty_post(begin_journey: BeginJourney) -> None:
    visitor = begin_journey()
    base = visitor.path.removesuffix("/method")
    for step in ("username", "secret", "role", "done"):
        visitor.open(f"{base}/{step}")
        assert visitor.path == f"{base}/method", step
    csrf = str(visitor.document.forms[0].fields["csrf"])
    for step in ("secret", "role"):
        visitor.post(f"{base}/{step}", {"csrf": csrf, "password": "x", "selected-aktoer": "KONTAKT"})
        assert visitor.path == f"{base}/method", step


def test_v_40_another_browser_cannot_go_on_with_a_journey(begin_journey: BeginJourney, grade_8: Somebody) -> None:
    mine = begin_journey()
    type_username(mine, grade_8.username)
    stranger = Visitor(mine.base_url)
    assert stranger.open(mine.path).status_code == 403
    stranger.client.cookies.set("unilogin_browser", "x" * 43)
    assert stranger.open(mine.path).status_code == 403


def test_b_l06_a_form_without_our_token_or_from_elsewhere_is_refused_kindly(
    begin_journey: BeginJourney, grade_8: Somebody
) -> None:
    visitor = begin_journey()
    type_username(visitor, grade_8.username)
    address, form = visitor.path, dict(visitor.document.forms[0].form_values())
    fields = {"password": str(grade_8.secret), "csrf": str(form["csrf"])}
    refused: tuple[tuple[dict[str, str], dict[str, str]], ...] = (
        ({**fields, "csrf": ""}, {}),
        ({**fields, "csrf": "A" * 32}, {}),
        (fields, {"Origin": "null"}),
        (fields, {"Origin": "https://evil.example"}),
        (fields, {"Sec-Fetch-Site": "cross-site"}),
    )
    for posted, headers in refused:
        assert visitor.post(address, posted, headers=headers).status_code == 403
        assert visitor.heading
    visitor.post(address, fields)
    assert visitor.moves_on


def test_b_l07_a_form_posted_twice_still_lands_at_the_service(begin_journey: BeginJourney, grade_8: Somebody) -> None:
    visitor = begin_journey()
    type_username(visitor, grade_8.username)
    fields = dict(visitor.document.forms[0].form_values()) | {"password": str(grade_8.secret)}
    address = visitor.path
    for _ in range(2):
        visitor.post(address, {name: str(value) for name, value in fields.items()})
        assert visitor.moves_on
    visitor.open(address)
    assert visitor.moves_on


def test_f_39_two_tabs_are_two_journeys(begin_journey: BeginJourney, grade_8: Somebody, grade_2: Somebody) -> None:
    first = begin_journey()
    type_username(first, grade_8.username)
    second = begin_journey()
    type_username(second, grade_2.username)
    first.open(first.path)
    assert grade_8.username in first.text
    assert grade_2.username not in first.text


def test_the_way_in_chosen_before_stands_first_next_time(begin_journey: BeginJourney) -> None:
    visitor = begin_journey()
    address = visitor.path
    visitor.submit(button=UNILOGIN)
    visitor.open(address)
    values = visitor.document.xpath("//button[@name='selectedIdp']/@value")
    assert values[0] == "uni_idp"
    assert visitor.client.cookies["unilogin_method"] == "uni_idp"


def test_what_is_not_built_yet_says_so_and_leads_back(begin_journey: BeginJourney) -> None:
    visitor = begin_journey()
    visitor.submit(button=("showIdpList", "1"))
    assert "okal" in visitor.text
    back = visitor.document.xpath("//main//a/@href")
    visitor.open(back[0])
    assert visitor.heading == "Vælg login"


def test_english_is_one_tap_away_and_remembered(begin_journey: BeginJourney) -> None:
    visitor = begin_journey()
    address = visitor.path
    visitor.open(f"{address}?lang=en")
    assert visitor.page.headers["content-language"] == "en"
    visitor.open(address)
    assert visitor.page.headers["content-language"] == "en"


def test_w_07_a_shared_device_keeps_the_session_for_the_browser_alone(
    begin_journey: BeginJourney, people: People
) -> None:
    pupil = people.pupil(level="8")
    for ticked in (True, False):
        visitor = begin_journey()
        visitor.submit(button=UNILOGIN)
        visitor.submit({"username": pupil.username} | ({"shared": "1"} if ticked else {}))
        visitor.submit({"password": str(pupil.secret)})
        session = next(one for one in visitor.page.headers.get_list("set-cookie") if "unilogin_session=" in one)
        assert ("Max-Age" in session) is not ticked
    kept = [session.device for session in people.sessions(pupil)]
    assert sorted(kept) == ["own", "shared"]


def test_n_18_every_sign_in_gets_a_session_of_its_own(begin_journey: BeginJourney, people: People) -> None:
    pupil = people.pupil(level="8")
    tokens = []
    for _ in range(2):
        visitor = begin_journey()
        type_username(visitor, pupil.username)
        visitor.submit({"password": str(pupil.secret)})
        tokens.append(visitor.client.cookies["unilogin_session"])
    assert len(set(tokens)) == 2
    assert len(people.sessions(pupil)) == 2
