"""oidc-provider (npm), which the OpenID Foundation certified, signs people in: we do not only speak with ourselves."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.builders.people import People
from tests.builders.provider import Providers, StubProvider, give_cpr
from tests.peers.test_openid_client import node
from tests.protocols.oidc_rp.conftest import Known, sessions_of
from tests.server import RunningServer, free_port
from tests.signin.conftest import BeginJourney, begin_journey  # noqa: F401 - a fixture
from tests.visitor import Visitor
from unilogin.kit.secrets import Secrets
from unilogin.signin.model import Alias

HERE = Path(__file__).parent
METHODS = ("client_secret_basic", "client_secret_post")


@dataclass(frozen=True, slots=True)
class Peer:
    """The running provider, registered here under an alias."""

    alias: Alias
    people: dict[str, Known]

    def approve(self, visitor: Visitor, query: str) -> None:
        """Go from its authorization address to the answer, in the same browser's cookies for that host."""
        with httpx.Client(follow_redirects=True, timeout=60) as browser:
            asked = browser.get(visitor.left_for or "")
            assert asked.text == "who are you?", asked.text
            browser.follow_redirects = False
            answer = browser.get(f"{asked.url}?{query}")
            while not answer.headers["location"].startswith(visitor.base_url):
                answer = browser.get(answer.headers["location"])
        visitor.open(answer.headers["location"])


@contextmanager
def running(server: RunningServer, providers: Providers, known: dict[str, Known], *, method: str) -> Iterator[Peer]:
    stub = StubProvider(port=free_port())
    alias = providers.add(stub, alias=f"npm-{method.rpartition('_')[2]}")
    claims = {name: {"cpr": one.cpr, "uuid": f"uuid-{name}", "age": 41} for name, one in known.items()}
    variables = {
        "PORT": str(stub.port),
        "CLIENT_ID": stub.client_id,
        "CLIENT_SECRET": stub.client_secret,
        "REDIRECT_URI": f"{server.base_url}/auth/realms/broker/broker/{alias}/endpoint",
        "AUTH_METHOD": method,
        "PEOPLE": json.dumps(claims),
    }
    with subprocess.Popen(
        [node(), "provider.mjs"], cwd=HERE, env=os.environ | variables, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().strip() == "ready"
            yield Peer(alias, known)
        finally:
            providers.switch(alias, on=False)
            process.terminate()


@pytest.fixture(scope="module", params=METHODS)
def peer(
    request: pytest.FixtureRequest, server: RunningServer, shared_database: str, secrets: Secrets, people: People
) -> Iterator[Peer]:
    somebody = people.teacher()
    known = {"somebody": Known(somebody, give_cpr(people, somebody))}
    with running(server, Providers(shared_database, secrets), known, method=request.param) as started:
        yield started


def sent_out(begin: BeginJourney, peer: Peer) -> Visitor:
    visitor = begin()
    visitor.submit(button=("selectedIdp", peer.alias))
    visitor.move_on()
    return visitor


def test_oidc_provider_completes_a_sign_in(begin_journey: BeginJourney, peer: Peer, shared_database: str) -> None:  # noqa: F811 - a fixture
    visitor = sent_out(begin_journey, peer)
    peer.approve(visitor, "account=somebody")
    assert visitor.moves_on, visitor.text
    newest = sessions_of(shared_database, peer.people["somebody"])[-1]
    assert (newest["method"], newest["level"]) == ("mitid", "ToFaktor")


def test_somebody_who_changes_their_mind_at_oidc_provider_comes_back_and_is_told(
    begin_journey: BeginJourney,  # noqa: F811 - a fixture
    peer: Peer,
) -> None:
    visitor = sent_out(begin_journey, peer)
    peer.approve(visitor, "abort=1")
    assert visitor.heading == "Du afbrød MitID"
