"""A correction that is taken back: whoever was told of it is told that, too, after it and in the same names (K-20)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.builders.people import People, Somebody
from tests.builders.receiver import receiver
from tests.builders.services import Services
from tests.protocols.oidc.events.telling import Corrections, poll, said
from tests.protocols.oidc.relying_party import RelyingParty
from tests.server import RunningServer
from unilogin.domain.audit.model import Actor
from unilogin.domain.directory.model import Username
from unilogin.domain.identity.actions import split
from unilogin.domain.identity.model import Done, NewPerson
from unilogin.domain.services.actions import Registered
from unilogin.domain.services.model import ClientId
from unilogin.kit.secrets import Secrets
from unilogin.protocols.oidc.events.model import Event

CHANGED = "https://schemas.openid.net/secevent/risc/event-type/identifier-changed"


@pytest.fixture(scope="module")
def corrections(shared_database: str, secrets: Secrets) -> Corrections:
    return Corrections(shared_database, secrets)


@pytest.fixture
def parties(server: RunningServer, services: Services) -> Iterator[list[RelyingParty]]:
    with httpx.Client(timeout=60) as http:
        yield [RelyingParty(server, services.add(), http) for _ in range(3)]


def pairs(party: RelyingParty, tokens: list[str]) -> dict[tuple[str, str], tuple[str, str]]:
    """From which name to which other one: the jti and the txn of the event that says so."""
    found = {}
    for token in tokens:
        claims = said(party, token).claims
        subject = claims["sub_id"]
        before = str(subject.get("sub") or subject["id"])
        found[before, str(claims["events"][CHANGED]["new-value"])] = (str(claims["jti"]), str(claims["txn"]))
    return found


def test_k_20_whoever_was_told_is_told_that_it_was_taken_back(
    corrections: Corrections, parties: list[RelyingParty], people: People
) -> None:
    pushed, fetching, away = parties
    kept, other = people.pupil(secret=None), people.pupil(secret=None)
    known = {party.client_id: [corrections.know(party.client_id, who) for who in (other, kept)] for party in parties}
    with receiver() as there:
        corrections.want(pushed.registered.client_id, f"{there.origin}/events")
        for party in (fetching, away):
            corrections.want(party.registered.client_id, None)
        done = corrections.merge(kept, other)
        told = [post.body.decode() for post in there.wait_for(2)]
        fetched = poll(fetching, {}).json()["sets"]
        corrections.take_back(done.correction_id)
        told_back = [post.body.decode() for post in there.wait_for(4)[2:]]
    still = poll(fetching, {}).json()
    assert set(still["sets"]) == set(fetched), "the first has to be acknowledged before the other one comes"
    assert still["moreAvailable"]
    fetched_back = poll(fetching, {"ack": list(fetched)}).json()["sets"]
    for party, first, back in (
        (pushed, told, told_back),
        (fetching, list(fetched.values()), list(fetched_back.values())),
    ):
        before, after = pairs(party, first), pairs(party, back)
        assert set(before) == {tuple(known[party.client_id]), (other.uniid, kept.uniid)}
        assert set(after) == {(new, old) for old, new in before}
        for (new, old), (jti, txn) in after.items():
            assert txn == before[old, new][0] == before[old, new][1], "it says which one it takes back"
            assert jti != txn
        words = " ".join(str(said(party, token).claims) for token in (*first, *back))
        for client_id, subjects in known.items():
            assert all((subject in words) == (client_id == party.client_id) for subject in subjects)
    assert poll(away, {}).json() == {"sets": {}, "moreAvailable": False}, "who never heard of it has nothing to undo"
    assert poll(fetching, {"ack": list(fetched_back)}).json()["sets"] == {}


@dataclass
class Service:
    """What a service makes of what it hears: whether two names are one person to it. Nothing is heard twice."""

    joined: bool = False
    heard: set[UUID] = field(default_factory=set)

    def hear(self, event: Event) -> None:
        if event.event_id in self.heard:
            return
        self.heard.add(event.event_id)
        if event.takes_back is None:
            assert not self.joined, "told of a second merge before the end of the first"
            self.joined = True
        else:
            assert event.takes_back in self.heard
            self.joined = False


@dataclass
class Story:
    """One service, two accounts, and what happens to them."""

    corrections: Corrections
    client_id: ClientId
    pair: tuple[Somebody, Somebody]
    service: Service = field(default_factory=Service)
    merges: list[Done] = field(default_factory=list)
    is_merged: bool = False

    def correct(self) -> None:
        if self.is_merged:
            self.corrections.take_back(self.merges[-1].correction_id)
        else:
            self.merges.append(self.corrections.merge(*self.pair))
        self.is_merged = not self.is_merged

    def push(self, answer: str) -> None:
        """Carry what is due: taken, lost on the way there, or heard with the answer lost on the way back."""
        for event in reversed(self.corrections.claim(self.client_id)):
            if answer != "lost":
                self.service.hear(event)
            self.corrections.note(event, told=answer == "taken")

    def fetch(self, *, acknowledged: bool) -> bool:
        events, more = self.corrections.hand_out(self.client_id)
        for event in reversed(events):  # an answer has no order
            self.service.hear(event)
        if acknowledged:
            self.corrections.settle(self.client_id, *events)
        return bool(events) or more


STEPS = st.lists(st.sampled_from(["correct", "taken", "lost", "unanswered", "fetch", "acknowledge"]), max_size=12)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
@example(steps=["lost", "correct"])
@example(steps=["unanswered", "correct", "correct", "taken"])
@example(steps=["fetch", "correct", "lost", "correct", "acknowledge"])
def test_no_news_overtakes_another_and_in_the_end_a_service_knows_what_is_true(
    corrections: Corrections, services: Services, people: People, steps: list[str]
) -> None:
    """Whatever is lost on the way, and whenever a merge is taken back, repeated and taken back again."""
    registered: Registered = services.add(attributes=())
    corrections.want(registered.client_id, "http://localhost:9/events")
    pair = (people.pupil(secret=None), people.pupil(secret=None))
    for who in pair:
        corrections.know(registered.client_id, who)
    story = Story(corrections, registered.client_id, pair)
    for step in ["correct", *steps]:
        if step == "correct":
            story.correct()
        elif step in ("fetch", "acknowledge"):
            story.fetch(acknowledged=step == "acknowledge")
        else:
            story.push(step)
    for _ in range(2 * len(steps) + 4):
        if not story.fetch(acknowledged=True):
            break
    assert story.service.joined == story.is_merged


def test_what_a_service_could_make_nothing_of_is_not_taken_back(
    corrections: Corrections, services: Services, people: People
) -> None:
    registered = services.add(attributes=())
    corrections.want(registered.client_id, None)
    pair = (people.pupil(secret=None), people.pupil(secret=None))
    for who in pair:
        corrections.know(registered.client_id, who)
    story = Story(corrections, registered.client_id, pair)
    story.correct()
    (event,), _ = corrections.hand_out(registered.client_id)
    story.correct()
    corrections.settle(registered.client_id, event, refused="invalid_request")
    assert not story.fetch(acknowledged=True)


def test_a_service_whose_work_goes_to_an_account_of_its_own_is_told_the_new_uniid(
    corrections: Corrections, services: Services, people: People
) -> None:
    theirs, not_theirs = services.add(), services.add()
    owner = people.pupil(secret=None)
    for registered in (theirs, not_theirs):
        corrections.want(registered.client_id, None)
        corrections.know(registered.client_id, owner)
    local_id = corrections.do(
        lambda tx: tx.fetchval("select local_person_id from directory_membership where person_id = $1", owner.person_id)
    )
    who = NewPerson("Bo", "Holm", ((owner.institution, local_id),), (str(theirs.client_id),))
    done = corrections.do(
        lambda tx: split(
            tx,
            Username(owner.username),
            who,
            number=None,
            vault=corrections.secrets.cpr_vault(),
            actor=Actor("operator", "tests"),
        )
    )
    assert isinstance(done, Done)
    uniid = corrections.do(
        lambda tx: tx.fetchval("select uniid from directory_account where account_id = $1", done.other)
    )
    for registered, told in ((theirs, [("opaque", owner.uniid, uniid)]), (not_theirs, [])):
        events, _ = corrections.hand_out(registered.client_id)
        assert [(event.format, event.old_value, event.new_value) for event in events] == told
        corrections.settle(registered.client_id, *events)
    corrections.take_back(done.correction_id)
    events, _ = corrections.hand_out(theirs.client_id)
    assert [(event.format, event.old_value, event.new_value) for event in events] == [("opaque", uniid, owner.uniid)]
