"""R13: whoever guesses at a client's secret is slowed at that address, and nobody is locked out by it."""

import httpx

from tests.builders.services import Services
from tests.server import RunningServer
from unilogin.domain.limits.rules import CLIENT_FAILURES


def test_r13_too_many_failures_of_a_client_are_told_to_wait_and_the_right_secret_still_works(
    server: RunningServer, services: Services
) -> None:
    client, other = services.add(), services.add()
    address = f"{server.issuer}/protocol/openid-connect/token/introspect"

    def ask(client_id: str, secret: str | None) -> httpx.Response:
        return httpx.post(address, data={"token": "x"}, auth=(client_id, secret or ""))

    answers = [ask(client.client_id, "wrong").status_code for _ in range(CLIENT_FAILURES + 2)]
    assert answers == [401] * CLIENT_FAILURES + [429] * 2
    assert int(ask(client.client_id, "wrong").headers["retry-after"]) > 0
    assert ask(client.client_id, client.client_secret).status_code == 200
    assert ask(other.client_id, "wrong").status_code == 401
