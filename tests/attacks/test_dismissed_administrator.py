"""What takes two takes two who may: the word of somebody who was dismissed since is nobody's (B-A05, B-A06)."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest

from tests.apps.elevadministration.office import Office, open_office, pupils
from tests.apps.elevadministration.test_merging import leads_to, propose
from tests.apps.elevadministration.test_switch_orders import carry_out, in_transaction, plan_anew, until_done
from tests.apps.elevadministration.test_switch_orders import say as say_of_switch
from tests.builders.people import People
from tests.roster.documents import employee, member, person
from tests.server import RunningServer
from unilogin.domain.audit.model import Actor
from unilogin.roster.model import DeliveryStatus, Receipt
from unilogin.roster.switching.actions import undo_switch
from unilogin.roster.switching.model import SwitchId

TEACHER = member("m-1", person("6107752291", first="Bo", family="Ek"), employee("Lærer"))
EVERYBODY = (*pupils(30, seed=83), TEACHER)

_RIGHT = "update access_right set revoked_at = {} where account_id = $1 returning true"
_BLOCK = "update directory_account set blocked_at = {} where account_id = $1 returning true"
_LEAVE = """update directory_membership set ended_at = {} where person_id =
  (select person_id from directory_account where account_id = $1) returning true"""
WAYS = {"the right was taken": _RIGHT, "blocked": _BLOCK, "no longer staff": _LEAVE}


def two_of_a_school(server: RunningServer, people: People) -> tuple[Office, Office]:
    """Two administrators of a school: the first one is about to be dismissed."""
    gone = open_office(server, people)
    gone.deliver(*EVERYBODY)
    return gone, open_office(server, people, institution=gone.number)


@pytest.fixture(scope="module")
def both(server: RunningServer, people: People) -> tuple[Office, Office]:
    return two_of_a_school(server, people)


@contextmanager
def dismissed(who: Office, way: str) -> Iterator[None]:
    """Somebody was dismissed a moment ago; afterwards they are back."""
    assert who.value(WAYS[way].format("kit_now()"), who.head.account_id)
    try:
        yield
    finally:
        assert who.value(WAYS[way].format("null"), who.head.account_id)


def say(office: Office, url: str, word: str) -> str:
    office.browser.open(url)
    return office.post(f"{url}/{word}").page.text


def status_of(office: Office, receipt: Receipt) -> object:
    return office.value("select status from roster_delivery where delivery_id = $1", receipt.delivery_id)


def test_b_a05_who_was_dismissed_releases_nothing(both: tuple[Office, Office]) -> None:
    gone, stays = both
    parked = gone.deliver(*EVERYBODY[:3], TEACHER)
    assert parked.status is DeliveryStatus.PARKED
    url = f"{gone.url}/import/{parked.delivery_id}"
    assert "en anden person" in say(gone, url, "frigiv")
    name = gone.value("select first_name from directory_person where person_id = $1", gone.head.person_id)
    said = stays.browser.open(url).text.count(f"{name} Prøve")

    def tries(way: str) -> None:
        with dismissed(gone, way):
            assert stays.browser.open(url).text.count(f"{name} Prøve") == said - 1, way
            assert "en anden person" in stays.post(f"{url}/frigiv").page.text, way
            assert status_of(stays, parked) == "parked", way
        forget = "delete from roster_decision where delivery_id = $1 and actor_id = $2 returning true"
        assert gone.value(forget, parked.delivery_id, str(stays.head.account_id))

    for way in WAYS:
        tries(way)
    assert "Leverancen er frigivet" in stays.order(parked, "frigiv"), "who is back has said so"
    assert status_of(stays, parked) == "applied"


def test_b_a05_who_was_dismissed_takes_nothing_back(both: tuple[Office, Office]) -> None:
    gone, stays = both
    gone.deliver(*EVERYBODY)
    without = gone.deliver(*EVERYBODY[:-1])
    assert "En anden person skal sige ja" in gone.order(without, "fortryd")

    def tries(way: str) -> None:
        with dismissed(gone, way):
            assert "En anden person skal sige ja" in stays.order(without, "fortryd"), way
            assert status_of(stays, without) == "applied", way
        forget = "delete from roster_undo_word where delivery_id = $1 and actor_id = $2 returning true"
        assert gone.value(forget, without.delivery_id, str(stays.head.account_id))

    for way in WAYS:
        tries(way)


def test_b_a05_who_was_dismissed_changes_no_system(server: RunningServer, people: People) -> None:
    gone, stays = two_of_a_school(server, people)  # which nothing else is sent for from its old system
    url = plan_anew(gone, *EVERYBODY)
    say_of_switch(gone, url, "koer", when="now")

    def tries(way: str) -> None:
        with dismissed(gone, way):
            assert "Noget har ændret sig" in say_of_switch(stays, url, "enig"), way
            assert not carry_out(stays), way

    for way in WAYS:
        tries(way)
    say_of_switch(stays, url, "enig")
    until_done(stays, url, "run_at")
    switch_id = SwitchId(UUID(url[-36:]))
    assert in_transaction(stays, lambda tx: undo_switch(tx, switch_id, actor=Actor("operator", "tests"))) is None


def test_b_a05_who_was_dismissed_merges_nobody(both: tuple[Office, Office]) -> None:
    gone, stays = both
    one, other = (gone.people.pupil(institution=gone.number, secret=None) for _ in range(2))
    url = propose(gone, one, other)

    def tries(way: str) -> None:
        with dismissed(gone, way):
            assert "ikke noget at tage stilling til" in say(stays, url, "ja"), way
            assert leads_to(stays, one) is leads_to(stays, other) is None, way

    for way in WAYS:
        tries(way)
    with dismissed(gone, "blocked"):
        assert propose(stays, one, other) == url, "whoever says the same has proposed it now"
        assert "Du har selv foreslået det" in say(stays, url, "ja")
    assert "lagt sammen til ét" in say(gone, url, "ja")
