"""Two accounts of one person became one: every service that knew both is told, in its own names alone (K-17, K-20)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.builders.people import People, Somebody
from tests.builders.receiver import Receiver, receiver
from tests.protocols.oidc.events.telling import Corrections, poll, said
from tests.protocols.oidc.relying_party import RelyingParty
from tests.server import RunningServer
from unilogin.domain.identity.model import Done
from unilogin.kit.secrets import Secrets

CHANGED = "https://schemas.openid.net/secevent/risc/event-type/identifier-changed"


@dataclass(frozen=True, slots=True)
class Merged:
    """One person who had two accounts, at three services that knew both."""

    kept: Somebody
    other: Somebody
    done: Done
    pushed: RelyingParty
    fetching: RelyingParty
    silent: RelyingParty
    subjects: dict[tuple[str, str], str]
    there: Receiver


@pytest.fixture(scope="module")
def there() -> Iterator[Receiver]:
    with receiver() as taking:
        yield taking


def known_as(party: RelyingParty, somebody: Somebody) -> str:
    entered = party.sign_in(somebody)
    return str(party.claims(party.tokens(entered)["id_token"])["sub"])


@pytest.fixture(scope="module")
def merged(
    server: RunningServer, shared_database: str, secrets: Secrets, services: Any, people: People, there: Receiver
) -> Iterator[Merged]:
    with httpx.Client(timeout=60) as http:
        parties = [RelyingParty(server, services.add(), http) for _ in range(3)]
        kept, other = people.pupil(), people.pupil(secret="en helt anden adgangskode 3")
        subjects = {}
        for who in (kept, other):
            browser = parties[0].new_browser()
            for place, party in enumerate(parties):
                entered = party.enter_again(browser) if place else party.sign_in(who, browser=browser)
                claims = party.claims(party.tokens(entered)["id_token"])
                subjects[party.client_id, who.username] = str(claims["sub"])
        corrections = Corrections(shared_database, secrets)
        corrections.want(parties[0].registered.client_id, f"{there.origin}/events")
        corrections.want(parties[1].registered.client_id, None)
        done = corrections.merge(kept, other)
        yield Merged(kept, other, done, parties[0], parties[1], parties[2], subjects, there)


def test_a_pushed_event_says_what_the_standards_demand(merged: Merged) -> None:
    """RFC 8417 §2.2, RFC 8935 §2.1, RISC 1.0 §2.6; the courier of the running server brings it."""
    posts = merged.there.wait_for(2)
    assert {(post.path, post.headers["content-type"]) for post in posts} == {("/events", "application/secevent+jwt")}
    told = {}
    party = merged.pushed
    for post in posts:
        token = said(party, post.body.decode())
        assert token.header["typ"] == "secevent+jwt"
        claims = token.claims
        assert set(claims) == {"iss", "aud", "iat", "jti", "txn", "toe", "sub_id", "events"}
        assert (claims["iss"], claims["aud"]) == (party.server.issuer, party.client_id)
        told[claims["sub_id"]["format"]] = (claims["sub_id"], claims["events"])
    before, after = (merged.subjects[party.client_id, who.username] for who in (merged.other, merged.kept))
    assert told == {
        "iss_sub": (
            {"format": "iss_sub", "iss": party.server.issuer, "sub": before},
            {CHANGED: {"new-value": after}},
        ),
        "opaque": ({"format": "opaque", "id": merged.other.uniid}, {CHANGED: {"new-value": merged.kept.uniid}}),
    }


def test_k_17_a_service_fetches_its_own_names_and_nobody_elses(merged: Merged) -> None:
    """RFC 8936: given again until acknowledged, and another client can acknowledge nothing."""
    party = merged.fetching
    first = poll(party, {"maxEvents": 1, "returnImmediately": True}).json()
    assert (len(first["sets"]), first["moreAvailable"]) == (1, True)
    answer = poll(party, {}).json()
    assert (len(answer["sets"]), answer["moreAvailable"]) == (2, False)
    words = " ".join(str(said(party, token).claims) for token in answer["sets"].values())
    for (client_id, _), subject in merged.subjects.items():
        assert (subject in words) is (client_id == party.client_id)
    assert poll(merged.pushed, {"ack": list(answer["sets"])}).json()["sets"] == {}
    one, two = answer["sets"]
    left = poll(party, {"ack": [one], "setErrs": {two: {"err": "invalid_request", "description": "?"}}}).json()
    assert left == {"sets": {}, "moreAvailable": False}
    assert poll(merged.silent, {}).json()["sets"] == {}, "nobody is told who did not ask to be"


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ([], 400),
        ({"maxEvents": -1}, 400),
        ({"maxEvents": True}, 400),
        ({"ack": "x"}, 400),
        ({"ack": ["x"]}, 400),
        ({"setErrs": []}, 400),
        ({"ack": [str(uuid4())], "other": 1}, 200),
    ],
)
def test_a_poll_is_read_strictly(merged: Merged, asked: object, status: int) -> None:
    assert poll(merged.silent, asked).status_code == status


def test_a_poll_without_the_secret_is_nobodys(merged: Merged) -> None:
    assert poll(merged.silent, {}, secret="wrong").status_code == 401
    address = merged.silent.address("ext/events/poll")
    assert merged.silent.http.post(address, json={}).status_code == 401
    good = (merged.silent.client_id, merged.silent.secret)
    assert merged.silent.http.post(address, data={"a": "b"}, auth=good).status_code == 400


def test_the_lost_name_signs_in_with_the_secret_that_holds_and_is_shown_as_typed(
    merged: Merged, people: People
) -> None:
    party = merged.silent
    browser = party.new_browser()
    browser.open(party.attempt().url)
    browser.submit({"selectedIdp": "uni_idp"}, button=("selectedIdp", "uni_idp"))
    browser.submit({"username": merged.other.username})
    assert merged.other.username in browser.page.text
    assert merged.kept.username not in browser.page.text, "who belongs together is told to nobody"
    both = Somebody(
        merged.kept.account_id,
        merged.kept.person_id,
        merged.other.username,
        merged.kept.uniid,
        merged.kept.institution,
        merged.kept.secret,
    )
    assert known_as(party, both) == merged.subjects[party.client_id, merged.kept.username]
    assert not people.sessions(merged.other), "its sessions have ended"
