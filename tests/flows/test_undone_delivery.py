"""A file that forgets a pupil, and its undoing: who was signed in is so again, with the same name at the service."""

from collections.abc import Iterator

import httpx
import pytest

from tests.builders.people import People
from tests.builders.services import Services
from tests.protocols.oidc.relying_party import RelyingParty
from tests.roster.documents import member, person, student
from tests.roster.registry import Registry
from tests.server import RunningServer
from unilogin.domain.directory.bulk_undo import Undone
from unilogin.kit.secrets import Secrets


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=60) as client:
        yield client


def test_an_old_session_of_somebody_undone_and_restored_still_works(
    server: RunningServer,
    services: Services,
    people: People,
    http: httpx.Client,
    shared_database: str,
    secrets: Secrets,
) -> None:
    pupil, registry = people.pupil(), Registry(shared_database, secrets)
    party = RelyingParty(server, services.add(), http)
    signed_in = party.sign_in(pupil)
    tokens = party.tokens(signed_in)
    before = party.userinfo(tokens["access_token"]).json()

    stranger = member("new-1", person("6505162288", first="Nyt", family="Barn"), student())
    forgetful = registry.deliver(stranger, number=pupil.institution, source="tests")
    assert forgetful.counts.left == 1
    assert party.userinfo(tokens["access_token"]).status_code == 401
    signed_in.browser.open(party.attempt(prompt="none").url)
    assert "code=" not in str(signed_in.browser.left_for)

    assert registry.undo(forgetful) == Undone(restored=1, left=1)
    assert party.userinfo(tokens["access_token"]).json() == before
    signed_in.browser.open(party.attempt(prompt="none").url)
    assert "code=" in str(signed_in.browser.left_for)
    again = party.sign_in(pupil)  # the same password, in another browser
    assert party.userinfo(party.tokens(again)["access_token"]).json()["sub"] == before["sub"]
