"""A new password with one's own MitID: exactly the steps of the guide, and nobody else's account."""

import asyncio
import re

import httpx
import pytest

from tests.builders.people import People, Somebody
from tests.builders.running import run
from tests.recovery.conftest import AtSecret
from tests.recovery.inside import events_about, sessions_now
from tests.recovery.mitid import MitId
from tests.recovery.steps import follow, go, page, says_so_in, shown_words, signs_in, to_mitid
from tests.visitor import Visitor
from unilogin.domain.services.model import Level

NEW = "grønne gulerødder ler 4"


@pytest.fixture
def pupil(people: People) -> Somebody:
    return people.pupil(level="8", secret="solskin over klitten 7")


def prove(visitor: Visitor, mitid: MitId, index: bytes | None) -> Visitor:
    """From the secret: the steps of the guide up to the new password."""
    follow(visitor, "Få en ny adgangskode")
    follow(visitor, "Glemt adgangskode")
    follow(visitor, "Brug MitID")
    visitor.submit(button=("provider", "nemlogin3"))
    mitid.proves(visitor, index)
    return visitor


def choose(visitor: Visitor, secret: str) -> Visitor:
    """Choose a password, as without JavaScript."""
    visitor.submit({"new-password": secret, "again": secret})
    return visitor


def test_an_eighth_grader_gets_a_new_password_and_is_signed_in_as_sure_as_mitid_is(
    at_secret: AtSecret, people: People, mitid: MitId, pupil: Somebody
) -> None:
    visitor = prove(at_secret(pupil.username), mitid, mitid.known(pupil))
    assert visitor.heading == "Vælg en ny adgangskode"
    choose(visitor, NEW)
    assert visitor.moves_on
    assert sessions_now(people, pupil) == [("mitid", "ToFaktor")]
    assert not signs_in(at_secret(pupil.username), str(pupil.secret))
    assert signs_in(at_secret(pupil.username), NEW)
    assert ("password.chosen", str(pupil.account_id)) in events_about(people, pupil)


def test_who_cannot_think_of_one_is_given_one(
    at_secret: AtSecret, people: People, mitid: MitId, pupil: Somebody
) -> None:
    visitor = prove(at_secret(pupil.username), mitid, mitid.known(pupil))
    visitor.post(page(visitor, "new-password"), {"csrf": str(visitor.document.forms[0].fields["csrf"])})
    given = shown_words(visitor)
    assert given
    visitor.submit()
    assert visitor.moves_on
    assert signs_in(at_secret(pupil.username), given)


def test_the_first_time_there_is_no_password_and_the_way_is_the_same(
    at_secret: AtSecret, people: People, mitid: MitId
) -> None:
    pupil = people.pupil(level="8", secret=None)
    choose(prove(at_secret(pupil.username), mitid, mitid.known(pupil)), NEW)
    assert signs_in(at_secret(pupil.username), NEW)


def test_the_old_sessions_end(at_secret: AtSecret, people: People, mitid: MitId, pupil: Somebody) -> None:
    assert signs_in(at_secret(pupil.username), str(pupil.secret))
    choose(prove(at_secret(pupil.username), mitid, mitid.known(pupil)), NEW)
    assert sessions_now(people, pupil) == [("mitid", "ToFaktor")]


def test_n_09_somebody_elses_name_and_nobodys_are_told_alike(
    at_secret: AtSecret, people: People, mitid: MitId, pupil: Somebody
) -> None:
    index = mitid.known(pupil)
    pages = set()
    for name in (people.pupil(level="8").username, people.teacher().username, "nobo7312"):
        visitor = to_mitid(at_secret(name), "password/mitid")
        mitid.proves(visitor, index)
        pages.add((visitor.page.status_code, re.sub(r"/login/[^\"> ]*", "/login/", visitor.page.text)))
        assert visitor.heading == "MitID og brugernavn passer ikke sammen"
    says_so_in(visitor, "MitID and username do not match")
    assert len(pages) == 1
    assert sessions_now(people, pupil) == []


@pytest.mark.parametrize(
    "tail",
    ["password", "password/forgotten", "password/pictures", "password/mitid", "password/parent", "password/teacher"],
)
def test_n_09_the_pages_before_the_proof_are_the_same_for_every_name(
    at_secret: AtSecret, people: People, pupil: Somebody, tail: str
) -> None:
    blocked, gone = people.pupil(level="2", secret=["sol", "hus", "bil", "is"]), people.teacher()
    people.block(blocked)
    people.leave(gone)
    seen = set()
    for name in (pupil.username, blocked.username, gone.username, "nobo7313"):
        visitor = go(at_secret(name), tail)
        text = re.sub(r'(csrf" value="|/login/)[^" >]*', r"\1", visitor.page.text.replace(name, "NAVN"))
        seen.add((visitor.page.status_code, visitor.path.split("/", 3)[3], text))
    assert len(seen) == 1


def test_a_surer_proof_is_needed_than_a_lower_level(at_secret: AtSecret, mitid: MitId, pupil: Somebody) -> None:
    visitor = to_mitid(at_secret(pupil.username), "password/mitid")
    mitid.proves(visitor, mitid.known(pupil), level=Level.EN_FAKTOR)
    assert visitor.heading == "Der skal et sikrere login til"
    go(visitor, "new-password")
    assert visitor.path.endswith("/secret")


def test_v_40_an_answer_helps_only_the_browser_and_journey_that_went_out(
    at_secret: AtSecret, mitid: MitId, pupil: Somebody
) -> None:
    """An attacker types the victim's name, and the victim's approval goes to a browser that did not ask for it."""
    index = mitid.known(pupil)
    attacker, victim = to_mitid(at_secret(pupil.username), "password/mitid"), at_secret(pupil.username)
    url = mitid.answered(mitid.errand(attacker), mitid.identity(index))
    journey_of_victim = page(victim, "password/mitid/back")
    victim.open(url)
    assert victim.page.status_code == 403
    victim.open(f"{journey_of_victim}?{url.partition('?')[2]}")
    assert victim.path.endswith("/secret")


def test_leave_belongs_to_the_name_that_was_typed(
    at_secret: AtSecret, people: People, mitid: MitId, pupil: Somebody
) -> None:
    other = people.pupil(level="8", secret="en helt anden kode 9")
    visitor = prove(at_secret(pupil.username), mitid, mitid.known(pupil))
    fields = {"csrf": str(visitor.document.forms[0].fields["csrf"]), "new-password": NEW}
    target = page(visitor, "new-password/own")
    go(visitor, "username").submit({"username": other.username})
    visitor.post(target, fields)
    assert not visitor.moves_on
    assert signs_in(at_secret(other.username), "en helt anden kode 9")
    assert signs_in(at_secret(pupil.username), str(pupil.secret))


def test_a_changed_cpr_number_is_somebody_else(at_secret: AtSecret, mitid: MitId, pupil: Somebody) -> None:
    """The browser leaves for MitID, and before it is back the school has corrected the number."""
    index = mitid.known(pupil)
    visitor = to_mitid(at_secret(pupil.username), "password/mitid")
    mitid.known(pupil)
    mitid.proves(visitor, index)
    assert visitor.heading == "Vi kender dig ikke her"


def test_a_blocked_account_gets_no_leave_and_loses_what_it_had(
    at_secret: AtSecret, people: People, mitid: MitId, pupil: Somebody
) -> None:
    index = mitid.known(pupil)
    visitor = prove(at_secret(pupil.username), mitid, index)
    people.block(pupil)
    choose(visitor, NEW)
    assert not visitor.moves_on
    assert visitor.path.endswith("/secret")
    late = prove(at_secret(pupil.username), mitid, index)
    assert late.heading == "Du kan ikke bruge Unilogin lige nu"


def test_two_new_passwords_at_once_in_one_journey_one_wins(
    at_secret: AtSecret, people: People, mitid: MitId, pupil: Somebody
) -> None:
    visitor = prove(at_secret(pupil.username), mitid, mitid.known(pupil))
    csrf = str(visitor.document.forms[0].fields["csrf"])
    secrets = [f"{NEW} nummer {number}" for number in range(4)]
    answers = run(post_at_once(visitor, page(visitor, "new-password/own"), csrf, secrets))
    assert [answer.status_code for answer in answers].count(200) == 1
    won = secrets[[answer.status_code for answer in answers].index(200)]
    assert sessions_now(people, pupil) == [("mitid", "ToFaktor")]
    assert signs_in(at_secret(pupil.username), won)


async def post_at_once(visitor: Visitor, url: str, csrf: str, secrets: list[str]) -> list[httpx.Response]:
    """Post one form with several values at the same moment, from one browser."""
    headers = {"Origin": visitor.base_url}
    async with httpx.AsyncClient(base_url=visitor.base_url, cookies=visitor.client.cookies, timeout=60) as client:
        posts = (client.post(url, data={"csrf": csrf, "new-password": s}, headers=headers) for s in secrets)
        return list(await asyncio.gather(*posts))


def test_two_new_passwords_at_once_in_two_browsers_the_last_counts_and_ends_the_others_session(
    at_secret: AtSecret, people: People, mitid: MitId, pupil: Somebody
) -> None:
    index = mitid.known(pupil)
    first, second = (prove(at_secret(pupil.username), mitid, index) for _ in range(2))
    choose(first, f"{NEW} den første")
    assert first.moves_on
    choose(second, f"{NEW} den anden")
    assert second.moves_on
    assert len(sessions_now(people, pupil)) == 1
    assert signs_in(at_secret(pupil.username), f"{NEW} den anden")


def test_what_is_not_good_enough_is_said_in_words_and_nothing_is_set(
    at_secret: AtSecret, mitid: MitId, pupil: Somebody
) -> None:
    visitor = prove(at_secret(pupil.username), mitid, mitid.known(pupil))
    choose(visitor, "kort")
    assert visitor.document.xpath("//input[@id='new-password'][@aria-invalid='true']")
    choose(visitor, "")
    assert "Skriv din nye adgangskode" in visitor.text
    visitor.submit({"new-password": NEW, "again": "noget andet"})
    assert "ikke ens" in visitor.text
    assert signs_in(at_secret(pupil.username), str(pupil.secret))
